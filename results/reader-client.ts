/** The main thread's side of a reading thread: a promise for each request. */
import { Worker } from "node:worker_threads";
import { ResultsError } from "./errors.ts";
import type { ReaderAnswer, ReaderReply, ReaderRequest, ReaderStart } from "./messages.ts";

/** Requests that may wait for one thread: each is some hundred bytes here, and a page of results when answered. */
const WAITING_MAX = 1000;

interface Waiting {
  readonly resolve: (answer: ReaderAnswer) => void;
  readonly reject: (error: ResultsError) => void;
}

/** A request without its number. */
export type Question = ReaderRequest extends infer R ? (R extends ReaderRequest ? Omit<R, "id"> : never) : never;

/**
 * Starts the thread with the first request, and again after it ended by a fault: what waited then is rejected with STOPPED, and
 * `onFault` is told.
 */
export class ReaderClient {
  readonly #start: ReaderStart;
  readonly #onFault: (error: Error) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #isClosed = false;
  #nextId = 1;

  constructor(start: ReaderStart, onFault: (error: Error) => void) {
    this.#start = start;
    this.#onFault = onFault;
  }

  /** Rejects with a ResultsError. */
  ask(question: Question): Promise<ReaderAnswer> {
    if (this.#isClosed) return Promise.reject(new ResultsError("STOPPED", "The reader is closed."));
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(new ResultsError("OVERLOADED", "Too many requests wait for the journal's reader."));
    }
    this.#worker ??= this.#run();
    const worker = this.#worker;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...question, id });
    });
  }

  /** Ends the thread; what waits is rejected with STOPPED. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#rejectAll("The reader is closed.");
    await worker?.terminate();
  }

  #run(): Worker {
    const worker = new Worker(new URL("./reader-thread.ts", import.meta.url), { workerData: this.#start });
    // Reading never keeps the process alive: whoever waits for an answer has its own reason to live.
    worker.unref();
    worker.on("message", (reply: ReaderReply) => this.#settle(reply));
    worker.on("error", (error) => this.#onFault(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#rejectAll("The journal's reader ended.");
    });
    return worker;
  }

  #settle(reply: ReaderReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("code" in reply) waiting?.reject(new ResultsError(reply.code, reply.message));
    else waiting?.resolve(reply.answer);
  }

  #rejectAll(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new ResultsError("STOPPED", message));
    this.#waiting.clear();
  }
}
