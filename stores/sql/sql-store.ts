/** Balances and entries in MySQL or MariaDB: one transaction a batch, a few statements of many rows. */
import { type Connection as CoreConnection, format } from "mysql2";
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from "mysql2/promise";
import { makeCursor, readCursor } from "../cursor.ts";
import { scaleOf } from "../message.ts";
import { atScale } from "../money.ts";
import { type AccountUpdate, keyOf, project } from "../projection.ts";
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
import { AccountNumbers, type Numbers } from "./account-numbers.ts";
import { type BulkTable, type Row, writeRows } from "./bulk.ts";
import { FIRST_LAYOUT, SCHEMA, SESSION } from "./schema.ts";
import { timeText } from "./text.ts";

/** Accounts of a snapshot that are written at a time. */
const SEED_ACCOUNTS = 4000;

/** Milliseconds to connect. */
const CONNECT_MS = 5000;

/** ER_WRONG_OBJECT: there is a table where the view should be. */
const NOT_A_VIEW = 1347;

/** Above every sequence. */
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

const BALANCES: BulkTable = {
  name: "ringfence_balances",
  columns: ["account_no", "scale", "available", "held", "status", "version", "updated_at"],
  onDuplicate: "replace",
};

const ENTRIES: BulkTable = {
  name: "ringfence_entries",
  columns: ["account_no", "sequence", "id", "type", "amount", "balance", "counterparty", "memo", "at"],
  onDuplicate: "fail",
};

export interface SqlOptions {
  /** `mysql://user:password@host:port/database`; the database must be there. */
  readonly url: string;
  /** False: LOAD DATA is not used even where the server takes it. */
  readonly mayLoad?: boolean;
}

/** What is known of a group: true as long as the watermark is the one that this store wrote last. */
interface KnownGroup {
  readonly sequence: number;
  readonly numbers: AccountNumbers;
}

export class SqlStore implements Store {
  readonly name = "sql";
  readonly #pool: Pool;
  readonly #groups = new Map<string, KnownGroup>();
  /** Undefined until it was looked at. */
  #mayLoad: boolean | undefined;
  #closing: Promise<void> | undefined;

  constructor({ url, mayLoad }: SqlOptions) {
    this.#mayLoad = mayLoad === false ? false : undefined;
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
    const [first] = await this.#pool.query<RowDataPacket[]>(FIRST_LAYOUT);
    if (first[0]?.found !== 0) {
      throw new StoreError(
        "The database has the store's tables as an earlier version made them: drop ringfence_watermarks, ringfence_balances and ringfence_entries, and the store is filled anew.",
      );
    }
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
      const { watermark, applied, accounts } = project(batch, before);
      if (applied === 0) return watermark;
      const numbers = this.#numbersAt(group, before);
      const created = accounts.map((update) => ({ ...nameOf(update), createdAt: update.firstAt }));
      const { balances, entries } = rowsOf(accounts, await numbers.of(connection, created));
      await this.#write(connection, BALANCES, balances);
      await this.#write(connection, ENTRIES, entries);
      await setWatermark(connection, group, watermark);
      this.#groups.set(group, { sequence: watermark.sequence, numbers });
      return watermark;
    });
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    await this.#inTransaction(group, async (connection) => {
      await forget(connection, group);
      const numbers = new AccountNumbers(group);
      const write = async (some: readonly Balance[]) => {
        const known = await numbers.of(
          connection,
          some.map((balance) => ({ ...nameOf(balance), createdAt: 0 })),
        );
        const rows = some.map((balance) => balanceRow(numberOf(known, keyOf(balance)), balance, balance.updatedAtMs));
        await this.#write(connection, BALANCES, rows);
      };
      let waiting: Balance[] = [];
      for (const balance of balances) {
        if (waiting.push(balance) < SEED_ACCOUNTS) continue;
        await write(waiting);
        waiting = [];
      }
      await write(waiting);
      await setWatermark(connection, group, watermark);
    });
  }

  async reset(group: string): Promise<void> {
    await this.#inTransaction(group, (connection) => forget(connection, group));
  }

  async balance({ group, partner, currency, account }: AccountKey): Promise<Balance | undefined> {
    const [rows] = await this.#pool.query<RowDataPacket[]>(SELECT_BALANCE, [account, partner, currency, group]);
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
    const [before] = cursor === undefined ? [SEQUENCE_MAX] : (readCursor(cursor, 1) as [number]);
    const [found] = await this.#pool.query<AccountRow[]>(SELECT_ACCOUNT, [account, partner, currency, group]);
    if (found[0] === undefined) return undefined;
    const { account_no, scale } = found[0];
    // One more than asked for tells whether there are older ones.
    const [rows] = await this.#pool.query<RowDataPacket[]>(SELECT_ENTRIES, [account_no, before, limit + 1]);
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

  /** The numbers that are known, unless somebody else has written since: then they are asked for again. */
  #numbersAt(group: string, { sequence }: Watermark): AccountNumbers {
    const known = this.#groups.get(group);
    // Until the transaction is committed, what it adds is not so.
    this.#groups.delete(group);
    return known?.sequence === sequence ? known.numbers : new AccountNumbers(group);
  }

  async #write(connection: PoolConnection, table: BulkTable, rows: readonly Row[]): Promise<void> {
    this.#mayLoad ??= await mayLoad(connection);
    await writeRows(connection, table, rows, this.#mayLoad);
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
    } catch (error) {
      this.#groups.delete(group);
      throw error;
    } finally {
      // The server takes the transaction back with its connection, whatever state it is in.
      if (isClean) connection.release();
      else connection.destroy();
    }
  }
}

/** Servers tell whether they take rows from their clients; MySQL does not unless it is set up so, MariaDB does. */
async function mayLoad(connection: PoolConnection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT @@local_infile AS may_load");
  return Number(rows[0]?.may_load) === 1;
}

const nameOf = ({ partner, currency, account }: Omit<AccountKey, "group">) => ({ partner, currency, account });

function numberOf(numbers: Numbers, key: string): number {
  const number = numbers.get(key);
  if (number === undefined) throw new Error(`the database has no number for the account ${key}, which was just added`);
  return number;
}

function rowsOf(accounts: readonly AccountUpdate[], numbers: Numbers): { balances: Row[]; entries: Row[] } {
  const updates = accounts.map((update) => ({ update, number: numberOf(numbers, update.key) }));
  // In the order of the tables: neighbours are written together.
  updates.sort((one, other) => one.number - other.number);
  const balances = updates.map(({ update, number }) => balanceRow(number, update, update.at));
  const entries = updates.flatMap(({ update, number }) => update.entries.map((entry) => entryRow(number, entry)));
  return { balances, entries };
}

type Money = Pick<Balance, "available" | "held" | "status" | "version">;

const balanceRow = (number: number, { available, held, status, version }: Money, at: string | number): Row => [
  number,
  scaleOf(available),
  available,
  held,
  status,
  version,
  timeText(at),
];

const entryRow = (number: number, entry: Entry): Row => {
  const { sequence, id, type, amount, balance, counterparty, memo, at } = entry;
  return [number, sequence, id, type, amount, balance, counterparty, memo, timeText(at)];
};

const SELECT_WATERMARK = "SELECT sequence, epoch, journal FROM ringfence_watermarks WHERE group_name = ?";

const BALANCES_AND_NAMES = "ringfence_accounts a JOIN ringfence_balances b ON b.account_no = a.account_no";

const WHERE_ACCOUNT = "WHERE a.account = ? AND a.partner = ? AND a.currency = ? AND a.group_name = ?";

const SELECT_ACCOUNT = `SELECT a.account_no, b.scale FROM ${BALANCES_AND_NAMES} ${WHERE_ACCOUNT}`;

const BALANCE = `SELECT a.partner, a.currency, a.account, b.scale, b.available, b.held, b.status, b.version,
  CAST(UNIX_TIMESTAMP(b.updated_at) * 1000 AS UNSIGNED) AS updatedAtMs FROM ${BALANCES_AND_NAMES}`;
const SELECT_BALANCES = `${BALANCE} WHERE a.group_name = ?`;
const SELECT_BALANCE = `${BALANCE} ${WHERE_ACCOUNT}`;

const SELECT_ENTRIES = `SELECT sequence, id, type, amount, balance, counterparty, memo,
  CAST(UNIX_TIMESTAMP(at) * 1000 AS UNSIGNED) AS atMs FROM ringfence_entries
  WHERE account_no = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`;

interface AccountRow extends RowDataPacket {
  readonly account_no: number;
  readonly scale: number;
}

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

/** Numbers are kept: another process may know them. */
async function forget(connection: PoolConnection, group: string): Promise<void> {
  for (const table of ["ringfence_entries", "ringfence_balances"]) {
    const text = `DELETE t FROM ${table} t JOIN ringfence_accounts a ON a.account_no = t.account_no WHERE a.group_name = ?`;
    await connection.query(text, [group]);
  }
  await setWatermark(connection, group, NOTHING);
}

function errorNumber(error: unknown): number | undefined {
  return error instanceof Error && "errno" in error ? Number(error.errno) : undefined;
}
