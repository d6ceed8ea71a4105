/** Keeps the embedded store up with one group: reads results from the journal, applies them, and knows what to do when that fails. */
import { InvariantError } from "../../engine/index.ts";
import { DamageError, JournalError } from "../../journal/index.ts";
import { type FedFrame, JournalFeed, snapshotAccounts } from "../../results/index.ts";
import { ContinuityError, type Store } from "../../stores/index.ts";
import type { StoreState } from "../stores.ts";
import type { GroupStatus, Note } from "./messages.ts";

/** Milliseconds before the next try, first and longest: each failure doubles it. */
const RETRY_MS_FIRST = 100;
const RETRY_MS_MAX = 30_000;

export interface FollowerOptions {
  readonly group: string;
  readonly directory: string;
  readonly store: Store;
  readonly note: (note: Note) => void;
}

export class Follower {
  readonly #options: FollowerOptions;
  #feed: JournalFeed | undefined;
  /** Read from the feed, but of another epoch or journal than what was read with it. */
  #next: FedFrame | undefined;
  #watermark = 0;
  #state: StoreState = "starting";
  #reason: string | undefined;
  #failures = 0;
  #retryAtMs = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get status(): GroupStatus {
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    return { group: this.#options.group, watermark: this.#watermark, state: this.#state, ...reason };
  }

  /** Milliseconds until `step` is worth calling again without news; Infinity: only with news. */
  waitMs(nowMs: number): number {
    return this.#state === "retrying" ? Math.max(0, this.#retryAtMs - nowMs) : Number.POSITIVE_INFINITY;
  }

  /** Applies some of what is durable. Returns true if there may be more. Never rejects. `nowMs` is of `performance.now()`. */
  async step(durable: number, nowMs: number): Promise<boolean> {
    if (this.#state === "stopped" || (this.#state === "retrying" && nowMs < this.#retryAtMs)) return false;
    try {
      this.#feed ??= await this.#begin(durable);
      const worked = await this.#apply(durable);
      this.#state = "following";
      this.#reason = undefined;
      this.#failures = 0;
      return worked;
    } catch (error) {
      this.#close();
      return this.#recover(error, durable, nowMs);
    }
  }

  close(): void {
    this.#close();
  }

  #close(): void {
    this.#feed?.close();
    this.#feed = undefined;
    this.#next = undefined;
  }

  async #begin(durable: number): Promise<JournalFeed> {
    const { group, directory, store } = this.#options;
    let { sequence } = await store.watermark(group);
    if (sequence > durable) {
      // The journal was cut or put back from a copy; what the store shows beyond its end did not happen.
      this.#note("warn", `its store has sequence ${sequence}, the journal ends with ${durable}: it is rebuilt`);
      await store.reset(group);
      sequence = 0;
    }
    this.#watermark = sequence;
    return new JournalFeed(directory, sequence);
  }

  /** One transaction. */
  async #apply(durable: number): Promise<boolean> {
    const { group, store } = this.#options;
    const first = await this.#take(durable);
    if (first === undefined) return false;
    const results = [...first.results];
    while (results.length < store.batchResults) {
      const frame = await this.#take(durable);
      if (frame === undefined) break;
      if (frame.epoch !== first.epoch || frame.journal !== first.journal) {
        this.#next = frame;
        break;
      }
      for (const result of frame.results) results.push(result);
    }
    const { epoch, journal } = first;
    this.#watermark = (await store.apply({ group, epoch, journal, results })).sequence;
    return true;
  }

  async #take(durable: number): Promise<FedFrame | undefined> {
    const frame = this.#next ?? (await this.#feed!.next(durable));
    this.#next = undefined;
    return frame;
  }

  /** Returns true if the next step may go on at once. */
  async #recover(error: unknown, durable: number, nowMs: number): Promise<boolean> {
    try {
      if (error instanceof JournalError && error.code === "TRIMMED") return await this.#seed(durable);
      if (error instanceof ContinuityError && error.code === "FOREIGN") {
        this.#note("warn", `${error.message}; it is rebuilt`);
        await this.#options.store.reset(this.#options.group);
        return true;
      }
    } catch (next) {
      this.#fail(next, nowMs);
      return false;
    }
    this.#fail(error, nowMs);
    return false;
  }

  /** Begins again with the newest snapshot; the entries before it are not kept anywhere any more. */
  async #seed(durable: number): Promise<boolean> {
    const { group, directory, store } = this.#options;
    const found = snapshotAccounts(directory);
    if (found === undefined || found.sequence > durable) {
      throw new Error("The journal was trimmed, and no snapshot is there to start from.");
    }
    const { sequence, epoch, journal, accounts } = found;
    await store.seed(group, { sequence, epoch, journal }, withTime(accounts));
    this.#note("warn", `its store begins with the snapshot after sequence ${sequence}: results before it are not kept`);
    return true;
  }

  #fail(error: unknown, nowMs: number): void {
    const reason = error instanceof Error ? error.message : String(error);
    const isFinal = [ContinuityError, DamageError, InvariantError].some((kind) => error instanceof kind);
    if (this.#reason !== reason)
      this.#note("error", isFinal ? `its store stops: ${reason}` : `its store fails: ${reason}`);
    this.#reason = reason;
    this.#state = isFinal ? "stopped" : "retrying";
    this.#retryAtMs = nowMs + Math.min(RETRY_MS_FIRST * 2 ** this.#failures++, RETRY_MS_MAX);
  }

  #note(level: Note["level"], text: string): void {
    this.#options.note({ level, text, group: this.#options.group });
  }
}

function* withTime<T>(accounts: Iterable<T>): Generator<T & { readonly updatedAtMs: number }, void, void> {
  for (const account of accounts) yield { ...account, updatedAtMs: 0 };
}
