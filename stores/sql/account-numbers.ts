/** Which number an account has in the database. */
import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { type AccountUpdate, keyOf } from "../projection.ts";
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

/** The numbers of one group's accounts, as far as they were asked for. */
export class AccountNumbers {
  readonly #group: string;
  readonly #known = new Map<string, number>();

  constructor(group: string) {
    this.#group = group;
  }

  /** Of the account with this key (`keyOf`), if it was learned. */
  of(key: string): number | undefined {
    return this.#known.get(key);
  }

  /** Learns at least these accounts' numbers; those that are new are made, within the connection's transaction. */
  async learn(connection: PoolConnection, accounts: readonly NewAccount[]): Promise<void> {
    if (this.#known.size > NUMBERS_MAX) this.#known.clear();
    const unknown = accounts.filter(({ key }) => !this.#known.has(key));
    for (let at = 0; at < unknown.length; at += ACCOUNTS_A_STATEMENT) {
      await this.#learn(connection, unknown.slice(at, at + ACCOUNTS_A_STATEMENT));
    }
  }

  async #learn(connection: PoolConnection, accounts: readonly NewAccount[]): Promise<void> {
    await this.#look(connection, accounts);
    const missing = accounts.filter((account) => !this.#known.has(account.key));
    if (missing.length === 0) return;
    const rows = missing.map(({ account, partner, currency, firstAt }) =>
      tuple([account, partner, currency, this.#group, timeText(firstAt)]),
    );
    const columns = "account, partner, currency, group_name, created_at";
    await connection.query(`INSERT INTO ringfence_accounts (${columns}) VALUES ${rows.join(",")}`);
    await this.#look(connection, missing);
  }

  async #look(connection: PoolConnection, accounts: readonly NewAccount[]): Promise<void> {
    const names = tuple([...new Set(accounts.map(({ account }) => account))]);
    const where = `account IN ${names} AND group_name = ${sqlText(this.#group)}`;
    const [rows] = await connection.query<NumberRow[]>(
      `SELECT account_no, account, partner, currency FROM ringfence_accounts WHERE ${where}`,
    );
    for (const row of rows) this.#known.set(keyOf(row), row.account_no);
  }
}

const tuple = (values: readonly Value[]): string => `(${values.map(sqlText).join(",")})`;
