/** The embedded store: one SQLite file. Calls take their thread until they are done, so it lives in a thread of its own. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { makeCursor, readCursor } from "../cursor.ts";
import { type AccountUpdate, keyOf, project } from "../projection.ts";
import {
  type AccountKey,
  type Balance,
  type Batch,
  ContinuityError,
  CursorError,
  type Entry,
  type EntryPage,
  type EntryQuery,
  NOTHING,
  type Store,
  StoreError,
  type Watermark,
} from "../store.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";
import { BALANCE_COLUMNS, ENTRY_COLUMNS, prepareStatements, ROWS_A_STATEMENT, type Statements } from "./statements.ts";

/** Accounts whose row is known without a look-up; some 200 bytes each. */
const ACCOUNTS_CACHED = 200_000;

/** Balances read at a time. */
const BALANCES_A_READ = 1000;

/**
 * A power failure may take the newest transactions, whole: the watermark goes with them, and they are applied again. Pages go from
 * the write-ahead log into the file after 32 MB instead of 4, for each batch changes many of the same pages.
 */
const PRAGMAS =
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192";

export interface SqliteOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** For looking at a store that another process writes. */
  readonly readOnly?: boolean;
  /** Called within a transaction behind each statement of many rows, for a caller that shares its processor. */
  readonly betweenStatements?: () => void;
}

/** Where an account stands; the store alone writes its file, so this is never old. */
interface KnownAccount {
  readonly id: number;
  newest: number;
  version: number;
}

/** A balance after a batch. */
interface BalanceUpdate {
  readonly id: number;
  readonly newest: number;
  readonly atMs: number;
  readonly update: AccountUpdate;
}

interface EntryRow {
  readonly account: number;
  readonly older: number;
  readonly sequence: number;
  readonly command: string;
  readonly type: string;
  readonly amount: string;
  readonly balance: string;
  readonly counterparty: string;
  readonly memo: string | null;
  readonly at: number;
}

export class SqliteStore implements Store {
  readonly name = "sqlite";
  /** Enough that a commit costs little, few enough that reads wait milliseconds. */
  readonly batchResults = 4096;
  readonly #options: SqliteOptions;
  #opened: { readonly database: DatabaseSync; readonly statements: Statements } | undefined;
  /** Group → key → account. */
  readonly #known = new Map<string, Map<string, KnownAccount>>();
  #nextAccount = 1;
  #nextEntry = 1;
  /** Values of rows that wait for their statement. */
  #entries: SQLInputValue[] = [];
  #balances: SQLInputValue[] = [];
  #lastAt = "";
  #lastAtMs = 0;

  constructor(options: SqliteOptions) {
    this.#options = options;
  }

  /** Opens the file. A file of another schema version throws StoreError. */
  async prepare(): Promise<void> {
    const { path, readOnly = false } = this.#options;
    const database = new DatabaseSync(path, { readOnly });
    try {
      if (!readOnly) database.exec(PRAGMAS);
      database.exec("PRAGMA busy_timeout = 5000");
      const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
      if (version === 0 && !readOnly) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
      else if (version !== SCHEMA_VERSION) {
        throw new StoreError(`${path} has schema version ${version}; this program reads ${SCHEMA_VERSION}.`);
      }
      this.#opened = { database, statements: prepareStatements(database) };
      this.#learnIds();
    } catch (error) {
      this.#opened = undefined;
      database.close();
      throw error;
    }
  }

  async watermark(group: string): Promise<Watermark> {
    return this.#watermark(group);
  }

  #watermark(group: string): Watermark {
    return (this.#sql.watermark.get(group) as Watermark | undefined) ?? NOTHING;
  }

  async apply(batch: Batch): Promise<Watermark> {
    return this.#inTransaction(() => {
      const { group } = batch;
      const { watermark, applied, accounts } = project(batch, this.#watermark(group));
      if (applied === 0) return watermark;
      const rows = accounts.map((update) => this.#applyAccount(group, update, watermark));
      this.#setBalances(rows);
      this.#flush();
      this.#sql.setWatermark.run(group, watermark.sequence, watermark.epoch, watermark.journal);
      return watermark;
    });
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    this.#inTransaction(() => {
      this.#forget(group);
      for (const { partner, currency, account, available, held, status, version, updatedAtMs } of balances) {
        const id = this.#nextAccount++;
        this.#sql.addAccount.run(id, group, partner, currency, account, 0);
        this.#sql.setBalance.run(id, available, held, status, version, 0, updatedAtMs);
      }
      this.#sql.setWatermark.run(group, watermark.sequence, watermark.epoch, watermark.journal);
    });
  }

  async reset(group: string): Promise<void> {
    this.#inTransaction(() => this.#forget(group));
  }

  async balance({ group, partner, currency, account }: AccountKey): Promise<Balance | undefined> {
    const row = this.#sql.balance.get(group, partner, currency, account) as unknown as BalanceRow | undefined;
    if (row === undefined) return undefined;
    const { id: _, updated_at, ...balance } = row;
    return { ...balance, updatedAtMs: updated_at };
  }

  async *balances(group: string): AsyncGenerator<Balance, void, void> {
    for (let last = 0; ; ) {
      const rows = this.#sql.balances.all(group, last, BALANCES_A_READ) as unknown as BalanceRow[];
      for (const { id, updated_at, ...balance } of rows) {
        last = id;
        yield { ...balance, updatedAtMs: updated_at };
      }
      if (rows.length < BALANCES_A_READ) return;
    }
  }

  async entries(query: EntryQuery): Promise<EntryPage | undefined> {
    const { limit, cursor } = query;
    const account = this.#find(query);
    if (account === undefined) return undefined;
    const entries: Entry[] = [];
    let next = cursor === undefined ? account.newest : this.#readCursor(cursor, account.id);
    while (next !== 0 && entries.length < limit) {
      const row = this.#entry(next);
      entries.push(entryOf(row));
      next = row.older;
    }
    return next === 0 ? { entries } : { entries, cursor: makeCursor(next, this.#entry(next).sequence) };
  }

  async close(): Promise<void> {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  get #sql(): Statements {
    if (this.#opened === undefined) throw new Error("the store is not open");
    return this.#opened.statements;
  }

  #learnIds(): void {
    const last = (statement: Statements["lastAccount"]) => (statement.get() as { id: number | null }).id ?? 0;
    this.#nextAccount = last(this.#sql.lastAccount) + 1;
    this.#nextEntry = last(this.#sql.lastEntry) + 1;
  }

  #inTransaction<T>(work: () => T): T {
    const { database } = this.#opened!;
    database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      // What was learned within the transaction is not so.
      this.#known.clear();
      this.#entries = [];
      this.#balances = [];
      if (database.isTransaction) database.exec("ROLLBACK");
      this.#learnIds();
      throw error;
    }
  }

  #forget(group: string): void {
    this.#known.clear();
    this.#sql.deleteEntries.run(group);
    this.#sql.deleteBalances.run(group);
    this.#sql.deleteAccounts.run(group);
    this.#sql.deleteWatermark.run(group);
  }

  #find(key: AccountKey, text = keyOf(key)): KnownAccount | undefined {
    const { group, partner, currency, account } = key;
    const cached = this.#known.get(group)?.get(text);
    if (cached !== undefined) return cached;
    const found = this.#sql.findAccount.get(group, partner, currency, account) as KnownAccount | undefined;
    return found === undefined ? undefined : this.#remember(group, text, { ...found });
  }

  #remember(group: string, key: string, account: KnownAccount): KnownAccount {
    const known = this.#known.get(group) ?? new Map<string, KnownAccount>();
    this.#known.set(group, known);
    // The oldest goes, though it may be in use: what is in use comes back with its next change.
    if (known.size >= ACCOUNTS_CACHED) known.delete(known.keys().next().value!);
    known.set(key, account);
    return account;
  }

  /** The account of an update, which must follow its last change; made where it is new. */
  #follow(group: string, update: AccountUpdate, watermark: Watermark): KnownAccount {
    const { key, partner, currency, account, firstVersion } = update;
    const known = this.#find({ group, partner, currency, account }, key);
    const before = known?.version ?? 0;
    if (firstVersion !== (before + 1) >>> 0) {
      const rule = `version ${firstVersion} of ${partner}/${account}/${currency} came after ${before}`;
      throw new ContinuityError("VERSION", watermark, `group ${group}: ${rule}`);
    }
    if (known !== undefined) return known;
    const id = this.#nextAccount++;
    this.#sql.addAccount.run(id, group, partner, currency, account, this.#timeOf(update.firstAt));
    return this.#remember(group, key, { id, newest: 0, version: 0 });
  }

  /** Appends the account's entries; returns its balance's row, to be written. */
  #applyAccount(group: string, update: AccountUpdate, watermark: Watermark): BalanceUpdate {
    const known = this.#follow(group, update, watermark);
    known.newest = this.#addEntries(known.id, known.newest, update.entries);
    known.version = update.version;
    return { id: known.id, newest: known.newest, update, atMs: this.#timeOf(update.at) };
  }

  #setBalances(rows: BalanceUpdate[]): void {
    // Neighbours in the table are written together.
    rows.sort((one, other) => one.id - other.id);
    const waiting = this.#balances;
    for (const { id, newest, atMs, update } of rows) {
      const { available, held, status, version } = update;
      waiting.push(id, available, held, status, version, newest, atMs);
      if (waiting.length < ROWS_A_STATEMENT * BALANCE_COLUMNS) continue;
      this.#sql.setBalances.run(...waiting);
      waiting.length = 0;
      this.#options.betweenStatements?.();
    }
  }

  /** Appends an account's entries, oldest first; returns the id of the newest. */
  #addEntries(account: number, newest: number, entries: readonly Entry[]): number {
    const waiting = this.#entries;
    let older = newest;
    for (const { sequence, id, type, amount, balance, counterparty, memo, at } of entries) {
      const entry = this.#nextEntry++;
      waiting.push(entry, account, older, sequence, id, type, amount, balance, counterparty, memo, this.#timeOf(at));
      older = entry;
      if (waiting.length < ROWS_A_STATEMENT * ENTRY_COLUMNS) continue;
      this.#sql.addEntries.run(...waiting);
      waiting.length = 0;
      this.#options.betweenStatements?.();
    }
    return older;
  }

  /** Results of a frame share its time, so the last one is kept. */
  #timeOf(at: string): number {
    if (at !== this.#lastAt) {
      this.#lastAt = at;
      this.#lastAtMs = Date.parse(at);
    }
    return this.#lastAtMs;
  }

  /** Writes the rows that are too few for a statement of many. */
  #flush(): void {
    const { addEntry, setBalance } = this.#sql;
    for (let at = 0; at < this.#entries.length; at += ENTRY_COLUMNS) {
      addEntry.run(...this.#entries.slice(at, at + ENTRY_COLUMNS));
    }
    for (let at = 0; at < this.#balances.length; at += BALANCE_COLUMNS) {
      setBalance.run(...this.#balances.slice(at, at + BALANCE_COLUMNS));
    }
    this.#entries.length = 0;
    this.#balances.length = 0;
  }

  #entry(id: number): EntryRow {
    const row = this.#sql.entry.get(id) as unknown as EntryRow | undefined;
    if (row === undefined) throw new Error(`entry ${id}, which another refers to, is missing`);
    return row;
  }

  /** The entry that a cursor names. */
  #readCursor(cursor: string, account: number): number {
    const [id, sequence] = readCursor(cursor, 2) as [number, number];
    const row = this.#sql.entry.get(id) as unknown as EntryRow | undefined;
    if (row?.account === account && row.sequence === sequence) return id;
    throw new CursorError("the cursor is not one of this account, or the store was rebuilt since");
  }
}

interface BalanceRow extends Omit<Balance, "updatedAtMs"> {
  readonly id: number;
  readonly updated_at: number;
}

function entryOf({ sequence, command, type, amount, balance, counterparty, memo, at }: EntryRow): Entry {
  return {
    sequence,
    id: command,
    type,
    amount,
    balance,
    counterparty,
    memo,
    at: new Date(at).toISOString(),
  };
}
