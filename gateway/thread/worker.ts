/** Entry of a group's thread: a thin shell around `GroupThread`. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../engine/index.ts";
import { GroupThread, startFailure } from "./group-thread.ts";
import type { FromGroup, ThreadData, ToGroup } from "./messages.ts";
import { tuneCompiler } from "./tuning.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const post = (message: FromGroup) => port.postMessage(message);

tuneCompiler();
try {
  const thread = new GroupThread(workerData as ThreadData, post);
  process.on("uncaughtException", (error) => thread.fail(error));
  port.on("message", (message: ToGroup) => thread.handle(message));
  thread.run();
} catch (error) {
  post(startFailure(error));
}
