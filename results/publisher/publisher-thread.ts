/** Entry of the thread that publishes all groups of a process. A shell: see group-publisher.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../engine/index.ts";
import { Board } from "./board.ts";
import { GroupPublisher } from "./group-publisher.ts";
import { KafkaPort } from "./kafka-port.ts";
import type { FromPublisher, PublisherStart, ToPublisher } from "./messages.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker thread");
const post = (message: FromPublisher) => port.postMessage(message);
const { brokers, security, topic, groups, boards, requestMs } = workerData as PublisherStart;

// kafkajs 2.2.4 asks for timers in the past, which does no harm, and Node 24 warns of each.
process.removeAllListeners("warning");

let before: Promise<unknown> = Promise.resolve();
const alone = <T>(work: () => Promise<T>): Promise<T> => {
  const mine = before.then(work);
  before = mine.catch(() => {});
  return mine;
};

const partitions = Math.max(...groups.map(({ index }) => index)) + 1;
const publishers: GroupPublisher[] = groups.map((group, i) => {
  const options = { brokers, security, topic, partitions, group: group.name, partition: group.index, alone };
  return new GroupPublisher({
    group,
    topic,
    board: new Board(boards[i]),
    makePort: () => new KafkaPort(requestMs === undefined ? options : { ...options, requestMs }),
    mayCreate: () => !publishers.some(({ hasPublished }) => hasPublished),
    report: post,
  });
});

port.on("message", (message: ToPublisher) => {
  for (const publisher of publishers) {
    if (message === 0) publisher.wake();
    else publisher.stop();
  }
});
await Promise.all(publishers.map((publisher) => publisher.run()));
post({ kind: "stopped" });
port.close();
