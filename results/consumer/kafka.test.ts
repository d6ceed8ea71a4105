/** The consumer helper against a real broker. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { HEADER, type Result } from "../message.ts";
import { Publisher } from "../publisher/publisher.ts";
import { GrowingJournal } from "../testing/growing-journal.ts";
import { temporaryFolder } from "../testing/journal-folder.ts";
import { hasBroker, type KafkaBroker, startBroker } from "../testing/kafka-broker.ts";
import { newTopic, type RawRecord, readTopic, testClient } from "../testing/raw-topic.ts";
import { type Alarm, eachResult, ResultsConsumer, type ResultsConsumerOptions } from "./consumer.ts";

let broker: KafkaBroker;
/** Records of a published journal, to be put into topics of their own. */
let records: RawRecord[];
let last: number;
const removals: (() => void)[] = [];

async function until(what: () => boolean, why: () => unknown = () => "", ms = 30_000): Promise<void> {
  const end = performance.now() + ms;
  while (!what()) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms: ${JSON.stringify(why())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A topic of the running test with these records. */
async function topicOf(
  some: readonly RawRecord[],
): Promise<{ topic: string; append: (more: readonly RawRecord[]) => Promise<void> }> {
  const topic = newTopic();
  const kafka = testClient(broker.address);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  await admin.disconnect();
  const append = async (more: readonly RawRecord[]) => {
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    for (const { key, value, headers, partition } of more) {
      await producer.send({ topic, messages: [{ key, value, headers: { ...headers }, partition }] });
    }
    await producer.disconnect();
  };
  await append(some);
  return { topic, append };
}

interface Reading {
  readonly consumer: ResultsConsumer;
  readonly taken: Result[];
  readonly alarms: Alarm[];
}

async function read(topic: string, more: Partial<ResultsConsumerOptions> = {}): Promise<Reading> {
  const taken: Result[] = [];
  const alarms: Alarm[] = [];
  const consumer = new ResultsConsumer({
    kafka: { brokers: [broker.address], logLevel: logLevel.NOTHING },
    topic,
    consumerGroup: topic,
    onResults: eachResult((result) => void taken.push(result)),
    onAlarm: (alarm) => void alarms.push(alarm),
    ...more,
  });
  await consumer.start();
  onTestFinished(() => consumer.stop());
  return { consumer, taken, alarms };
}

const sequences = (results: readonly Result[]) => results.map(({ sequence }) => sequence);
const upTo = (end: number, from = 1) => Array.from({ length: end - from + 1 }, (_, i) => from + i);
const firstOf = ({ headers }: RawRecord) => Number(headers[HEADER.first]);

describe.runIf(hasBroker())("reading a real topic", () => {
  beforeAll(async () => {
    broker = await startBroker();
    const journal = new GrowingJournal(
      temporaryFolder((remove) => void removals.push(remove)),
      { seed: 11, commands: 1500 },
    );
    const topic = newTopic();
    const quiet = { info: () => {}, warn: () => {}, error: () => {} };
    const groups = [{ name: "g0", index: 0, directory: journal.directory }];
    const publisher = new Publisher({ brokers: broker.address.split(","), topic, groups, log: quiet });
    publisher.start();
    last = journal.grow();
    publisher.advance("g0", last);
    await until(
      () => publisher.stats("g0").published === last,
      () => publisher.stats("g0"),
    );
    await publisher.stop();
    journal.close();
    records = await readTopic(broker.address, topic);
  }, 300_000);
  afterAll(async () => {
    await broker?.stop();
    for (const remove of removals) remove();
  });

  it("hands every result over once and in order, though records are repeated", async () => {
    const third = Math.floor(records.length / 3);
    const repeated = [...records.slice(0, 2 * third), ...records.slice(third, 2 * third), ...records.slice(third)];
    const { topic } = await topicOf(repeated);
    const { taken, alarms } = await read(topic);
    await until(
      () => taken.length >= last,
      () => alarms,
    );
    expect(sequences(taken)).toEqual(upTo(last));
    expect(alarms).toEqual([]);
  });

  it("goes on after a restart behind what it has committed, and knows a repeat from before it", async () => {
    const half = Math.floor(records.length / 2);
    const { topic, append } = await topicOf(records.slice(0, half));
    const first = await read(topic);
    const end = firstOf(records[half]!) - 1;
    await until(
      () => first.taken.length === end,
      () => first.alarms,
    );
    await first.consumer.stop();
    await append([...records.slice(half - 3, half), ...records.slice(half)]);
    const second = await read(topic);
    await until(
      () => second.taken.length >= last - end,
      () => second.alarms,
    );
    expect(sequences(second.taken)).toEqual(upTo(last, end + 1));
  });

  it("goes on behind the position that the service keeps itself", async () => {
    const { topic } = await topicOf(records);
    const { taken } = await read(topic, { position: () => Promise.resolve(500) });
    await until(() => taken.length >= last - 500);
    expect(sequences(taken)).toEqual(upTo(last, 501));
  });

  const broken: [string, Alarm["kind"], (record: RawRecord) => RawRecord | undefined][] = [
    ["a missing record", "gap", () => undefined],
    ["a record that is no JSON", "poison", (record) => ({ ...record, value: "{" })],
    [
      "a record of a later version",
      "newer-version",
      (record) => ({ ...record, headers: { ...record.headers, [HEADER.type]: "ringfence.results.v2" } }),
    ],
    [
      "a record of another journal",
      "foreign-journal",
      (record) => ({ ...record, headers: { ...record.headers, [HEADER.journal]: "00".repeat(16) } }),
    ],
  ];
  it.each(broken)(
    "stops before %s with an alarm, and skips nothing however often it is told to go on",
    async (_, kind, change) => {
      const at = 5;
      const changed = change(records[at]!);
      const { topic } = await topicOf([
        ...records.slice(0, at),
        ...(changed === undefined ? [] : [changed]),
        ...records.slice(at + 1, at + 10),
      ]);
      const { consumer, taken, alarms } = await read(topic);
      await until(() => alarms.length === 1);
      consumer.resume(0);
      await until(() => alarms.length === 2);
      expect(alarms.map((alarm) => alarm.kind)).toEqual([kind, kind]);
      expect(consumer.parked()).toHaveLength(1);
      expect(sequences(taken)).toEqual(upTo(firstOf(records[at]!) - 1));
    },
  );

  it("parks where the handler goes on failing, and loses nothing when it is resumed", async () => {
    const { topic } = await topicOf(records);
    const taken: Result[] = [];
    let isBroken = true;
    const handle = (result: Result) => {
      if (isBroken && result.sequence === 700) throw new Error("the database is away");
      taken.push(result);
    };
    const { consumer, alarms } = await read(topic, { onResults: eachResult(handle), attempts: 2 });
    await until(() => alarms.length === 1);
    expect(alarms[0]).toMatchObject({ kind: "handler", partition: 0 });
    expect(alarms[0]!.message).toContain("the database is away");
    isBroken = false;
    consumer.resume(0);
    await until(() => taken.length >= last);
    expect(sequences(taken)).toEqual(upTo(last));
  });

  it("does not begin behind the first result, unless it is told that it has what comes before", async () => {
    const { topic } = await topicOf(records.slice(3));
    const { alarms, taken, consumer } = await read(topic);
    await until(() => alarms.length === 1);
    expect([alarms[0]!.kind, taken.length]).toEqual(["gap", 0]);
    await consumer.stop();
    const start = firstOf(records[3]!);
    const told = await read(topic, { position: () => Promise.resolve(start - 1) });
    await until(() => told.taken.length > 0);
    expect(told.taken[0]!.sequence).toBe(start);
  });

  it("is what the example shows", async () => {
    const { topic } = await topicOf(records.slice(0, 3));
    const example = fileURLToPath(new URL("./example.ts", import.meta.url));
    const child = spawn(process.execPath, [example, broker.address, topic, topic]);
    let text = "";
    child.stdout.on("data", (data: Buffer) => (text += String(data)));
    const count = firstOf(records[3]!) - 1;
    await until(
      () => text.split("\n").length > count,
      () => text,
    );
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    const first = JSON.parse(records[0]!.value) as { results: Result[] };
    expect(text.startsWith(`g0 1 ${first.results[0]!.id} ${first.results[0]!.type} `)).toBe(true);
  });
});
