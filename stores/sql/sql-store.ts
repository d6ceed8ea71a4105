/** Balances and entries in MySQL or MariaDB: one transaction a batch, a few statements of many rows. */
import { type Connection as CoreConnection, format } from "mysql2";
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from "mysql2/promise";
import { makeCursor, readCursor } from "../cursor.ts";
import { atScale } from "../money.ts";
import { type AccountUpdate, project } from "../projection.ts";
import {
  type AccountKey,
  type Balance,
  type Batch,
  type Entry,
  type EntryPage,
  type EntryQuery,
  NOTHING,
  type Store,
  StoreError,
  type Watermark,
} from "../store.ts";
import { SCHEMA, SESSION } from "./schema.ts";
import { entryTexts, seedText, upsertText } from "./text.ts";

/** Rows of one statement: some 200 KB, far below the packet that servers take unless told otherwise. */
const ROWS_A_STATEMENT = 1000;

/** Milliseconds to connect. */
const CONNECT_MS = 5000;

/** ER_WRONG_OBJECT: there is a table where the view should be. */
const NOT_A_VIEW = 1347;

/** Above every sequence. */
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

const WHERE_ACCOUNT = "partner = ? AND account = ? AND currency = ? AND group_name = ?";

export interface SqlOptions {
  /** `mysql://user:password@host:port/database`; the database must be there. */
  readonly url: string;
}

export class SqlStore implements Store {
  readonly name = "sql";
  readonly #pool: Pool;
  #closing: Promise<void> | undefined;

  constructor({ url }: SqlOptions) {
    this.#pool = createPool({
      uri: url,
      connectionLimit: 4,
      connectTimeout: CONNECT_MS,
      charset: "utf8mb4",
      // A statement without values is sent as it is: looking for placeholders in a thousand rows costs more than making them.
      queryFormat: (query: string, values: Parameters<typeof format>[1]) =>
        Array.isArray(values) && values.length === 0 ? query : format(query, values),
    });
    // Queued before anything that the pool's user asks of the new connection.
    this.#pool.pool.on("connection", (connection) => connection.query(SESSION));
  }

  async prepare(): Promise<void> {
    try {
      for (const statement of SCHEMA) await this.#pool.query(statement);
    } catch (error) {
      if (errorNumber(error) !== NOT_A_VIEW) throw error;
      throw new StoreError("The database has a table user_balances; the store needs that name for its view.");
    }
  }

  async watermark(group: string): Promise<Watermark> {
    const [rows] = await this.#pool.query<RowDataPacket[]>(SELECT_WATERMARK, [group]);
    return (rows[0] as Watermark | undefined) ?? NOTHING;
  }

  apply(batch: Batch): Promise<Watermark> {
    const { group } = batch;
    return this.#inTransaction(group, async (connection, before) => {
      const { watermark, applied, accounts: touched } = project(batch, before);
      if (applied === 0) return watermark;
      // In the order of the tables: neighbours are written together, and two groups lock rows in the same order.
      const accounts = touched.toSorted(byKey);
      for (let at = 0; at < accounts.length; at += ROWS_A_STATEMENT) {
        await connection.query(upsertText(group, accounts.slice(at, at + ROWS_A_STATEMENT)));
      }
      for (const text of entryTexts(group, accounts, ROWS_A_STATEMENT)) await connection.query(text);
      await setWatermark(connection, group, watermark);
      return watermark;
    });
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    await this.#inTransaction(group, async (connection) => {
      await forget(connection, group);
      let rows: Balance[] = [];
      for (const balance of balances) {
        rows.push(balance);
        if (rows.length < ROWS_A_STATEMENT) continue;
        await connection.query(seedText(group, rows));
        rows = [];
      }
      if (rows.length > 0) await connection.query(seedText(group, rows));
      await setWatermark(connection, group, watermark);
    });
  }

  async reset(group: string): Promise<void> {
    await this.#inTransaction(group, (connection) => forget(connection, group));
  }

  async balance({ group, partner, currency, account }: AccountKey): Promise<Balance | undefined> {
    const [rows] = await this.#pool.query<RowDataPacket[]>(SELECT_BALANCE, [partner, account, currency, group]);
    const row = rows[0] as BalanceRow | undefined;
    return row && balanceOf(row);
  }

  async *balances(group: string): AsyncGenerator<Balance, void, void> {
    const connection = await this.#pool.getConnection();
    // Rows as they come are given by the connection below the one with promises; the types do not tell them apart.
    const core = connection.connection as unknown as CoreConnection;
    let isWhole = false;
    try {
      const rows = core.query(SELECT_BALANCES, [group]).stream() as AsyncIterable<BalanceRow>;
      for await (const row of rows) yield balanceOf(row);
      isWhole = true;
    } finally {
      // Rows that nobody read would be taken for the next answer.
      if (isWhole) connection.release();
      else connection.destroy();
    }
  }

  async entries({ group, partner, currency, account, limit, cursor }: EntryQuery): Promise<EntryPage | undefined> {
    const key = [partner, account, currency, group];
    const [before] = cursor === undefined ? [SEQUENCE_MAX] : (readCursor(cursor, 1) as [number]);
    const [found] = await this.#pool.query<RowDataPacket[]>(SELECT_SCALE, key);
    const scale = found[0]?.scale as number | undefined;
    if (scale === undefined) return undefined;
    // One more than asked for tells whether there are older ones.
    const [rows] = await this.#pool.query<RowDataPacket[]>(SELECT_ENTRIES, [...key, before, limit + 1]);
    const entries = (rows as EntryRow[]).slice(0, limit).map(({ atMs, amount, balance, ...entry }): Entry => {
      const money = { amount: atScale(amount, scale), balance: atScale(balance, scale) };
      return { ...entry, ...money, at: new Date(atMs).toISOString() };
    });
    return rows.length > limit ? { entries, cursor: makeCursor(entries.at(-1)!.sequence) } : { entries };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  /** Holds the group's watermark row: another process that writes the same group waits, and then sees what was done. */
  async #inTransaction<T>(
    group: string,
    work: (connection: PoolConnection, before: Watermark) => Promise<T>,
  ): Promise<T> {
    const connection = await this.#pool.getConnection();
    let isClean = false;
    try {
      // Without gap locks, which would let groups deadlock over neighbouring keys.
      await connection.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await connection.query("START TRANSACTION");
      await connection.query("INSERT IGNORE INTO ringfence_watermarks VALUES (?, 0, 0, '')", [group]);
      const [rows] = await connection.query<RowDataPacket[]>(`${SELECT_WATERMARK} FOR UPDATE`, [group]);
      const result = await work(connection, rows[0] as Watermark);
      await connection.query("COMMIT");
      isClean = true;
      return result;
    } finally {
      // The server takes the transaction back with its connection, whatever state it is in.
      if (isClean) connection.release();
      else connection.destroy();
    }
  }
}

function byKey(one: AccountUpdate, other: AccountUpdate): number {
  if (one.partner !== other.partner) return one.partner < other.partner ? -1 : 1;
  if (one.account !== other.account) return one.account < other.account ? -1 : 1;
  return one.currency < other.currency ? -1 : 1;
}

const SELECT_WATERMARK = "SELECT sequence, epoch, journal FROM ringfence_watermarks WHERE group_name = ?";

const SELECT_SCALE = `SELECT scale FROM ringfence_balances WHERE ${WHERE_ACCOUNT}`;

const BALANCE = `SELECT partner, currency, account, scale, available, held, status, version,
  CAST(UNIX_TIMESTAMP(updated_at) * 1000 AS UNSIGNED) AS updatedAtMs FROM ringfence_balances`;
const SELECT_BALANCES = `${BALANCE} WHERE group_name = ?`;
const SELECT_BALANCE = `${BALANCE} WHERE ${WHERE_ACCOUNT}`;

const SELECT_ENTRIES = `SELECT sequence, id, type, amount, balance, counterparty, memo,
  CAST(UNIX_TIMESTAMP(at) * 1000 AS UNSIGNED) AS atMs FROM ringfence_entries
  WHERE ${WHERE_ACCOUNT} AND sequence < ? ORDER BY sequence DESC LIMIT ?`;

interface BalanceRow extends Balance {
  readonly scale: number;
}

interface EntryRow extends Omit<Entry, "at">, RowDataPacket {
  readonly atMs: number;
}

function balanceOf({ scale, available, held, ...balance }: BalanceRow): Balance {
  return { ...balance, available: atScale(available, scale), held: atScale(held, scale) };
}

async function setWatermark(connection: PoolConnection, group: string, watermark: Watermark): Promise<void> {
  const { sequence, epoch, journal } = watermark;
  const text = "UPDATE ringfence_watermarks SET sequence = ?, epoch = ?, journal = ? WHERE group_name = ?";
  await connection.query(text, [sequence, epoch, journal, group]);
}

async function forget(connection: PoolConnection, group: string): Promise<void> {
  await connection.query("DELETE FROM ringfence_entries WHERE group_name = ?", [group]);
  await connection.query("DELETE FROM ringfence_balances WHERE group_name = ?", [group]);
  await setWatermark(connection, group, NOTHING);
}

function errorNumber(error: unknown): number | undefined {
  return error instanceof Error && "errno" in error ? Number(error.errno) : undefined;
}
