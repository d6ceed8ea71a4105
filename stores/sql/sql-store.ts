/** Balances and entries in MySQL or MariaDB: one transaction a batch, a few statements of many rows. */
import type { Connection as CoreConnection } from "mysql2";
import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { makeCursor, readCursor } from "../cursor.ts";
import { atScale } from "../money.ts";
import { type AccountUpdate, keyOf } from "../projection.ts";
import { type Staged, Staging } from "../staging.ts";
import {
  type AccountKey,
  type Balance,
  type Batch,
  type Entry,
  type EntryPage,
  type EntryQuery,
  isSameWatermark,
  NOTHING,
  type Store,
  StoreError,
  type Watermark,
} from "../store.ts";
import { AccountNumbers } from "./account-numbers.ts";
import { writeAccounts } from "./batch-writer.ts";
import { makerOf } from "./bulk.ts";
import type { Numbers } from "./messages.ts";
import { endPool, openPool } from "./pool.ts";
import { BatchRows } from "./rows.ts";
import { FIRST_LAYOUT, SCHEMA } from "./schema.ts";
import { inTransaction, readWatermark, setWatermark } from "./transaction.ts";
import { WriterClient } from "./writer-client.ts";

/** Accounts of a snapshot that are written at a time. */
const SEED_ACCOUNTS = 4000;

/** ER_WRONG_OBJECT: there is a table where the view should be. */
const NOT_A_VIEW = 1347;

/** Above every sequence. */
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

export interface SqlOptions {
  /** `mysql://user:password@host:port/database`; the database must be there. */
  readonly url: string;
  /** False: LOAD DATA is not used even where the server takes it. */
  readonly mayLoad?: boolean;
  /** Milliseconds in which the database may be silent before what it was asked fails; 600,000 unless given. */
  readonly silentMs?: number | undefined;
}

/** What is known of a group: true as long as the watermark in the database is this one. */
interface KnownGroup {
  watermark: Watermark;
  readonly numbers: AccountNumbers;
}

/** What a batch changes. */
interface Changes {
  /** Those that it was made with: in a database that was emptied meanwhile, numbers mean other accounts. */
  readonly numbers: AccountNumbers;
  readonly rows: BatchRows;
  /** Accounts whose number is not known yet. */
  readonly rest: readonly AccountUpdate[];
}

/** A batch on its way to the database. */
interface Sent {
  readonly staged: Staged<Changes>;
  /** As of `BatchWriter.write`. */
  readonly answer: Promise<Numbers | undefined>;
}

export class SqlStore implements Store {
  readonly name = "sql";
  /** The more, the more of them touch the same pages. */
  readonly batchResults = 8000;
  readonly #pool: Pool;
  readonly #writer: WriterClient;
  readonly #groups = new Map<string, KnownGroup>();
  readonly #staging = new Staging(({ accounts }, { group }) => this.#changes(group, accounts));
  /** Batches that were sent when they were staged. */
  readonly #sent = new WeakMap<Batch, Sent>();
  /** Whether LOAD DATA is used: set by `prepare`, which asks the server. */
  #isLoading = false;
  readonly #mayLoad: boolean;
  #closing: Promise<unknown> | undefined;

  constructor({ url, mayLoad = true, silentMs }: SqlOptions) {
    this.#mayLoad = mayLoad;
    this.#pool = openPool(url, silentMs);
    this.#writer = new WriterClient({ url, silentMs });
  }

  async prepare(): Promise<void> {
    const [first] = await this.#pool.query<RowDataPacket[]>(FIRST_LAYOUT);
    if (first[0]?.found !== 0) {
      throw new StoreError(
        "The database has the store's tables as an earlier version made them: drop ringfence_watermarks, ringfence_balances and ringfence_entries, and the store is filled anew.",
      );
    }
    this.#isLoading = this.#mayLoad && (await mayLoad(this.#pool));
    try {
      for (const statement of SCHEMA) await this.#pool.query(statement);
    } catch (error) {
      if (errorNumber(error) !== NOT_A_VIEW) throw error;
      throw new StoreError("The database has a table user_balances; the store needs that name for its view.");
    }
  }

  watermark(group: string): Promise<Watermark> {
    return readWatermark(this.#pool, group);
  }

  async apply(batch: Batch): Promise<Watermark> {
    const { group } = batch;
    const sent = this.#sent.get(batch);
    // An answer counts once: what was refused is sent again.
    this.#sent.delete(batch);
    if (sent !== undefined && (await this.#conclude(group, sent))) return sent.staged.watermark;
    for (;;) {
      const before = await this.watermark(group);
      const known = this.#knownAt(group, before);
      const staged = this.#staging.take(batch, before, ({ numbers }) => numbers === known.numbers);
      if (staged.applied === 0) return staged.watermark;
      if (await this.#conclude(group, this.#send(group, staged))) return staged.watermark;
      // A second process was faster. Look, and see what is left to do.
    }
  }

  /** Sends the batch, too: it is written behind the one before, and refused should that have failed. */
  stage(batch: Batch): boolean {
    const { group } = batch;
    const staged = this.#staging.stage(batch);
    if (staged === undefined) return false;
    if (staged.applied > 0) {
      const sent = this.#send(group, staged);
      // Awaited by `apply`, if it comes to that.
      sent.answer.catch(() => {});
      this.#sent.set(batch, sent);
    }
    return true;
  }

  #send(group: string, staged: Staged<Changes>): Sent {
    const { before, watermark: after, form } = staged;
    const { rows, rest } = form;
    const job = { group, before, after, rows: rows.tables(), rest, mayLoad: this.#isLoading };
    return { staged, answer: this.#writer.write(job) };
  }

  /** True once it is written, false where the watermark was another one. */
  async #conclude(group: string, { staged, answer }: Sent): Promise<boolean> {
    const learned = await answer;
    if (learned === undefined) return false;
    const known = this.#known(group);
    known.numbers.add(learned);
    known.watermark = staged.watermark;
    return true;
  }

  #changes(group: string, accounts: readonly AccountUpdate[]): Changes {
    const { numbers } = this.#known(group);
    const rows = new BatchRows(makerOf(this.#isLoading));
    return { numbers, rows, rest: rows.add(accounts, (key) => numbers.of(key)) };
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    this.#groups.delete(group);
    await inTransaction(this.#pool, group, async (connection) => {
      await forget(connection, group);
      const write = (some: readonly Balance[]) =>
        writeAccounts(connection, { group, accounts: some.map(updateOf), mayLoad: this.#isLoading });
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
    this.#groups.delete(group);
    await inTransaction(this.#pool, group, (connection) => forget(connection, group));
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

  async close(): Promise<void> {
    this.#closing ??= Promise.all([this.#writer.close(), endPool(this.#pool)]);
    await this.#closing;
  }

  #known(group: string): KnownGroup {
    const known = this.#groups.get(group) ?? { watermark: NOTHING, numbers: new AccountNumbers() };
    this.#groups.set(group, known);
    return known;
  }

  /** What is known, unless somebody else has written since: then nothing is. */
  #knownAt(group: string, watermark: Watermark): KnownGroup {
    const known = this.#groups.get(group);
    if (known !== undefined && !isSameWatermark(known.watermark, watermark)) this.#groups.delete(group);
    return this.#known(group);
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
