/** Entry of the thread that writes to the database. A shell: see batch-writer.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { BatchWriter } from "./batch-writer.ts";
import type { FromWriter, ToWriter, WriteJob, WriterStart } from "./messages.ts";
import { endPool, openPool } from "./pool.ts";

const port = parentPort;
if (port === null) throw new Error("writer-thread.ts is started as a worker");
const { url, silentMs } = workerData as WriterStart;
const pool = openPool(url, silentMs);
const writer = new BatchWriter(pool);

port.on("message", (message: ToWriter) => {
  if (message.kind === "write") void answer(message.id, message.job).then((reply) => port.postMessage(reply));
  else void stop();
});

/** Never rejects. */
async function answer(id: number, job: WriteJob): Promise<FromWriter> {
  try {
    return { id, learned: await writer.write(job) };
  } catch (error) {
    const { message, errno } = error as Error & { readonly errno?: number };
    return { id, message, errno };
  }
}

async function stop(): Promise<void> {
  await writer.settled();
  await endPool(pool);
  process.exit();
}
