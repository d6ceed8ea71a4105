/**
 * The store's side of its writing thread. A transaction is a dozen short messages to the server and back, and the server waits at
 * each: in the thread that parses and makes rows an answer waits until a few thousand results are through.
 */
import { Worker } from "node:worker_threads";
import type { FromWriter, Numbers, ToWriter, WriteJob, WriterStart } from "./messages.ts";

/** Milliseconds in which batches that were given may still be written when the store is closed. */
const END_MS = 10_000;

interface Waiting {
  readonly resolve: (learned: Numbers | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the thread with the first batch, and again after it ended by a fault: what waited then is rejected. */
export class WriterClient {
  readonly #start: WriterStart;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #fault: Error | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor(start: WriterStart) {
    this.#start = start;
  }

  /** As `BatchWriter.write`, behind what was given before. */
  write(job: WriteJob): Promise<Numbers | undefined> {
    if (this.#isClosed) return Promise.reject(new Error("the store is closed"));
    this.#worker ??= this.#run();
    const worker = this.#worker;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      post(worker, { kind: "write", id, job });
    });
  }

  /** Ends the thread after what it was given, or, where the database does not answer, before. May be called again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.ref();
    post(worker, { kind: "stop" });
    // A batch is one transaction: cut off, it is there or it is not, and its watermark with it.
    const force = setTimeout(() => void worker.terminate(), END_MS);
    await ended;
    clearTimeout(force);
  }

  #run(): Worker {
    const worker = new Worker(new URL("./writer-thread.ts", import.meta.url), { workerData: this.#start });
    // Whoever waits for a batch has its own reason to live.
    worker.unref();
    worker.on("message", (message: FromWriter) => this.#settle(message));
    worker.on("error", (error) => {
      this.#fault = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      this.#worker = undefined;
      const error = this.#fault ?? new Error("the thread that writes to the database ended");
      this.#fault = undefined;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    return worker;
  }

  #settle(message: FromWriter): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("message" in message) waiting?.reject(Object.assign(new Error(message.message), { errno: message.errno }));
    else waiting?.resolve(message.learned);
  }
}

function post(worker: Worker, message: ToWriter): void {
  // Bytes are handed over, not copied.
  const forms = message.kind === "write" ? message.job.rows.map(({ form }) => form) : [];
  worker.postMessage(
    message,
    forms.flatMap((form) => (form instanceof Uint8Array ? [form.buffer as ArrayBuffer] : [])),
  );
}
