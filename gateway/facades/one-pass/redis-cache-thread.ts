/** Entry of the thread that rebuilds the Redis store: it reads the whole journal, for which no request shall wait. */
import { parentPort, workerData } from "node:worker_threads";
import { RedisStore } from "../../../stores/index.ts";
import { rebuildAndPrint } from "../../cli/store-rebuild.ts";
import type { RebuildStart, Rebuilt } from "./redis-cache.ts";

const port = parentPort;
if (port === null) throw new Error("redis-cache-thread.ts is started as a worker");
const { redis, group, directory } = workerData as RebuildStart;
const lines: string[] = [];
const terminal = {
  out: async (line: string) => void lines.push(line),
  err: (line: string) => void lines.push(line),
};
const store = new RedisStore({ url: redis });
let rebuilt: Rebuilt;
try {
  await store.prepare();
  const code = await rebuildAndPrint({ store, group, directory, isFromSnapshot: false }, terminal);
  rebuilt = { isDone: code === 0, lines };
} catch (error) {
  rebuilt = { isDone: false, lines: [error instanceof Error ? `${error.message}.` : String(error)] };
} finally {
  await store.close();
}
port.postMessage(rebuilt);
