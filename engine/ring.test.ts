import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { makeRing, RingConsumer, RingProducer } from "./ring.ts";
import { ENTRY_HEAD_BYTES, ENTRY_TOKEN } from "./ring-layout.ts";

const HEAD = { kind: 1, token: 0, count: 1, sequence: 0, timeMs: 0 };

function send(producer: RingProducer, token: number, bytes: number): boolean {
  const start = producer.claim(bytes);
  if (start < 0) return false;
  producer.memory.bytes.fill(token & 0xff, start, start + bytes);
  producer.commit({ ...HEAD, token }, bytes);
  producer.publish();
  return true;
}

/** Token of the next entry whose bytes all say so, or undefined when there is none. */
function receive(consumer: RingConsumer, bytes: number): number | undefined {
  const start = consumer.next();
  if (start < 0) return undefined;
  const token = consumer.memory.words[(start >>> 2) + ENTRY_TOKEN]!;
  const payload = consumer.memory.bytes.subarray(start + ENTRY_HEAD_BYTES, start + ENTRY_HEAD_BYTES + bytes);
  expect(payload.every((byte) => byte === (token & 0xff))).toBe(true);
  consumer.skip();
  return token;
}

describe("a ring", () => {
  test("hands entries over whole and in order, over many turns round", () => {
    const ring = makeRing(1024);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    for (let token = 0; token < 5000; token++) {
      const bytes = 8 * (1 + (token % 20));
      expect(send(producer, token, bytes)).toBe(true);
      expect(receive(consumer, bytes)).toBe(token);
      consumer.release();
    }
    expect(consumer.next()).toBe(-1);
  });

  test("refuses a claim that would overwrite what was not released, and takes it afterwards", () => {
    const ring = makeRing(256);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    expect(send(producer, 1, 96)).toBe(true);
    expect(send(producer, 2, 64)).toBe(true);
    expect(send(producer, 3, 64)).toBe(false);
    expect(receive(consumer, 96)).toBe(1);
    expect(send(producer, 3, 64)).toBe(false);
    consumer.release();
    expect(send(producer, 3, 64)).toBe(true);
    expect(receive(consumer, 64)).toBe(2);
    expect(receive(consumer, 64)).toBe(3);
  });

  test("shows nothing of a claim that was not published", () => {
    const ring = makeRing(256);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    producer.claim(64);
    producer.commit({ ...HEAD, token: 9 }, 64);
    expect(consumer.next()).toBe(-1);
    producer.abandon();
    send(producer, 4, 64);
    expect(receive(consumer, 64)).toBe(4);
    expect(consumer.next()).toBe(-1);
  });

  test("tells the producer once that the consumer sleeps, and lets it sleep only when nothing is there", () => {
    const ring = makeRing(256);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    expect(consumer.sleep()).toBe(true);
    producer.claim(8);
    producer.commit(HEAD, 8);
    expect(producer.publish()).toBe(true);
    producer.claim(8);
    producer.commit(HEAD, 8);
    expect(producer.publish()).toBe(false);
    expect(consumer.sleep()).toBe(false);
  });

  test("keeps order and content between two threads that race", async () => {
    const ring = makeRing(1 << 14);
    const total = 200_000;
    const module = JSON.stringify(new URL("./ring.ts", import.meta.url).href);
    const worker = new Worker(
      `const { workerData } = require("node:worker_threads");
       import(${module}).then(({ RingProducer }) => {
         const producer = new RingProducer(workerData);
         for (let token = 0; token < ${total}; ) {
           const bytes = 8 * (1 + (token % 13));
           const start = producer.claim(bytes);
           if (start < 0) continue;
           producer.memory.bytes.fill(token & 0xff, start, start + bytes);
           producer.commit({ kind: 1, token, count: 1, sequence: 0, timeMs: 0 }, bytes);
           producer.publish();
           token++;
         }
       });`,
      { eval: true, workerData: ring },
    );
    const consumer = new RingConsumer(ring);
    for (let expected = 0; expected < total; ) {
      const start = consumer.next();
      if (start < 0) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const token = consumer.memory.words[(start >>> 2) + ENTRY_TOKEN]!;
      const last = consumer.memory.bytes[start + ENTRY_HEAD_BYTES + 8 * (1 + (token % 13)) - 1]!;
      if (token !== expected || last !== (token & 0xff)) throw new Error(`entry ${token} where ${expected} was due`);
      consumer.skip();
      if (++expected % 7 === 0) consumer.release();
      if (expected % 1000 === 0) consumer.release();
    }
    await worker.terminate();
  });
});
