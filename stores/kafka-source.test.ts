import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasBroker, type KafkaBroker, startBroker } from "../results/testing/kafka-broker.ts";
import { Applier } from "./applier.ts";
import { KafkaSource, reasonOf, steer } from "./kafka-source.ts";
import type { MessageSink, Outcome } from "./source.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";
import { history, JOURNAL, storeBalances } from "./testing/history.ts";

const isThere = hasBroker();
let topics = 0;

/** As kafkajs makes it; its types do not know that it takes a message. */
const noCoordinator = () =>
  Reflect.construct(kafkajs.KafkaJSGroupCoordinatorNotFound, ["Failed to find group coordinator"]) as Error;

test("a consumer that is not running is not steered, and any other fault is thrown", () => {
  const consumer = new Kafka({ brokers: ["127.0.0.1:1"], logLevel: logLevel.NOTHING }).consumer({ groupId: "g" });
  const pause = () => consumer.pause([{ topic: "results", partitions: [0] }]);
  expect(pause).toThrow("Consumer group was not initialized");
  expect(() => steer(pause)).not.toThrow();
  const broken = () => {
    throw new TypeError("broken");
  };
  expect(() => steer(broken)).toThrow("broken");
});

test("where no broker told the group's coordinator, the reason is why it cannot be reached; other errors are told as they are", async () => {
  const kafka = new Kafka({ brokers: ["127.0.0.1:1"], logLevel: logLevel.NOTHING });
  const hidden = noCoordinator();
  expect(await reasonOf(hidden, kafka)).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
  const other = new TypeError("broken");
  expect(await reasonOf(other, kafka)).toBe(other);
});

describe.skipIf(!isThere)("a store that follows a real topic", () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startBroker();
  }, 300_000);
  afterAll(() => broker?.stop());

  const config = () => ({ brokers: broker.address.split(","), logLevel: logLevel.NOTHING });

  const newName = () => `stores-${process.pid}-${Date.now()}-${topics++}`;

  async function newTopic(): Promise<string> {
    const topic = newName();
    await create(topic);
    return topic;
  }

  async function create(topic: string): Promise<void> {
    const admin = new Kafka(config()).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
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
    let missed = 0;
    const onMissing = () => void missed++;
    const source = new KafkaSource({ kafka: config(), topic, consumerGroup: topic, onMissing });
    const running = source.run(applier, ending.signal);
    const stop = async () => {
      ending.abort();
      await running;
    };
    onTestFinished(stop);
    return { alarms, stop, missed: () => missed };
  }

  const caughtUp = (store: Store, sequence: number) =>
    expect.poll(async () => (await store.watermark("g0")).sequence, { timeout: 30_000 }).toBe(sequence);

  test("a coordinator that was not found while Kafka can be reached is told as it is", async () => {
    const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
    const error = noCoordinator();
    expect(await reasonOf(error, kafka)).toBe(error);
  });

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

  test("a store that is started before its topic waits for it", async () => {
    const topic = newName();
    const { messages, results, balances } = history(11, 500);
    const store = await open();
    const { alarms, stop, missed } = follow(topic, store);
    await expect.poll(missed, { timeout: 30_000 }).toBe(1);
    await sleep(1000);
    await create(topic);
    await publish(topic, messages);
    await caughtUp(store, results.length);
    expect(await storeBalances(store)).toEqual(balances);
    expect(alarms).toEqual([]);
    expect(missed()).toBe(1);
    await stop();
  });

  test("a store that waits for its topic ends when it is told to", async () => {
    const { stop, missed } = follow(newName(), await open());
    await expect.poll(missed, { timeout: 30_000 }).toBe(1);
    await stop();
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

  describe("handed to a sink", () => {
    /** What was handed over, by the sequences in it; each call ends when the test says how. */
    function slowSink() {
      const calls: { readonly first: number[]; end(outcome: Outcome): void }[] = [];
      const take: MessageSink["take"] = (_, messages) => {
        if (messages.length === 0) return Promise.resolve({ kind: "applied" });
        return new Promise((resolve) => {
          calls.push({ first: messages.map(({ value }) => JSON.parse(value).first), end: resolve });
        });
      };
      return { calls, sink: { take } };
    }

    /** Runs a source into the sink; nothing is left to wait for when the test ends. */
    function run(topic: string, sink: MessageSink) {
      const ending = new AbortController();
      const running = new KafkaSource({ kafka: config(), topic, consumerGroup: topic }).run(sink, ending.signal);
      return async () => {
        ending.abort();
        await running;
      };
    }

    const committed = async (topic: string) => {
      const admin = new Kafka(config()).admin();
      await admin.connect();
      const [found] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
      await admin.disconnect();
      return Number(found!.partitions[0]!.offset);
    };

    const until = (what: () => unknown, value: unknown) => expect.poll(what, { timeout: 30_000 }).toEqual(value);
    const firsts = (calls: readonly { readonly first: number[] }[]) => calls.map(({ first }) => first);

    test("one lot is handed over while the one before is applied, not more; offsets are committed behind what is applied", async () => {
      const topic = await newTopic();
      const [one, two, three] = history(11, 3000).messages;
      const [first, second, third] = [one, two, three].map((value) => JSON.parse(value!).first as number);
      const { calls, sink } = slowSink();
      const stop = run(topic, sink);
      await publish(topic, [one!]);
      await until(() => firsts(calls), [[first]]);
      await publish(topic, [two!]);
      await until(() => firsts(calls), [[first], [second]]);
      await publish(topic, [three!]);
      await sleep(1500);
      expect(firsts(calls)).toEqual([[first], [second]]);
      expect(await committed(topic)).toBe(-1);
      calls[0]!.end({ kind: "applied" });
      await until(() => firsts(calls), [[first], [second], [third]]);
      await until(() => committed(topic), 1);
      // It ends with what was handed over, and commits it.
      const stopped = stop();
      calls[1]!.end({ kind: "applied" });
      calls[2]!.end({ kind: "applied" });
      await stopped;
      expect(await committed(topic)).toBe(3);
    });

    test("what is not applied comes again, and behind it what was handed over already", async () => {
      const topic = await newTopic();
      const values = history(12, 3000).messages.slice(0, 3);
      const [first, second, third] = values.map((value) => JSON.parse(value).first as number);
      const { calls, sink } = slowSink();
      const stop = run(topic, sink);
      await publish(topic, values.slice(0, 1));
      await until(() => firsts(calls), [[first]]);
      await publish(topic, values.slice(1, 2));
      await until(() => firsts(calls), [[first], [second]]);
      await publish(topic, values.slice(2));
      calls[0]!.end({ kind: "retry" });
      await sleep(1500);
      // Nothing comes before the one behind has ended, too.
      expect(calls).toHaveLength(2);
      calls[1]!.end({ kind: "skipped" });
      await until(() => calls.slice(2).flatMap((call) => call.first), [first, second, third]);
      expect(await committed(topic)).toBe(-1);
      const stopped = stop();
      for (const call of calls.slice(2)) call.end({ kind: "applied" });
      await stopped;
      expect(await committed(topic)).toBe(3);
    });

    test("a rewind hands everything over again from the oldest message", async () => {
      const topic = await newTopic();
      const values = history(13, 3000).messages.slice(0, 2);
      const [first, second] = values.map((value) => JSON.parse(value).first as number);
      const { calls, sink } = slowSink();
      const stop = run(topic, sink);
      await publish(topic, values.slice(0, 1));
      await until(() => firsts(calls), [[first]]);
      calls[0]!.end({ kind: "applied" });
      await until(() => committed(topic), 1);
      await publish(topic, values.slice(1));
      await until(() => firsts(calls), [[first], [second]]);
      calls[1]!.end({ kind: "rewind", after: 0 });
      await until(() => calls.slice(2).flatMap((call) => call.first), [first, second]);
      const stopped = stop();
      for (const call of calls.slice(2)) call.end({ kind: "applied" });
      await stopped;
    });

    test("behind a stop nothing more is handed over", async () => {
      const topic = await newTopic();
      const values = history(14, 3000).messages.slice(0, 3);
      const { calls, sink } = slowSink();
      const stop = run(topic, sink);
      await publish(topic, values.slice(0, 1));
      await until(() => calls.length, 1);
      await publish(topic, values.slice(1, 2));
      await until(() => calls.length, 2);
      calls[0]!.end({ kind: "stop" });
      calls[1]!.end({ kind: "skipped" });
      await publish(topic, values.slice(2));
      await sleep(2500);
      expect(calls).toHaveLength(2);
      expect(await committed(topic)).toBe(-1);
      await stop();
    });
  });
});
