import { describe, expect, test } from "vitest";
import { FRAME_HEAD_BYTES } from "./frame.ts";
import { FRAME_BODY_BYTES_SOFT } from "./limits.ts";
import { BLOCK } from "./look-ahead.ts";
import { Machine } from "./machine.ts";
import { viewMemory } from "./memory.ts";
import { Random } from "./model/random.ts";
import type { RecordedFrame } from "./model/subject.ts";
import { Pipeline } from "./pipeline.ts";
import { QUERY_BYTES, writeQuery } from "./query.ts";
import { type Command, type Control, commandBytes, encodeCommand } from "./record-codec.ts";
import { makeRing, RingConsumer, RingProducer } from "./ring.ts";
import { ENTRY, ENTRY_HEAD_BYTES, ENTRY_KIND, ENTRY_TOKEN, ENTRY_UNITS } from "./ring-layout.ts";
import { makeStats } from "./stats.ts";

type Bucket = readonly (Command | Control)[];

const HORIZON = 2000;
const REFUSALS: readonly number[] = [ENTRY.diskFull, ENTRY.controlRefused];

/** A group's loop with real rings, whose journal keeps the frames in memory. */
class Group {
  readonly frames: RecordedFrame[] = [];
  readonly answers: { readonly kind: number; readonly token: number; readonly payload: Uint8Array }[] = [];
  isDiskFull = false;
  timeMs = 1000;
  readonly pipeline: Pipeline;
  readonly #sent: Bucket[] = [];
  readonly #commands: RingProducer;
  readonly #replies: RingConsumer;

  constructor(ringBytes: number) {
    const [ring, replyRing] = [makeRing(ringBytes), makeRing(1 << 22)];
    this.#commands = new RingProducer(ring);
    this.#replies = new RingConsumer(replyRing);
    this.pipeline = new Pipeline({
      machine: new Machine({ horizonCommands: HORIZON }),
      commands: new RingConsumer(ring),
      replies: new RingProducer(replyRing),
      journal: {
        append: (frame, info) => {
          this.frames.push({ ...info, body: frame.slice(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + info.bodyBytes) });
        },
        ensureRoom: () => !this.isDiskFull,
        idle: () => {},
      },
      stats: new Float64Array(makeStats()),
      now: () => this.timeMs,
      wake: () => {},
    });
  }

  /** Puts a bucket into the ring; returns the byte of its first record there, -1 if the ring is too full. */
  send(bucket: Bucket, kind: number = ENTRY.commands): number {
    const bytes = bytesOf(bucket);
    const start = this.#commands.claim(bytes);
    if (start < 0) return -1;
    encodeBucket(bucket, this.#commands.memory.bytes, start);
    this.#publish(kind, bucket, bytes);
    return start;
  }

  /** Asks for an account in between. */
  ask(name: string): void {
    const start = this.#commands.claim(QUERY_BYTES);
    writeQuery(this.#commands.memory, start, { partner: 1, currency: 1, name });
    this.#commands.commit({ kind: ENTRY.accounts, token: -1, count: 1, sequence: 0, timeMs: 0 }, QUERY_BYTES);
    this.#commands.publish();
  }

  #publish(kind: number, bucket: Bucket, bytes: number): void {
    const token = this.#sent.push(bucket) - 1;
    this.#commands.commit({ kind, token, count: bucket.length, sequence: 0, timeMs: 0 }, bytes);
    this.#commands.publish();
  }

  /** One turn of the loop, a millisecond later; notes the answers. */
  turn(): void {
    this.timeMs++;
    this.pipeline.turn();
    const { words, bytes } = this.#replies.memory;
    for (let start = this.#replies.next(); start >= 0; start = this.#replies.next()) {
      const w = start >>> 2;
      const payload = bytes.slice(start + ENTRY_HEAD_BYTES, start + words[w + ENTRY_UNITS]! * 8);
      this.answers.push({ kind: words[w + ENTRY_KIND]!, token: words[w + ENTRY_TOKEN]!, payload });
      this.#replies.skip();
    }
    this.#replies.release();
  }

  /** Buckets that were sent and not refused, in order. */
  get applied(): Bucket[] {
    const refused = new Set(this.answers.filter(({ kind }) => REFUSALS.includes(kind)).map(({ token }) => token));
    return this.#sent.filter((_, token) => !refused.has(token));
  }
}

function bytesOf(bucket: Bucket): number {
  return bucket.reduce((sum, one) => sum + commandBytes(one), 0);
}

function encodeBucket(bucket: Bucket, bytes: Uint8Array, start: number): void {
  let at = start;
  for (const one of bucket) at += encodeCommand(one, bytes, at);
}

function applyAlone(machine: Machine, bucket: Bucket): void {
  const bytes = bytesOf(bucket);
  const memory = viewMemory(new ArrayBuffer(bytes));
  encodeBucket(bucket, memory.bytes, 0);
  machine.applyBucket(memory, 0, bytes, bucket.length);
}

/** Holds the group's frames against those of a machine that is given every bucket by itself. */
function expectFramesOfSingleBuckets(group: Group): void {
  const machine = new Machine({ horizonCommands: HORIZON });
  const buckets = group.applied;
  let next = 0;
  for (const { body, firstSequence, timeMs, records } of group.frames) {
    machine.beginFrame(timeMs);
    while (machine.frame.records < records) applyAlone(machine, buckets[next++]!);
    const { bytes, start, end } = machine.frame;
    expect(machine.frame.firstSequence).toBe(firstSequence);
    expect(Buffer.from(body).equals(bytes.subarray(start, end)), `frame of sequence ${firstSequence}`).toBe(true);
  }
  expect(next).toBe(buckets.length);
  machine.checkInvariants();
}

const credit = (id: string, account: string, more: Partial<Command> = {}): Command => ({
  type: "credit",
  partner: 1,
  currency: 1,
  id,
  account,
  amount: { hi: 0, lo: 5 },
  ...more,
});

/** So many credits to as many accounts, with ids of one length. */
const credits = (count: number, mark: string, more: Partial<Command> = {}) =>
  Array.from({ length: count }, (_, i) => credit(`${mark}-${1000 + i}`, `${mark}-${i % 7}`, more));

const atomic = (bucket: readonly Command[]) =>
  bucket.map((one, i) => ({ ...one, atomic: true, bucketEnd: i === bucket.length - 1 }));

const CONTROL: Control = { type: "setHorizon", commands: HORIZON };

/** A bucket of 1 to 5 commands on few accounts, some of ids that were used before. */
function randomBucket(random: Random, step: number): Command[] {
  return Array.from({ length: random.between(1, 5) }, (_, i) => {
    const id = random.chance(0.1) ? `c${random.below(step + 1)}-0` : `c${step}-${i}`;
    const type = random.pick(["credit", "credit", "debit", "transfer", "hold"] as const);
    const account = `a${random.below(20)}`;
    return credit(id, account, {
      type,
      amount: { hi: 0, lo: random.between(1, 9) },
      ...(type === "transfer" ? { to: `a${20 + random.below(20)}` } : {}),
      ...(type === "hold" ? { expiresIn: 1 } : {}),
    });
  });
}

describe("buckets that wait behind each other make the frames of buckets applied one by one", () => {
  test("when a later one uses what an earlier one opens, spends or names", () => {
    const group = new Group(1 << 16);
    group.send([credit("1", "new"), credit("2", "other")]);
    group.send([credit("3", "new"), credit("4", "new", { type: "debit", amount: { hi: 0, lo: 10 } })]);
    group.send(
      [credit("1", "new"), credit("2", "new"), credit("5", "new", { type: "debit" })],
      ENTRY.commandsWithResults,
    );
    group.send([credit("6", "other", { type: "transfer", to: "third" })]);
    group.send([credit("7", "third", { type: "debit" })]);
    group.turn();
    expect(group.frames.length).toBe(1);
    expectFramesOfSingleBuckets(group);
    expect(group.answers.map(({ token }) => token)).toEqual([0, 1, 2, 3, 4]);
    const results = Buffer.from(group.answers[2]!.payload);
    expect(Buffer.from(group.frames[0]!.body).includes(results)).toBe(true);
  });

  test("when atomic buckets, control records and queries stand between them", () => {
    const group = new Group(1 << 16);
    const opening = credits(3, "opened");
    for (let round = 0; round < 3; round++) {
      group.send(credits(2, `a${round}`));
      group.send(atomic([...opening, credit(`fail-${round}`, "none", { type: "debit" })]));
      group.send(opening.slice(round));
      group.send([CONTROL], ENTRY.controlsBegin);
      group.send(credits(2, `b${round}`));
      group.ask("opened-0");
      group.send(atomic(credits(2, `c${round}`)));
      group.send(credits(1, `d${round}`));
      group.turn();
    }
    expectFramesOfSingleBuckets(group);
    expect(group.answers.filter(({ kind }) => kind === ENTRY.rows).length).toBe(3);
  });

  test.each([
    [[BLOCK]],
    [[BLOCK + 1]],
    [[1, BLOCK - 1, 1]],
    [[1, BLOCK, 1]],
    [[3, BLOCK * 2 + 5, 3, BLOCK - 3]],
    [[BLOCK - 1, 2, BLOCK - 2, 3]],
  ])("when they hold %j commands, and a block of looking ahead has 64", (counts) => {
    const group = new Group(1 << 17);
    for (const round of [1, 2]) {
      for (const [i, count] of counts.entries()) group.send(credits(count, `${round % 2}${i % 2}`));
      group.turn();
    }
    expectFramesOfSingleBuckets(group);
  });

  test("when the frame is full before they are taken, and the next frame forgets ids that they use", () => {
    const group = new Group(1 << 22);
    const memo = "m".repeat(120);
    // Each bucket repeats the first id of one that the next frame forgets.
    for (let i = 0; i < 1500; i++) {
      const again = credit(`b${1000 + Math.max(i - 150, 0)}-1000`, "again", { memo });
      group.send([...credits(9, `b${1000 + i}`, { memo }), again]);
    }
    for (let turn = 0; turn < 6; turn++) group.turn();
    expect(group.frames.length).toBeGreaterThan(2);
    expect(group.frames[0]!.body.length).toBeGreaterThanOrEqual(FRAME_BODY_BYTES_SOFT);
    expect(group.applied.length).toBe(1500);
    expectFramesOfSingleBuckets(group);
  });

  test("when those that were looked at are refused, for the disk is full, and others come in their place", () => {
    const group = new Group(1 << 22);
    const memo = "m".repeat(120);
    // A frame and some more: the last ones wait, and were looked at together with the last that fitted.
    for (let i = 0; i < 900; i++) group.send(credits(9, `b${1000 + i}`, { memo }));
    group.turn();
    const taken = group.answers.length;
    expect(taken).toBeLessThan(900);
    group.isDiskFull = true;
    group.turn();
    expect(group.applied.length).toBe(taken);
    group.isDiskFull = false;
    for (let i = 0; i < 20; i++) group.send(credits(5, `c${1000 + (i % 15)}`));
    group.turn();
    expect(group.applied.length).toBe(taken + 20);
    expectFramesOfSingleBuckets(group);
  });

  test("when those that were looked at are refused, and the ring has gone round to where they stood", () => {
    // Each bucket takes 512 bytes of the ring, so that it begins where another one did a turn round before.
    const group = new Group(1 << 21);
    const bucket = (i: number) =>
      [0, 1, 2].map((j) => credit(`${1_000_000 + i}${j}`, `a${i % 7}${j}`, { memo: "m".repeat(120) }));
    let sent = 0;
    const starts: number[] = [];
    while (sent < 2000) starts.push(group.send(bucket(sent++)));
    group.turn();
    const taken = group.answers.length;
    expect(taken).toBeLessThan(2000);
    group.isDiskFull = true;
    group.turn();
    while (starts.at(-1) !== starts[taken - 1]) {
      starts.push(group.send(bucket(sent++)));
      group.turn();
    }
    group.isDiskFull = false;
    group.send([credit("99999990", "x00", { memo: "m".repeat(120) }), ...bucket(sent).slice(1)]);
    group.turn();
    group.send([credit("99999990", "x00", { memo: "m".repeat(120) })]);
    group.turn();
    expectFramesOfSingleBuckets(group);
  });

  test("when control records were refused for want of disk, and their rest stands behind them", () => {
    const group = new Group(1 << 14);
    const define = (partner: number, kind: number) => group.send([{ type: "definePartner", partner, id: "x" }], kind);
    group.isDiskFull = true;
    define(7, ENTRY.controlsBegin);
    group.turn();
    group.isDiskFull = false;
    define(8, ENTRY.control);
    group.send([credit("1", "a", { partner: 7 })]);
    group.turn();
    const { controlRefused, diskFull, taken } = ENTRY;
    expect(group.answers.map(({ kind }) => kind)).toEqual([controlRefused, controlRefused, diskFull]);
    define(7, ENTRY.controlsBegin);
    define(8, ENTRY.control);
    group.send([credit("2", "a", { partner: 7 })]);
    group.turn();
    expect(group.answers.slice(3).map(({ kind }) => kind)).toEqual([taken]);
  });

  test.each([1, 2, 3])(
    "in a random history (%i), in a small ring that goes round many times, with a disk that fills up",
    (seed) => {
      const random = new Random(seed);
      const group = new Group(1 << 14);
      for (let step = 0; step < 6000; step++) {
        const bucket = randomBucket(random, step);
        const kind = random.chance(0.2) ? ENTRY.commandsWithResults : ENTRY.commands;
        if (random.chance(0.05)) group.send([CONTROL], ENTRY.controlsBegin);
        if (random.chance(0.01)) group.send(credits(BLOCK + 6, `long${step}`));
        group.send(random.chance(0.2) ? atomic(bucket) : bucket, kind);
        if (!random.chance(0.15)) continue;
        group.isDiskFull = random.chance(0.1);
        group.turn();
      }
      group.turn();
      expect(group.answers.some(({ kind }) => kind === ENTRY.controlRefused)).toBe(true);
      expectFramesOfSingleBuckets(group);
    },
  );
});
