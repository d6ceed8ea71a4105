/** Which number an account has in the database. */
import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { type AccountUpdate, keyOf } from "../projection.ts";
import type { Numbers } from "./messages.ts";
import { sqlText, timeText, type Value } from "./text.ts";

/** Accounts asked for or made by one statement. */
const ACCOUNTS_A_STATEMENT = 1000;

/** Accounts whose number is kept, some 150 bytes each; beyond that all are forgotten, and looked up again when they are needed. */
const NUMBERS_MAX = 500_000;

/** An account that may be new to the database. */
export type NewAccount = Pick<AccountUpdate, "key" | "partner" | "currency" | "account" | "firstAt">;

interface NumberRow extends RowDataPacket {
  readonly account_no: number;
  readonly account: string;
  readonly partner: string;
  readonly currency: string;
}

/** The numbers of one group's accounts, as far as they were learned. */
export class AccountNumbers {
  readonly #known = new Map<string, number>();

  /** Of the account with this key (`keyOf`). */
  of(key: string): number | undefined {
    return this.#known.get(key);
  }

  add(learned: Numbers): void {
    if (this.#known.size > NUMBERS_MAX) this.#known.clear();
    for (const [key, number] of learned) this.#known.set(key, number);
  }
}

/** The numbers of these accounts of a group; those that are new are made, within the connection's transaction. */
export async function learnNumbers(
  connection: PoolConnection,
  group: string,
  accounts: readonly NewAccount[],
): Promise<Numbers> {
  const numbers = new Map<string, number>();
  for (let at = 0; at < accounts.length; at += ACCOUNTS_A_STATEMENT) {
    const some = accounts.slice(at, at + ACCOUNTS_A_STATEMENT);
    await look(connection, group, some, numbers);
    const missing = some.filter(({ key }) => !numbers.has(key));
    if (missing.length === 0) continue;
    await add(connection, group, missing);
    await look(connection, group, missing, numbers);
  }
  return numbers;
}

async function add(connection: PoolConnection, group: string, accounts: readonly NewAccount[]): Promise<void> {
  const rows = accounts.map(({ account, partner, currency, firstAt }) =>
    tuple([account, partner, currency, group, timeText(firstAt)]),
  );
  const columns = "account, partner, currency, group_name, created_at";
  await connection.query(`INSERT INTO ringfence_accounts (${columns}) VALUES ${rows.join(",")}`);
}

async function look(
  connection: PoolConnection,
  group: string,
  accounts: readonly NewAccount[],
  numbers: Map<string, number>,
): Promise<void> {
  const names = tuple([...new Set(accounts.map(({ account }) => account))]);
  const where = `account IN ${names} AND group_name = ${sqlText(group)}`;
  const [rows] = await connection.query<NumberRow[]>(
    `SELECT account_no, account, partner, currency FROM ringfence_accounts WHERE ${where}`,
  );
  for (const row of rows) numbers.set(keyOf(row), row.account_no);
}

const tuple = (values: readonly Value[]): string => `(${values.map(sqlText).join(",")})`;
