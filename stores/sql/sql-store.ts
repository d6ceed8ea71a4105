/** Balances and entries in MySQL or MariaDB: one transaction a batch, a few statements of many rows. */
import { type Connection as CoreConnection, format } from "mysql2";
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from "mysql2/promise";
import { makeCursor, readCursor } from "../cursor.ts";
import { scaleOf } from "../message.ts";
import { atScale } from "../money.ts";
import { type AccountUpdate, keyOf } from "../projection.ts";
import { Staging } from "../staging.ts";
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
import { AccountNumbers } from "./account-numbers.ts";
import { type BulkTable, byLoad, byStatement, type Rows, type RowsOf } from "./bulk.ts";
import { FIRST_LAYOUT, SCHEMA, SESSION } from "./schema.ts";
import { timeText, type Value } from "./text.ts";

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

/** What is known of a group's accounts: true as long as the watermark is the one that this store wrote last. */
interface KnownGroup {
  sequence: number;
  readonly numbers: AccountNumbers;
}

/** What a batch changes. */
interface Changes {
  /** Those that it was made with: numbers of a transaction that was taken back mean nothing. */
  readonly numbers: AccountNumbers;
  readonly balances: Rows;
  readonly entries: Rows;
  /** Accounts whose number is not known yet. */
  readonly rest: readonly AccountUpdate[];
}

export class SqlStore implements Store {
  readonly name = "sql";
  /** The more, the more of them touch the same pages. */
  readonly batchResults = 8000;
  /** The transaction's begin, the watermark, what LOAD DATA asks. */
  readonly openingMs = 3;
  readonly #pool: Pool;
  readonly #groups = new Map<string, KnownGroup>();
  readonly #staging = new Staging(({ accounts }, { group }) => this.#changes(group, accounts));
  /** Set by `prepare`, which asks the server. */
  #rowsOf: RowsOf = byStatement;
  readonly #mayLoad: boolean;
  #closing: Promise<void> | undefined;

  constructor({ url, mayLoad = true }: SqlOptions) {
    this.#mayLoad = mayLoad;
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
    this.#pool.pool.on("connection", (connection) => {
      for (const statement of SESSION) connection.query(statement);
    });
  }

  async prepare(): Promise<void> {
    const [first] = await this.#pool.query<RowDataPacket[]>(FIRST_LAYOUT);
    if (first[0]?.found !== 0) {
      throw new StoreError(
        "The database has the store's tables as an earlier version made them: drop ringfence_watermarks, ringfence_balances and ringfence_entries, and the store is filled anew.",
      );
    }
    if (this.#mayLoad && (await mayLoad(this.#pool))) this.#rowsOf = byLoad;
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
      const known = this.#knownAt(group, before);
      const staged = this.#staging.take(batch, before, ({ numbers }) => numbers === known.numbers);
      const { watermark, applied, form } = staged;
      if (applied === 0) return watermark;
      await this.#write(connection, form);
      await setWatermark(connection, group, watermark);
      known.sequence = watermark.sequence;
      return watermark;
    });
  }

  stage(batch: Batch): boolean {
    return this.#staging.stage(batch) !== undefined;
  }

  #changes(group: string, accounts: readonly AccountUpdate[]): Changes {
    const { numbers } = this.#known(group);
    const changes = { numbers, balances: this.#rowsOf(BALANCES), entries: this.#rowsOf(ENTRIES) };
    return { ...changes, rest: addRows(changes, accounts) };
  }

  /** Writes the rows, and those of the accounts left, once they have numbers. */
  async #write(connection: PoolConnection, changes: Changes): Promise<void> {
    const { numbers, rest } = changes;
    if (rest.length > 0) {
      await numbers.learn(connection, rest);
      const [missing] = addRows(changes, rest);
      if (missing !== undefined) {
        throw new Error(`the database has no number for the account ${missing.key}, which was just added`);
      }
    }
    await changes.balances.write(connection);
    await changes.entries.write(connection);
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    await this.#inTransaction(group, async (connection) => {
      await forget(connection, group);
      const numbers = new AccountNumbers(group);
      const write = async (some: readonly Balance[]) => {
        const rest = some.map(updateOf);
        await this.#write(connection, {
          numbers,
          rest,
          balances: this.#rowsOf(BALANCES),
          entries: this.#rowsOf(ENTRIES),
        });
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

  #known(group: string): KnownGroup {
    const known = this.#groups.get(group) ?? { sequence: -1, numbers: new AccountNumbers(group) };
    this.#groups.set(group, known);
    return known;
  }

  /** What is known, unless somebody else has written since: then nothing is. */
  #knownAt(group: string, { sequence }: Watermark): KnownGroup {
    if (this.#groups.get(group)?.sequence !== sequence) this.#groups.delete(group);
    return this.#known(group);
  }

  /** Holds the group's watermark row: another process that writes the same group waits, and then sees what was done. */
  async #inTransaction<T>(
    group: string,
    work: (connection: PoolConnection, before: Watermark) => Promise<T>,
  ): Promise<T> {
    const connection = await this.#pool.getConnection();
    let isClean = false;
    try {
      await connection.query("START TRANSACTION");
      const result = await work(connection, await lockWatermark(connection, group));
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
async function mayLoad(connection: Pool): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT @@local_infile AS may_load");
  return Number(rows[0]?.may_load) === 1;
}

/** A balance of a snapshot as a change; such an account has no entries, and its beginning is not known. */
function updateOf({ updatedAtMs, ...balance }: Balance): AccountUpdate {
  const at = new Date(updatedAtMs).toISOString();
  return { ...balance, key: keyOf(balance), firstVersion: balance.version, firstAt: EPOCH, at, entries: [] };
}

const EPOCH = new Date(0).toISOString();

/** Adds rows of the accounts whose number is known; returns the others. */
function addRows({ numbers, balances, entries }: Omit<Changes, "rest">, accounts: readonly AccountUpdate[]) {
  const rest: AccountUpdate[] = [];
  // Number and index as one number, for those are sorted without a call for each comparison.
  const order = new Float64Array(accounts.length);
  let known = 0;
  for (const [index, update] of accounts.entries()) {
    const number = numbers.of(update.key);
    if (number === undefined) rest.push(update);
    else order[known++] = number * accounts.length + index;
  }
  // In the order of the tables: neighbours are written together.
  for (const place of order.subarray(0, known).sort()) {
    const index = place % accounts.length;
    const number = (place - index) / accounts.length;
    const update = accounts[index]!;
    balances.add(balanceValues(number, update));
    for (const entry of update.entries) entries.add(entryValues(number, entry));
  }
  return rest;
}

function balanceValues(number: number, { available, held, status, version, at }: AccountUpdate): readonly Value[] {
  return [number, scaleOf(available), available, held, status, version, timeText(at)];
}

function entryValues(number: number, entry: Entry): readonly Value[] {
  const { sequence, id, type, amount, balance, counterparty, memo, at } = entry;
  return [number, sequence, id, type, amount, balance, counterparty, memo, timeText(at)];
}

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

/** Made first where there is none, so that there is a row to hold. */
async function lockWatermark(connection: PoolConnection, group: string): Promise<Watermark> {
  for (;;) {
    const [rows] = await connection.query<RowDataPacket[]>(`${SELECT_WATERMARK} FOR UPDATE`, [group]);
    if (rows[0] !== undefined) return rows[0] as Watermark;
    await connection.query("INSERT IGNORE INTO ringfence_watermarks VALUES (?, 0, 0, '')", [group]);
  }
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
