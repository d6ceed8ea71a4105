/** The main thread's end of the job thread: passes batches on, and sends its credits to the engine. */
import { Worker } from "node:worker_threads";
import type { Commands } from "../../../commands.ts";
import { ApiError } from "../../../errors.ts";
import type { LinkLog } from "../../../link/link-log.ts";
import type { Registry } from "../../../registry/index.ts";
import { centsText } from "../cents.ts";
import type { BatchPay, Credit, CreditReply, FromJobs, JobThreadStart, Progress, ToJobs } from "./types.ts";

/** Milliseconds before a thread that ended by a fault is started again. */
const RESTART_MS = 1000;

/** Questions that may wait for the thread. */
const WAITING_MAX = 1000;

export interface JobsOptions {
  readonly start: JobThreadStart;
  readonly commands: Commands;
  readonly registry: Registry;
  readonly log: LinkLog;
}

interface Waiting {
  readonly resolve: (message: FromJobs) => void;
  readonly reject: (error: ApiError) => void;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #nextAsk = 1;
  #isStopping = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Starts the thread, which goes on with what a crash left. */
  start(): void {
    const worker = new Worker(new URL("./job-thread.ts", import.meta.url), { workerData: this.#options.start });
    this.#worker = worker;
    worker.on("message", (message: FromJobs) => this.#take(worker, message));
    worker.on("error", (error) => this.#options.log.error({ err: error }, "the thread of batches ended by a fault"));
    worker.on("exit", () => this.#ended());
  }

  #ended(): void {
    this.#worker = undefined;
    // Whether a batch was taken is not known; it is asked for again with the same batchPayId.
    for (const { reject } of this.#waiting.values()) reject(new ApiError("OUTCOME_UNKNOWN"));
    this.#waiting.clear();
    if (!this.#isStopping) this.#restart = setTimeout(() => this.start(), RESTART_MS);
  }

  /** Takes a batch, unless the batchPayId was there; resolves once it is durable. Rejects with OVERLOADED, STOPPING, OUTCOME_UNKNOWN. */
  async add(batch: BatchPay): Promise<void> {
    const answer = await this.#ask((ask) => ({ kind: "start", ask, batch }));
    if (answer.kind === "started" && answer.outcome === "full") {
      throw new ApiError("OVERLOADED", "Too many users of batches that are not done; nothing was taken.");
    }
  }

  /** Undefined for a batchPayId that the partner never sent. */
  async progress(partner: string, batchPayId: string): Promise<Progress | undefined> {
    const answer = await this.#ask((ask) => ({ kind: "progress", ask, partner, batchPayId }));
    return answer.kind === "progress" ? answer.progress : undefined;
  }

  #ask(message: (ask: number) => ToJobs): Promise<FromJobs> {
    const worker = this.#worker;
    if (this.#isStopping) return Promise.reject(new ApiError("STOPPING"));
    if (worker === undefined || this.#waiting.size >= WAITING_MAX) return Promise.reject(new ApiError("OVERLOADED"));
    const ask = this.#nextAsk++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve, reject });
      post(worker, message(ask));
    });
  }

  /** Lets calls under way end; resolves when the thread has. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    post(worker, { kind: "stop" });
    await ended;
  }

  #take(worker: Worker, message: FromJobs): void {
    switch (message.kind) {
      case "note":
        this.#options.log[message.note.level](message.note.data ?? {}, message.note.text);
        return;
      case "credit":
        void this.#credit(message.partner, message.credits).then((reply) => {
          post(worker, { kind: "credited", ask: message.ask, reply });
        });
        return;
      default:
        this.#waiting.get(message.ask)?.resolve(message);
        this.#waiting.delete(message.ask);
    }
  }

  /** A suspended partner is credited too: the money has left the third party. */
  async #credit(id: string, credits: readonly Credit[]): Promise<CreditReply> {
    const { registry, commands } = this.#options;
    const partner = registry.partner(id);
    if (partner === undefined) return { error: "NOT_FOUND" };
    const bucket = credits.map(({ id, account, cents, issuedMs }) => ({
      id,
      type: "credit",
      account,
      amount: centsText(cents),
      issued: new Date(issuedMs).toISOString(),
    }));
    try {
      const results = await commands.submit(partner, bucket);
      return { results: results.map(({ code }) => ({ code })) };
    } catch (error) {
      if (error instanceof ApiError) return { error: error.code };
      this.#options.log.error({ err: error }, "credits of a batch could not be sent");
      return { error: "INTERNAL" };
    }
  }
}

function post(worker: Worker, message: ToJobs): void {
  worker.postMessage(message);
}
