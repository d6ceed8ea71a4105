/** The embedded store's statements, prepared once. */
import type { DatabaseSync } from "node:sqlite";

/** Rows that one statement writes: a call into SQLite costs more than a row. */
export const ROWS_A_STATEMENT = 32;

export const ENTRY_COLUMNS = 11;
export const BALANCE_COLUMNS = 7;

const rowsOf = (columns: number, rows: number) =>
  Array(rows)
    .fill(`(${Array(columns).fill("?").join(", ")})`)
    .join(", ");

const WHERE_ACCOUNT = "group_name = ? AND partner = ? AND currency = ? AND accounts.account = ?";

const BALANCE = `SELECT id, partner, currency, accounts.account, available, held, status, version, updated_at
  FROM accounts JOIN balances ON balances.account = id`;

const addEntries = (rows: number) => `INSERT INTO entries VALUES ${rowsOf(ENTRY_COLUMNS, rows)}`;
/** No row refers to a balance, and it has no index: to replace it is to overwrite it. */
const setBalances = (rows: number) => `INSERT OR REPLACE INTO balances VALUES ${rowsOf(BALANCE_COLUMNS, rows)}`;

export function prepareStatements(database: DatabaseSync) {
  const prepare = (text: string) => database.prepare(text);
  return {
    watermark: prepare("SELECT sequence, epoch, journal FROM watermarks WHERE group_name = ?"),
    setWatermark: prepare("INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?, ?)"),
    deleteWatermark: prepare("DELETE FROM watermarks WHERE group_name = ?"),
    findAccount: prepare(
      `SELECT id, newest, version FROM accounts JOIN balances ON balances.account = id WHERE ${WHERE_ACCOUNT}`,
    ),
    addAccount: prepare("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)"),
    setBalance: prepare(setBalances(1)),
    setBalances: prepare(setBalances(ROWS_A_STATEMENT)),
    deleteBalances: prepare("DELETE FROM balances WHERE account IN (SELECT id FROM accounts WHERE group_name = ?)"),
    deleteAccounts: prepare("DELETE FROM accounts WHERE group_name = ?"),
    deleteEntries: prepare("DELETE FROM entries WHERE account IN (SELECT id FROM accounts WHERE group_name = ?)"),
    addEntry: prepare(addEntries(1)),
    addEntries: prepare(addEntries(ROWS_A_STATEMENT)),
    entry: prepare("SELECT * FROM entries WHERE id = ?"),
    balance: prepare(`${BALANCE} WHERE ${WHERE_ACCOUNT}`),
    balances: prepare(`${BALANCE} WHERE group_name = ? AND id > ? ORDER BY id LIMIT ?`),
    lastAccount: prepare("SELECT max(id) AS id FROM accounts"),
    lastEntry: prepare("SELECT max(id) AS id FROM entries"),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
