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

/** Tokens of the entry at `start` and of all those that are known to stand behind it. */
function tokensFrom(consumer: RingConsumer, start: number): number[] {
  const tokens: number[] = [];
  for (let at = start; at >= 0; at = consumer.following(at))
    tokens.push(consumer.memory.words[(at >>> 2) + ENTRY_TOKEN]!);
  return tokens;
}

/** Sends 1 to 4 entries of many sizes, then walks from each of them to the end, then takes them. */
function walkBatch(producer: RingProducer, consumer: RingConsumer, batch: number): void {
  const sizes = Array.from({ length: 1 + (batch % 4) }, (_, i) => 8 * (1 + ((batch * 7 + i * 5) % 20)));
  for (const [token, bytes] of sizes.entries()) expect(send(producer, token, bytes)).toBe(true);
  for (const [token, bytes] of sizes.entries()) {
    const expected = sizes.map((_, one) => one).slice(token);
    expect(tokensFrom(consumer, consumer.next())).toEqual(expected);
    expect(receive(consumer, bytes)).toBe(token);
  }
  expect(consumer.next()).toBe(-1);
  consumer.release();
}

describe("the entries that follow one", () => {
  test("are those published behind it, in order, over pads and many turns round", () => {
    const ring = makeRing(1024);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    for (let batch = 0; batch < 2000; batch++) walkBatch(producer, consumer, batch);
  });

  test("are found from any entry, in a ring that is full to the last byte", () => {
    const ring = makeRing(512);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    // Starts in the middle, so that the fill goes round.
    for (const token of [90, 91]) {
      send(producer, token, 96);
      receive(consumer, 96);
    }
    consumer.release();
    for (const token of [1, 2, 3, 4]) expect(send(producer, token, 96)).toBe(true);
    expect(send(producer, 5, 8)).toBe(false);
    const first = consumer.next();
    expect(tokensFrom(consumer, first)).toEqual([1, 2, 3, 4]);
    expect(tokensFrom(consumer, consumer.following(consumer.following(first)))).toEqual([3, 4]);
  });

  test("are known only when the consumer has looked since they were published", () => {
    const ring = makeRing(512);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    send(producer, 1, 64);
    const first = consumer.next();
    send(producer, 2, 64);
    send(producer, 3, 64);
    expect(tokensFrom(consumer, first)).toEqual([1]);
    expect(receive(consumer, 64)).toBe(1);
    expect(tokensFrom(consumer, consumer.next())).toEqual([2, 3]);
  });

  test("are none when only a pad follows", () => {
    const ring = makeRing(256);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    send(producer, 1, 64);
    receive(consumer, 64);
    consumer.release();
    send(producer, 2, 64);
    // Too long for the rest of the ring: a pad is written, and no entry behind it.
    expect(producer.claim(48)).toBe(ENTRY_HEAD_BYTES);
    producer.publish();
    expect(tokensFrom(consumer, consumer.next())).toEqual([2]);
    expect(receive(consumer, 64)).toBe(2);
    expect(consumer.next()).toBe(-1);
  });

  test("are the same when the count of units goes round at 2^32", () => {
    const ring = makeRing(1 << 20);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    // 2^16 - 1 entries of 2^16 units; their payload is never written.
    for (let sent = 1; sent < 2 ** 16; sent++) {
      producer.claim((1 << 19) - ENTRY_HEAD_BYTES);
      producer.commit(HEAD, (1 << 19) - ENTRY_HEAD_BYTES);
      producer.publish();
      expect(consumer.next()).toBeGreaterThanOrEqual(0);
      consumer.skip();
      consumer.release();
    }
    for (let batch = 0; batch < 6000; batch++) walkBatch(producer, consumer, batch);
    // That it went round: fewer units are counted than were sent before the batches.
    expect(new Int32Array(ring)[0]! >>> 0).toBeLessThan(2 ** 31);
  });
});
