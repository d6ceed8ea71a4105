/** Balances and recent entries in Redis: a hash a balance, a list of entries, and a watermark, changed by one script a batch. */
import { createHash, randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { makeCursor, readCursor } from "../cursor.ts";
import type { Projection } from "../projection.ts";
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
import { accountOf, balanceKey, entriesKey, groupPattern, resetKey, watermarkKey } from "./keys.ts";
import { APPLY, BEGIN, CLEAR, SEED, UNLOCK } from "./script.ts";

/** Entries kept of an account unless told otherwise: Redis holds all in memory. */
const ENTRIES_KEPT = 1000;

/** Keys asked for at a time in a scan. */
const SCAN_KEYS = 1000;

/** Accounts that one script call writes in a seeding. */
const SEED_ACCOUNTS = 2000;

/** Milliseconds after which a reset that shows no sign of life counts as dead. */
const RESET_LOCK_MS = 15_000;

/** Milliseconds in which Redis must answer; after that the outcome is unknown, and the watermark tells. */
const ANSWER_MS = 5000;

const DIGESTS: ReadonlyMap<string, string> = new Map(
  [APPLY, BEGIN, CLEAR, SEED, UNLOCK].map((script) => [script, createHash("sha1").update(script).digest("hex")]),
);

/** Place of the token among the values of APPLY. */
const TOKEN_ARGUMENT = 5;

/** What a script answers when the group's lock is another's. */
const LOCKED = -1;

export interface RedisOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** Newest entries kept of each account, at least 1. */
  readonly entriesKept?: number;
}

export class RedisStore implements Store {
  readonly name = "redis";
  /** Redis serves nobody else while the script runs: some 15 ms. Larger ones cost more a result, too. */
  readonly batchResults = 2000;
  readonly #redis: Redis;
  /** Group → token of the lock that this store took last. */
  readonly #tokens = new Map<string, string>();
  readonly #entriesKept: number;
  readonly #staging = new Staging((projection, { group, before }) => this.#arguments(group, before, projection));
  /** Answers to what was sent ahead. */
  readonly #sent = new WeakMap<object, Promise<unknown>>();
  /** Watermarks that this store wrote last; the script compares them with what is there. */
  readonly #known = new Map<string, Watermark>();

  constructor({ url, entriesKept = ENTRIES_KEPT }: RedisOptions) {
    this.#entriesKept = entriesKept;
    this.#redis = new Redis(url, {
      lazyConnect: true,
      // Calls fail at once while there is no connection: whoever applies decides when to try again.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: ANSWER_MS,
      connectTimeout: ANSWER_MS,
      retryStrategy: (times) => Math.min(50 * 2 ** times, 2000),
    });
    // Each call that fails rejects by itself; without a listener Node would end the process.
    this.#redis.on("error", () => {});
  }

  /** Throws StoreError where Redis may evict keys: a balance that is missing looks like an account that never was. */
  async prepare(): Promise<void> {
    if (this.#redis.status === "wait") await this.#redis.connect();
    const memory = await this.#setting("maxmemory");
    const policy = await this.#setting("maxmemory-policy");
    if (memory !== undefined && memory !== "0" && policy !== "noeviction") {
      throw new StoreError(`Redis may evict balances: set maxmemory-policy to noeviction, it is ${policy}.`);
    }
  }

  /** Undefined where the server does not tell, as services of clouds do not. */
  async #setting(name: string): Promise<string | undefined> {
    try {
      const found = (await this.#redis.config("GET", name)) as unknown;
      return settingIn(found, name);
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") return undefined;
      throw error;
    }
  }

  async watermark(group: string): Promise<Watermark> {
    const [sequence, epoch, journal] = await this.#redis.hmget(watermarkKey(group), "sequence", "epoch", "journal");
    if (sequence === null || sequence === undefined) return NOTHING;
    return { sequence: Number(sequence), epoch: Number(epoch), journal: journal ?? "" };
  }

  async apply(batch: Batch): Promise<Watermark> {
    const { group } = batch;
    for (;;) {
      const before = this.#known.get(group) ?? (await this.watermark(group));
      // Until the script has said so, nothing is known.
      this.#known.delete(group);
      const staged = this.#staging.take(batch, before);
      const { watermark, applied } = staged;
      // What an interrupted reset left would be mixed with what comes.
      if (before.sequence === 0) await (applied === 0 ? this.reset(group) : this.#emptyFor(group, staged.form));
      if (applied === 0) return watermark;
      const answer = this.#sent.get(staged) ?? this.#run(APPLY, staged.form);
      // An answer counts once: what was refused is sent again.
      this.#sent.delete(staged);
      if (this.#taken(group, await answer)) {
        this.#known.set(group, watermark);
        return watermark;
      }
      // The watermark is another one: a second process was faster, or Redis has lost data. Look, and see what is left to do.
    }
  }

  /** Sends the batch, too: Redis then has it when it is done with the one before, and refuses it should that have failed. */
  stage(batch: Batch): boolean {
    const staged = this.#staging.stage(batch);
    if (staged === undefined) return false;
    // A group that is empty is emptied first: what an earlier process has left may be there.
    if (staged.applied > 0 && staged.before.sequence > 0) {
      const answer = this.#run(APPLY, staged.form);
      // Taken by `apply`, if it comes to that.
      answer.catch(() => {});
      this.#sent.set(staged, answer);
    }
    return true;
  }

  /** Arguments of the script. */
  #arguments(group: string, before: Watermark, { watermark, accounts }: Projection): (string | number)[] {
    const keys = [watermarkKey(group), resetKey(group)];
    const { sequence, epoch, journal } = watermark;
    const values: (string | number)[] = [before.sequence, sequence, epoch, journal, this.#entriesKept, ""];
    for (const { partner, currency, account, entries, ...update } of accounts) {
      const key = { group, partner, currency, account };
      keys.push(balanceKey(key), entriesKey(key));
      const { available, held, status, version, firstVersion, firstAt, at } = update;
      const createdAt = firstVersion === 1 ? Date.parse(firstAt) : "";
      values.push(available, held, status, version, Date.parse(at), createdAt, entries.length);
      for (const entry of entries) values.push(JSON.stringify(entry));
    }
    // As one list, because a batch may have more values than a call may have arguments.
    return [keys.length, ...keys, ...values];
  }

  /** Puts the lock's token among the script's arguments. */
  #setToken(group: string, form: (string | number)[]): void {
    form[Number(form[0]) + 1 + TOKEN_ARGUMENT] = this.#tokens.get(group)!;
  }

  async #run(script: string, rest: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.call("EVALSHA", [DIGESTS.get(script)!, ...rest]);
    } catch (error) {
      // Unknown after a restart of the server.
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.#redis.call("EVAL", [script, ...rest]);
    }
  }

  /** Runs a script that needs the group's lock; throws when it is another's by now. */
  async #runLocked(
    script: string,
    group: string,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<void> {
    const all = [resetKey(group), ...keys];
    this.#taken(group, await this.#run(script, [all.length, ...all, this.#tokens.get(group) ?? "", ...values]));
  }

  /** True for 1. Throws when the group's lock is another's. */
  #taken(group: string, answer: unknown): boolean {
    if (answer === LOCKED) throw new Error(`another process resets group ${group}`);
    return answer === 1;
  }

  async seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void> {
    await this.#empty(group);
    let keys: string[] = [];
    let values: (string | number)[] = [];
    const write = async () => {
      await this.#runLocked(SEED, group, keys, [RESET_LOCK_MS, ...values]);
      keys = [];
      values = [];
    };
    for (const { partner, currency, account, available, held, status, version, updatedAtMs } of balances) {
      keys.push(balanceKey({ group, partner, currency, account }));
      values.push(available, held, status, version, updatedAtMs);
      if (keys.length >= SEED_ACCOUNTS) await write();
    }
    await write();
    const end = this.#arguments(group, NOTHING, { watermark, applied: 0, accounts: [], entryCount: 0 });
    this.#setToken(group, end);
    const done = await this.#run(APPLY, end);
    if (!this.#taken(group, done)) throw new Error(`another process has written group ${group} meanwhile`);
  }

  async reset(group: string): Promise<void> {
    await this.#empty(group);
    await this.#runLocked(UNLOCK, group, [], []);
  }

  /** As `#empty`, for a batch that follows. */
  async #emptyFor(group: string, form: (string | number)[]): Promise<void> {
    await this.#empty(group);
    this.#setToken(group, form);
  }

  /** Deletes the group's keys, and keeps its lock: nobody else writes into what is empty. */
  async #empty(group: string): Promise<void> {
    this.#known.delete(group);
    const before = this.#tokens.get(group) ?? "";
    // A new one each time: what of an earlier try is still on its way to Redis must do nothing there.
    const token = randomUUID();
    this.#tokens.set(group, token);
    const keys = [watermarkKey(group), resetKey(group)];
    this.#taken(group, await this.#run(BEGIN, [keys.length, ...keys, token, RESET_LOCK_MS, before]));
    for (const kind of ["balance", "entries"] as const) {
      for await (const keys of this.#scan(groupPattern(group, kind))) {
        await this.#runLocked(CLEAR, group, keys, [RESET_LOCK_MS]);
      }
    }
  }

  async balance(key: AccountKey): Promise<Balance | undefined> {
    const [row] = (await all(this.#redis.pipeline().hmget(balanceKey(key), ...BALANCE_FIELDS))) as [BalanceRow];
    return balanceOf(key, row);
  }

  async *balances(group: string): AsyncGenerator<Balance, void, void> {
    for await (const keys of this.#scan(groupPattern(group, "balance"))) {
      const commands = this.#redis.pipeline();
      for (const key of keys) commands.hmget(key, ...BALANCE_FIELDS);
      const rows = (await all(commands)) as BalanceRow[];
      for (const [index, row] of rows.entries()) {
        const balance = balanceOf(accountOf(keys[index]!), row);
        if (balance !== undefined) yield balance;
      }
    }
  }

  /** Keys of a pattern, each once. */
  async *#scan(pattern: string): AsyncGenerator<string[], void, void> {
    // SCAN may give a key twice.
    const seen = new Set<string>();
    for (let cursor = "0"; ; ) {
      const [next, found] = await this.#redis.scan(cursor, "MATCH", pattern, "COUNT", SCAN_KEYS);
      const keys = found.filter((key) => !seen.has(key));
      for (const key of keys) seen.add(key);
      if (keys.length > 0) yield keys;
      if (next === "0") return;
      cursor = next;
    }
  }

  /** Of the newest `entriesKept`. */
  async entries(query: EntryQuery): Promise<EntryPage | undefined> {
    const { limit, cursor } = query;
    const [before] = cursor === undefined ? [Number.POSITIVE_INFINITY] : (readCursor(cursor, 1) as [number]);
    const commands = this.#redis.pipeline().exists(balanceKey(query)).lrange(entriesKey(query), 0, -1);
    const [exists, texts] = (await all(commands)) as [number, string[]];
    if (exists === 0) return undefined;
    const older = texts.map((text) => JSON.parse(text) as Entry).filter(({ sequence }) => sequence < before);
    const entries = older.slice(0, limit);
    return older.length > limit ? { entries, cursor: makeCursor(entries.at(-1)!.sequence) } : { entries };
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

const BALANCE_FIELDS = ["available", "held", "status", "version", "updated_at"] as const;
/** Their values; `available` is null where there is no such key. */
type BalanceRow = readonly [string | null, string, string, string, string];

function balanceOf(
  { partner, currency, account }: Omit<AccountKey, "group">,
  [available, held, status, version, updatedAt]: BalanceRow,
): Balance | undefined {
  if (available === null) return undefined;
  const numbers = { version: Number(version), updatedAtMs: Number(updatedAt) };
  return { partner, currency, account, available, held, status, ...numbers };
}

/** Runs a pipeline; rejects if any of its commands failed. */
async function all(commands: ReturnType<Redis["pipeline"]>): Promise<unknown[]> {
  const replies = (await commands.exec()) ?? [];
  return replies.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

/** CONFIG GET answers with a list in RESP2 and with a map in RESP3. */
function settingIn(found: unknown, name: string): string | undefined {
  if (Array.isArray(found)) return found[found.indexOf(name) + 1] as string | undefined;
  if (found instanceof Map) return found.get(name) as string | undefined;
  return (found as Record<string, string>)[name];
}
