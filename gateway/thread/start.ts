import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { ThreadStart } from "./messages.ts";

/** Starts the thread of a group. It posts `FromGroup` messages, `ready` or `failed` the first of weight, and takes `ToGroup` ones. */
export function startGroupThread(start: ThreadStart): Worker {
  const pages = portToPageThread();
  const workerData = { ...start, pages };
  return new Worker(new URL("./worker.ts", import.meta.url), { workerData, name: start.group, transferList: [pages] });
}

let pageThread: Worker | undefined;

/** A port that takes `BlockPart`s, to the one thread of the process that maps pages. */
export function portToPageThread(): MessagePort {
  if (pageThread === undefined) {
    const worker = new Worker(new URL("./page-worker.ts", import.meta.url), { name: "pages" });
    // Groups do without it, so it neither keeps the process alive nor ends it.
    worker.unref();
    worker.on("error", () => {
      pageThread = undefined;
    });
    pageThread = worker;
  }
  const { port1, port2 } = new MessageChannel();
  pageThread.postMessage(port1, [port1]);
  return port2;
}
