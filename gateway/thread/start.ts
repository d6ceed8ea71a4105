import { Worker } from "node:worker_threads";
import type { ThreadStart } from "./messages.ts";

/** Starts the thread of a group. It posts `FromGroup` messages, `ready` or `failed` the first of weight, and takes `ToGroup` ones. */
export function startGroupThread(start: ThreadStart): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { workerData: start, name: start.group });
}
