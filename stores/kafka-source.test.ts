import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasBroker, type KafkaBroker, startBroker } from "../results/testing/kafka-broker.ts";
import { Applier } from "./applier.ts";
import { KafkaSource } from "./kafka-source.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";
import { history, JOURNAL, storeBalances } from "./testing/history.ts";

const isThere = hasBroker();
let topics = 0;

describe.skipIf(!isThere)("a store that follows a real topic", () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startBroker();
  }, 300_000);
  afterAll(() => broker?.stop());

  const config = () => ({ brokers: broker.address.split(","), logLevel: logLevel.NOTHING });

  async function newTopic(): Promise<string> {
    const topic = `stores-${process.pid}-${Date.now()}-${topics++}`;
    const admin = new Kafka(config()).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    return topic;
  }

  async function publish(topic: string, values: readonly string[], type = "ringfence.results.v1"): Promise<void> {
    const producer = new Kafka(config()).producer({ idempotent: true });
    await producer.connect();
    const headers = { ce_type: type, rf_journal: JOURNAL };
    for (let at = 0; at < values.length; at += 20) {
      await producer.send({
        topic,
        messages: values.slice(at, at + 20).map((value) => ({ key: "g0", value, headers })),
      });
    }
    await producer.disconnect();
  }

  async function open(): Promise<Store> {
    const store = new SqliteStore({ path: ":memory:" });
    await store.prepare();
    onTestFinished(() => store.close());
    return store;
  }

  /** Follows the topic into the store until the returned function is called. */
  function follow(topic: string, store: Store) {
    const ending = new AbortController();
    const alarms: string[] = [];
    const quiet = () => {};
    const applier = new Applier({
      store,
      log: { info: quiet, warn: quiet, error: (_, text) => void alarms.push(text) },
    });
    const source = new KafkaSource({ kafka: config(), topic, consumerGroup: topic });
    const running = source.run(applier, ending.signal);
    const stop = async () => {
      ending.abort();
      await running;
    };
    onTestFinished(stop);
    return { alarms, stop };
  }

  const caughtUp = (store: Store, sequence: number) =>
    expect.poll(async () => (await store.watermark("g0")).sequence, { timeout: 30_000 }).toBe(sequence);

  test("ends with the engine's balances, goes on after a restart, and passes repeats over", async () => {
    const topic = await newTopic();
    const { messages, results, balances } = history(8, 5000);
    const half = messages.length >> 1;
    await publish(topic, messages.slice(0, half));
    const store = await open();
    const first = follow(topic, store);
    await caughtUp(store, JSON.parse(messages[half]!).first - 1);
    await first.stop();
    await publish(topic, messages.slice(half - 3));
    const second = follow(topic, store);
    await caughtUp(store, results.length);
    expect(await storeBalances(store)).toEqual(balances);
    expect([...first.alarms, ...second.alarms]).toEqual([]);
  });

  test("a store that lost everything behind the committed offset fills itself again from the topic", async () => {
    const topic = await newTopic();
    const { messages, results, balances } = history(9, 3000);
    await publish(topic, messages.slice(0, -1));
    const store = await open();
    const { alarms } = follow(topic, store);
    await caughtUp(store, results.length - JSON.parse(messages.at(-1)!).count);
    await store.reset("g0");
    await publish(topic, messages.slice(-1));
    await caughtUp(store, results.length);
    expect(await storeBalances(store)).toEqual(balances);
    expect(alarms).toEqual([]);
  });

  test("a message that is missing stops the group with an alarm, and nothing behind it is applied", async () => {
    const topic = await newTopic();
    const { messages } = history(10, 2000);
    const gap = messages.length >> 1;
    await publish(topic, messages.toSpliced(gap, 1));
    const store = await open();
    const { alarms } = follow(topic, store);
    await expect.poll(() => alarms, { timeout: 30_000 }).toEqual([expect.stringContaining("are missing")]);
    expect((await store.watermark("g0")).sequence).toBe(JSON.parse(messages[gap]!).first - 1);
  });
});
