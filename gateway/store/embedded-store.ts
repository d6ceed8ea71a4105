/** The main thread's side of the embedded store: says how far groups are durable, passes questions on, remembers what it was told. */
import { Worker } from "node:worker_threads";
import type { AccountKey, Balance, EntryPage } from "../../stores/index.ts";
import { ApiError } from "../errors.ts";
import type { LinkLog } from "../link/link-log.ts";
import type { EntriesPage, EntriesQuery, StoreBalance, StoreStatus, Stores } from "../stores.ts";
import type { FromStore, GroupStatus, StoreThreadStart, ToStore } from "./messages.ts";

/** Milliseconds in which news of durable frames are gathered: a message a frame would cost the HTTP thread more than it tells. */
const NEWS_MS = 20;

/** Questions that may wait: each is some hundred bytes. */
const WAITING_MAX = 1000;

/** Milliseconds before a thread that ended by a fault is started again. */
const RESTART_MS = 2000;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: ApiError) => void;
}

export class EmbeddedStore implements Stores {
  readonly #start: StoreThreadStart;
  readonly #log: LinkLog;
  readonly #durable = new Map<string, number>();
  readonly #told = new Map<string, GroupStatus>();
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #fault: string | undefined;
  #news: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor(start: StoreThreadStart, log: LinkLog) {
    this.#start = start;
    this.#log = log;
    this.#run();
  }

  /** Tells how far a group is durable: after its recovery, and after each frame. */
  advance(group: string, sequence: number): void {
    this.#durable.set(group, sequence);
    this.#news ??= setTimeout(() => {
      this.#news = undefined;
      this.#tell();
    }, NEWS_MS).unref();
  }

  async status(): Promise<readonly StoreStatus[]> {
    return this.#start.groups.map(({ name: group }) => {
      const told = this.#told.get(group);
      const watermark = told?.watermark ?? 0;
      const lag = Math.max(0, (this.#durable.get(group) ?? 0) - watermark);
      const reason = this.#fault ?? told?.reason;
      const state = this.#fault === undefined ? (told?.state ?? "starting") : "retrying";
      return { name: "sqlite", group, watermark, lag, state, ...(reason === undefined ? {} : { reason }) };
    });
  }

  entries(query: EntriesQuery): Promise<EntriesPage | undefined> {
    return this.#ask<EntryPage | undefined>((id) => ({ kind: "entries", id, query }));
  }

  async balances(key: AccountKey): Promise<readonly StoreBalance[]> {
    try {
      const balance = await this.#ask<Balance | undefined>((id) => ({ kind: "balance", id, key }));
      return [{ name: "sqlite", balance }];
    } catch (error) {
      return [{ name: "sqlite", reason: error instanceof Error ? error.message : String(error) }];
    }
  }

  #ask<T>(message: (id: number) => ToStore): Promise<T> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new ApiError("STORE_DOWN"));
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(new ApiError("OVERLOADED", "Too many others read; nothing was changed."));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      post(worker, message(id));
    });
  }

  /** Ends the thread after the transaction under way; what waits is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#news);
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.ref();
    post(worker, { kind: "stop" });
    await ended;
  }

  #run(): void {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.#start });
    // The store never keeps the process alive.
    worker.unref();
    this.#worker = worker;
    worker.on("message", (message: FromStore) => this.#take(message));
    worker.on("error", (error) => {
      this.#fault = error instanceof Error ? error.message : String(error);
      this.#log.error({ err: error }, "the embedded store's thread ended; commands go on without it");
    });
    worker.on("exit", () => this.#ended());
    this.#tell();
  }

  #ended(): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new ApiError("STORE_DOWN"));
    this.#waiting.clear();
    if (!this.#isClosed) this.#restart = setTimeout(() => this.#run(), RESTART_MS).unref();
  }

  #tell(): void {
    if (this.#worker !== undefined) post(this.#worker, { kind: "durable", groups: [...this.#durable] });
  }

  #take(message: FromStore): void {
    switch (message.kind) {
      case "status":
        this.#fault = undefined;
        for (const status of message.groups) this.#told.set(status.group, status);
        return;
      case "note": {
        const { level, text, group } = message.note;
        this.#log[level](group === undefined ? {} : { group }, text);
        return;
      }
      case "page":
        this.#settle(message.id)?.resolve(message.page as never);
        return;
      case "balance":
        this.#settle(message.id)?.resolve(message.balance as never);
        return;
      case "refused": {
        const { id, isCursor, message: text } = message;
        const error = isCursor
          ? new ApiError("INVALID_REQUEST", "`cursor` is not one that this account's entries gave.")
          : new ApiError("STORE_DOWN", undefined, { cause: new Error(text) });
        this.#settle(id)?.reject(error);
        return;
      }
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

function post(worker: Worker, message: ToStore): void {
  worker.postMessage(message);
}
