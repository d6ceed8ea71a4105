/** Entry of a thread that reads journals. A shell: see desk.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { Desk } from "./desk.ts";
import type { ReaderRequest, ReaderStart } from "./messages.ts";

/** Milliseconds between looks for files that nobody reads any more. */
const IDLE_LOOK_MS = 5000;

const port = parentPort;
if (port === null) throw new Error("reader-thread.ts is started as a worker");
const desk = new Desk(workerData as ReaderStart);
port.on("message", (request: ReaderRequest) => {
  // Desk.answer never rejects.
  void desk.answer(request).then((reply) => port.postMessage(reply));
});
setInterval(() => desk.closeIdle(performance.now()), IDLE_LOOK_MS).unref();
