/**
 * Entry of the thread that works batches off: the third party's replies and the journal's syncs delay no request here. It tells the main
 * thread what to credit, and ends by a fault when the journal cannot be written; started anew it goes on from there.
 */
import { parentPort, workerData } from "node:worker_threads";
import { FundClient } from "./fund-client.ts";
import { JobJournal } from "./job-journal.ts";
import { Runner } from "./runner.ts";
import type { CreditReply, FromJobs, JobThreadStart, ToJobs } from "./types.ts";

const port = parentPort;
if (port === null) throw new Error("job-thread.ts is started as a worker");
const { path, fund } = workerData as JobThreadStart;
const send = (message: FromJobs) => port.postMessage(message);

const credits = new Map<number, (reply: CreditReply) => void>();
let nextCredit = 1;

const journal = new JobJournal(path);
const client = new FundClient(fund);
const runner = new Runner({
  journal,
  post: (call, body) => client.post(call, body),
  credit: (partner, list) =>
    new Promise((resolve) => {
      const ask = nextCredit++;
      credits.set(ask, resolve);
      send({ kind: "credit", ask, partner, credits: list });
    }),
  note: (note) => send({ kind: "note", note }),
  tellsBegin: fund.token !== undefined,
});

port.on("message", (message: ToJobs) => {
  switch (message.kind) {
    case "start":
      send({ kind: "started", ask: message.ask, outcome: runner.start(message.batch) });
      return;
    case "progress": {
      const { ask, partner, batchPayId } = message;
      send({ kind: "progress", ask, progress: runner.progress(partner, batchPayId) });
      return;
    }
    case "credited":
      credits.get(message.ask)?.(message.reply);
      credits.delete(message.ask);
      return;
    case "stop":
      void stop();
  }
});

runner.resume();

async function stop(): Promise<void> {
  await runner.stop();
  client.close();
  journal.close();
  process.exit(0);
}
