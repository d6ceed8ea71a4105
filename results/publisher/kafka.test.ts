/** The publisher against a real broker, through a proxy that can lose acknowledgements. */
import { fork } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { checkPartition, type TopicCheck } from "../testing/check-topic.ts";
import { GrowingJournal } from "../testing/growing-journal.ts";
import { temporaryFolder } from "../testing/journal-folder.ts";
import { freePort, hasBroker, type KafkaBroker, startBroker } from "../testing/kafka-broker.ts";
import { KafkaProxy } from "../testing/kafka-proxy.ts";
import { newTopic, readTopic, testClient } from "../testing/raw-topic.ts";
import { CURSOR_FILE } from "./cursor-file.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";

const CHILD = fileURLToPath(new URL("../testing/publish-until-killed.ts", import.meta.url));

let broker: KafkaBroker;
let proxy: KafkaProxy;

interface Scene {
  readonly topic: string;
  readonly journal: GrowingJournal;
  readonly lines: string[];
  start(more?: Partial<PublisherOptions>): Publisher;
}

/** A journal and a topic of the running test; nothing is published yet. */
function newScene({ seed = 1, commands = 3000 } = {}): Scene {
  const topic = newTopic();
  const journal = new GrowingJournal(temporaryFolder(onTestFinished), { seed, commands });
  onTestFinished(() => journal.close());
  const lines: string[] = [];
  const tell = (fields: object, text: string) => void lines.push(`${text} ${JSON.stringify(fields)}`);
  const start = (more: Partial<PublisherOptions> = {}) => {
    const publisher = new Publisher({
      brokers: [proxy.address],
      topic,
      groups: [{ name: "g0", index: 0, directory: journal.directory }],
      log: { info: tell, warn: tell, error: tell },
      ...more,
    });
    publisher.start();
    onTestFinished(() => publisher.stop());
    return publisher;
  };
  return { topic, journal, lines, start };
}

async function until(what: () => boolean, why: () => string, ms = 30_000): Promise<void> {
  const end = performance.now() + ms;
  while (!what()) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms: ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Tells the publisher of all that is durable, and waits until Kafka has it. */
async function publishAll(publisher: Publisher, journal: GrowingJournal): Promise<void> {
  const durable = journal.grow();
  publisher.advance("g0", durable);
  await until(
    () => publisher.stats("g0").published === durable,
    () => JSON.stringify(publisher.stats("g0")),
  );
}

async function refusal(publisher: Publisher, durable: number): Promise<string> {
  publisher.advance("g0", durable);
  await until(
    () => publisher.stats("g0").state === "refused",
    () => JSON.stringify(publisher.stats("g0")),
  );
  return publisher.stats("g0").reason ?? "";
}

/** As retention does when all records are old. */
async function emptyPartition(topic: string): Promise<void> {
  const admin = testClient(broker.address).admin();
  await admin.connect();
  // kafkajs deletes only in a topic that it has looked at.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "-1" }] });
  await admin.disconnect();
}

const check = async (topic: string): Promise<TopicCheck> => checkPartition(await readTopic(broker.address, topic));

describe.runIf(hasBroker())("publishing to a real broker", () => {
  beforeAll(async () => {
    const port = await freePort();
    broker = await startBroker({ isOwn: true, advertisedPort: port });
    proxy = await KafkaProxy.start(port, () => broker.address);
  }, 300_000);
  afterAll(async () => {
    await broker?.stop();
    await proxy?.close();
  });

  it("brings every result into the topic once, and goes on where it was after a restart", async () => {
    const { topic, journal, start } = newScene();
    for (let round = 0; round < 3; round++) {
      const publisher = start();
      publisher.advance("g0", journal.grow(20));
      await until(
        () => publisher.stats("g0").published === journal.durable,
        () => JSON.stringify(publisher.stats("g0")),
      );
      await publisher.stop();
    }
    const publisher = start();
    await publishAll(publisher, journal);
    expect(await check(topic)).toEqual({ last: journal.durable, repeats: 0 });
  });

  it("publishes on behind a stop what was durable before it", async () => {
    const { topic, journal, start } = newScene();
    const publisher = start();
    publisher.advance("g0", journal.grow(1));
    await until(
      () => publisher.stats("g0").published > 0,
      () => JSON.stringify(publisher.stats("g0")),
    );
    publisher.advance("g0", journal.grow());
    await publisher.stop();
    expect(await check(topic)).toEqual({ last: journal.durable, repeats: 0 });
  });

  it("gives each group the partition of its index, and adds partitions for new groups", async () => {
    const { topic, journal, start } = newScene();
    await publishAll(start(), journal);
    const other = new GrowingJournal(temporaryFolder(onTestFinished), { seed: 2, commands: 500, group: "g2" });
    onTestFinished(() => other.close());
    const publisher = start({
      groups: [
        { name: "g0", index: 0, directory: journal.directory },
        { name: "g2", index: 2, directory: other.directory },
      ],
    });
    publisher.advance("g0", journal.durable);
    publisher.advance("g2", other.grow());
    await until(
      () => publisher.stats("g2").published === other.durable,
      () => JSON.stringify(publisher.stats("g2")),
    );
    const records = await readTopic(broker.address, topic);
    expect(checkPartition(records, 0)).toEqual({ last: journal.durable, repeats: 0 });
    expect(checkPartition(records, 2)).toEqual({ last: other.durable, repeats: 0 });
    expect(new Set(records.map(({ partition, key }) => `${partition} ${key}`))).toEqual(new Set(["0 g0", "2 g2"]));
  });

  it("loses nothing and repeats only the same bytes when its process is killed again and again", async () => {
    const { topic, journal } = newScene({ seed: 5, commands: 30_000 });
    let published = 0;
    for (let kills = 0; kills < 6 || !journal.isWhole || published < journal.durable; kills++) {
      const child = fork(CHILD, [proxy.address, topic, journal.directory], {
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      });
      let text = "";
      child.stderr!.on("data", (data: Buffer) => (text += String(data)));
      const before = published;
      child.on("message", (now: number) => (published = Math.max(published, now)));
      const loading = setInterval(() => child.connected && child.send(journal.grow(3)), 5);
      // Killed at any time after it has begun to publish; the last ones are let finish.
      await until(
        () => published > before || published === journal.durable,
        () => text,
      );
      if (kills < 6) await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      else
        await until(
          () => journal.isWhole && published === journal.durable,
          () => text,
        );
      clearInterval(loading);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    expect((await check(topic)).last).toBe(journal.durable);
  });

  it.each([
    ["once in silence", ["silence"]],
    ["once with the connection", ["reset"]],
    ["twice, so that the client's own repeat fails too", ["reset", "reset"]],
    ["twice in silence", ["silence", "silence"]],
    ["many times", ["reset", "silence", "reset", "reset", "silence", "reset"]],
  ] as const)("neither loses nor reorders when an acknowledgement is lost %s", async (_, losses) => {
    const { topic, journal, start } = newScene();
    const publisher = start({ requestMs: 700 });
    publisher.advance("g0", journal.grow(2));
    await until(
      () => publisher.stats("g0").published === journal.durable,
      () => JSON.stringify(publisher.stats("g0")),
    );
    const droppedBefore = proxy.dropped;
    proxy.script.push(...losses);
    await publishAll(publisher, journal);
    // Those that are left would otherwise be taken for the next test's.
    for (let i = 0; proxy.script.length > 0 && i < 20; i++) await publishAll(publisher, journal);
    proxy.script.length = 0;
    expect(proxy.dropped).toBeGreaterThan(droppedBefore);
    expect(await check(topic)).toEqual({ last: journal.durable, repeats: 0 });
  });

  it("catches up after the broker was killed, and after it was not there at the start", async () => {
    const { topic, journal, start } = newScene({ seed: 9, commands: 6000 });
    const first = start({ requestMs: 2000 });
    first.advance("g0", journal.grow(20));
    await until(
      () => first.stats("g0").published === journal.durable,
      () => JSON.stringify(first.stats("g0")),
    );
    await broker.kill("SIGKILL");
    first.advance("g0", journal.grow(20));
    await until(
      () => first.stats("g0").state === "retrying",
      () => JSON.stringify(first.stats("g0")),
    );
    expect(first.stats("g0").published).toBeLessThan(journal.durable);
    await first.stop();
    const second = start({ requestMs: 2000 });
    await until(
      () => second.stats("g0").errors > 1,
      () => JSON.stringify(second.stats("g0")),
    );
    await broker.start();
    await publishAll(second, journal);
    expect((await check(topic)).last).toBe(journal.durable);
  });

  it("refuses to go on when its topic was deleted, and when it was made anew", async () => {
    const { topic, journal, start } = newScene();
    const publisher = start();
    publisher.advance("g0", journal.grow(20));
    await until(
      () => publisher.stats("g0").published === journal.durable,
      () => JSON.stringify(publisher.stats("g0")),
    );
    const admin = testClient(broker.address).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    expect(await refusal(publisher, journal.grow(20))).toContain(`${topic} is gone`);
    await publisher.stop();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    expect(await refusal(start(), journal.durable)).toContain("has lost the results of group g0");
  });

  it("goes on behind its cursor file where retention has emptied the partition", async () => {
    const { topic, journal, start } = newScene();
    const first = start();
    const durable = journal.grow(20);
    first.advance("g0", durable);
    await until(
      () => first.stats("g0").published === durable,
      () => JSON.stringify(first.stats("g0")),
    );
    await first.stop();
    await emptyPartition(topic);
    await publishAll(start(), journal);
    const records = await readTopic(broker.address, topic);
    expect(checkPartition(records, 0, durable + 1)).toEqual({ last: journal.durable, repeats: 0 });
  });

  it("publishes again, with the same bytes, what it does not know to be published", async () => {
    const { topic, journal, start } = newScene();
    const first = start();
    await publishAll(first, journal);
    await first.stop();
    const before = (await readTopic(broker.address, topic)).map(({ headers, value }) => ({ headers, value }));
    await emptyPartition(topic);
    rmSync(join(journal.directory, CURSOR_FILE));
    await publishAll(start(), journal);
    const after = (await readTopic(broker.address, topic)).map(({ headers, value }) => ({ headers, value }));
    expect(after).toEqual(before);
  });

  it("refuses a topic with results of another journal", async () => {
    const { topic, journal, start } = newScene();
    const publisher = start();
    await publishAll(publisher, journal);
    await publisher.stop();
    const other = newScene({ seed: 2 });
    expect(await refusal(other.start({ topic }), other.journal.grow())).toContain(
      "holds results of group g0 from journal",
    );
  });

  it("refuses a topic with more than its journal has", async () => {
    const { topic, journal, start } = newScene();
    const publisher = start();
    const early = journal.grow(10);
    await publishAll(publisher, journal);
    await publisher.stop();
    expect(await refusal(start({ topic }), early)).toContain(`but its journal ends at ${early}`);
  });

  it("refuses a topic with records of someone else, and one that is compacted", async () => {
    const { topic, journal, start } = newScene();
    const kafka = testClient(broker.address);
    const admin = kafka.admin();
    await admin.connect();
    const compacted = newTopic();
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic, numPartitions: 1 },
        { topic: compacted, numPartitions: 1, configEntries: [{ name: "cleanup.policy", value: "compact" }] },
      ],
    });
    await admin.disconnect();
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    await producer.send({ topic, messages: [{ key: "g0", value: "hello" }] });
    await producer.disconnect();
    expect(await refusal(start(), journal.grow())).toContain("is no ringfence.results.v1");
    expect(await refusal(start({ topic: compacted }), journal.durable)).toContain("cleanup.policy=compact");
  });

  it("takes an unreadable cursor file for none", async () => {
    const { topic, journal, start } = newScene();
    writeFileSync(join(journal.directory, CURSOR_FILE), '{"topic":');
    await publishAll(start(), journal);
    expect(await check(topic)).toEqual({ last: journal.durable, repeats: 0 });
  });
});
