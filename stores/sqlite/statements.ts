/** The embedded store's statements, prepared once. */
import type { DatabaseSync } from "node:sqlite";

/** Entries that one statement inserts: a call into SQLite costs more than a row. */
export const ENTRIES_A_STATEMENT = 32;

const ENTRY_COLUMNS = 11;
const entryRow = `(${Array(ENTRY_COLUMNS).fill("?").join(", ")})`;
const insertEntries = (rows: number) => `INSERT INTO entries VALUES ${Array(rows).fill(entryRow).join(", ")}`;

const WHERE_ACCOUNT = "group_name = ? AND partner = ? AND currency = ? AND account = ?";

export function prepareStatements(database: DatabaseSync) {
  const prepare = (text: string) => database.prepare(text);
  return {
    watermark: prepare("SELECT sequence, epoch, journal FROM watermarks WHERE group_name = ?"),
    setWatermark: prepare("INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?, ?)"),
    deleteWatermark: prepare("DELETE FROM watermarks WHERE group_name = ?"),
    findAccount: prepare(`SELECT id, newest, version FROM accounts WHERE ${WHERE_ACCOUNT}`),
    addAccount: prepare("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    setAccount: prepare(
      "UPDATE accounts SET available = ?, held = ?, status = ?, version = ?, newest = ?, updated_at = ? WHERE id = ?",
    ),
    deleteAccounts: prepare("DELETE FROM accounts WHERE group_name = ?"),
    deleteEntries: prepare("DELETE FROM entries WHERE account IN (SELECT id FROM accounts WHERE group_name = ?)"),
    addEntry: prepare(insertEntries(1)),
    addEntries: prepare(insertEntries(ENTRIES_A_STATEMENT)),
    entry: prepare("SELECT * FROM entries WHERE id = ?"),
    balance: prepare(
      `SELECT id, partner, currency, account, available, held, status, version, updated_at FROM accounts WHERE ${WHERE_ACCOUNT}`,
    ),
    balances: prepare(
      "SELECT id, partner, currency, account, available, held, status, version, updated_at FROM accounts WHERE group_name = ? AND id > ? ORDER BY id LIMIT ?",
    ),
    lastAccount: prepare("SELECT max(id) AS id FROM accounts"),
    lastEntry: prepare("SELECT max(id) AS id FROM entries"),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
