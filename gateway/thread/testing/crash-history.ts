/**
 * A group's whole path on any file layer: generated commands through ring, Pipeline, Journal and Snapshotter, with restarts by the
 * real recovery between. What it must come to is known from one run without faults, so that each crash can be held against it.
 */
import assert from "node:assert";
import { createHash } from "node:crypto";
import {
  CODE,
  type Command,
  type Control,
  commandBytes,
  decodeRecord,
  eachRecord,
  encodeCommand,
  FRAME_HEAD_BYTES,
  isControl,
  Machine,
  makeRing,
  makeStats,
  Pipeline,
  QUERY_BYTES,
  type Result,
  RingConsumer,
  RingProducer,
  ringLayout,
  viewMemory,
  writeQuery,
} from "../../../engine/index.ts";
import { type Bucket, CURRENCIES, Generator, PARTNERS } from "../../../engine/model/generate.ts";
import { Model } from "../../../engine/model/model.ts";
import { DamageError, type FileLayer, type Journal, verify } from "../../../journal/index.ts";
import type { CrashScenario, HistoryLog } from "../../../journal/testing/crash-points.ts";
import { MemoryDisk } from "../../../journal/testing/memory-disk.ts";
import { recover } from "../recovery.ts";
import { Snapshotter } from "../snapshots.ts";

const { ENTRY } = ringLayout;
const DIRECTORY = "/disk/g0";
const GROUP = "g0";
const HORIZON = 5000;

/** Small segments, so that a history of some frames rotates; and the room that its frames need, instead of 8 MiB. */
const SEGMENT_BYTES = 24 << 10;
const ROOM_BYTES = 8 << 10;

/** Commands of one frame at most: with their results they stay below ROOM_BYTES. */
const FRAME_COMMANDS_MAX = 24;

/** Newest ids that are asked for after each recovery. */
const ASKED_IDS = 24;

/** One turn of the loop: what stands in the ring then, at one time. */
interface Step {
  readonly timeMs: number;
  readonly buckets: readonly Bucket[];
}

/** A frame as the run without faults wrote it, and the state's hash behind it. */
interface Expected {
  readonly step: number;
  readonly body: Uint8Array;
  readonly firstSequence: number;
  readonly count: number;
  readonly records: number;
  readonly timeMs: number;
  readonly stateHash: string;
  /** Name of the effect for the crash explorer. */
  readonly name: string;
}

export interface CrashHistoryOptions {
  readonly seed: number;
  /** Turns between two restarts, and restarts. */
  readonly turns: number;
  readonly rounds: number;
  /** A snapshot is begun so many turns before the end of each round, and goes on beside them. */
  readonly snapshotTurns?: number;
}

function generate(seed: number, steps: number): Step[] {
  const model = new Model(HORIZON);
  const generator = new Generator(seed, model);
  return Array.from({ length: steps }, () => {
    const timeMs = generator.nextTime();
    model.frame(timeMs);
    const buckets: Bucket[] = [];
    let room = FRAME_COMMANDS_MAX;
    for (let left = 1 + generator.itemsInFrame(); left > 0; left--) {
      const item = generator.nextItem();
      if (typeof item === "number" || item.commands.length > room) continue;
      room -= item.commands.length;
      model.bucket(item.commands, item.atomic);
      buckets.push(item);
    }
    return { timeMs, buckets };
  });
}

const DEFINITIONS: readonly Control[] = [
  { type: "setHorizon", commands: HORIZON },
  ...PARTNERS.map((partner): Control => ({ type: "definePartner", partner, id: `p${partner}` })),
  ...CURRENCIES.map((currency): Control => ({ type: "defineCurrency", ...currency })),
];

interface Answer {
  readonly kind: number;
  readonly count: number;
  readonly sequence: number;
  readonly timeMs: number;
  readonly payload: Uint8Array;
}

/** A group in service on a layer: the thread's parts without its thread. */
class Running {
  readonly machine: Machine;
  readonly journal: Journal;
  readonly snapshots: Snapshotter;
  readonly #commands: RingProducer;
  readonly #replies: RingConsumer;
  readonly #pipeline: Pipeline;
  #timeMs = 0;
  isFull = false;

  constructor(layer: FileLayer, onFrame: (frame: Uint8Array, info: Omit<Expected, "step" | "body" | "name">) => void) {
    const nothing = () => {};
    const options = { directory: DIRECTORY, group: GROUP, segmentBytes: SEGMENT_BYTES, layer, seed: 7 };
    const recovered = recover({ ...options, onEvent: nothing, onProgress: nothing });
    const { machine, journal, snapshotSequence, refusedSnapshots } = recovered;
    this.machine = machine;
    this.journal = journal;
    const ring = makeRing(1 << 16);
    const replies = makeRing(1 << 18);
    this.#commands = new RingProducer(ring);
    this.#replies = new RingConsumer(replies);
    this.#pipeline = new Pipeline({
      machine,
      journal: {
        append: (frame, info) => {
          assert(info.bodyBytes <= ROOM_BYTES);
          journal.append(frame, info);
          const body = frame.slice(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + info.bodyBytes);
          onFrame(body, { ...info, stateHash: machine.stateHash() });
        },
        // A disk that was full stays full: otherwise a later bucket of the turn might be taken where an earlier one was not.
        ensureRoom: (bytes) => {
          this.isFull ||= !journal.ensureRoom(Math.min(bytes, ROOM_BYTES));
          return !this.isFull;
        },
        idle: () => journal.idle(),
      },
      commands: new RingConsumer(ring),
      replies: new RingProducer(replies),
      stats: new Float64Array(makeStats()),
      now: () => this.#timeMs,
      wake: nothing,
    });
    const folder = { directory: DIRECTORY, group: GROUP, layer, retainSegments: 1, refusedSnapshots };
    this.snapshots = new Snapshotter({ ...folder, machine, journal, onEvent: nothing }, snapshotSequence);
  }

  send(kind: number, records: readonly (Command | Control)[]): void {
    const bytes = records.reduce((sum, record) => sum + commandBytes(record), 0);
    const start = this.#commands.claim(bytes);
    assert(start >= 0);
    let at = start;
    for (const record of records) at += encodeCommand(record, this.#commands.memory.bytes, at);
    this.#commands.commit({ kind, token: 0, count: records.length, sequence: 0, timeMs: 0 }, bytes);
    this.#commands.publish();
  }

  /** One turn; returns the published answers. */
  turn(timeMs: number): Answer[] {
    this.#timeMs = Math.max(timeMs, this.machine.state.timeMs);
    this.#pipeline.turn();
    return this.published();
  }

  /** The answers that the gateway can see; there may be none after a turn that threw. */
  published(): Answer[] {
    const { words, floats, bytes } = this.#replies.memory;
    const answers: Answer[] = [];
    for (let start = this.#replies.next(); start >= 0; start = this.#replies.next()) {
      const w = start >>> 2;
      const end = start + words[w + ringLayout.ENTRY_UNITS]! * 8;
      answers.push({
        kind: words[w + ringLayout.ENTRY_KIND]!,
        count: words[w + ringLayout.ENTRY_COUNT]!,
        sequence: floats[(w >>> 1) + ringLayout.ENTRY_SEQUENCE]!,
        timeMs: floats[(w >>> 1) + ringLayout.ENTRY_TIME]!,
        payload: bytes.slice(start + ringLayout.ENTRY_HEAD_BYTES, end),
      });
      this.#replies.skip();
    }
    this.#replies.release();
    return answers;
  }

  /** The remembered record of a command, with its first sequence; through the ring, as GET /v1/commands asks. */
  ask(partner: number, id: string): { sequence: number; timeMs: number; record: Uint8Array } | undefined {
    const start = this.#commands.claim(QUERY_BYTES);
    writeQuery(this.#commands.memory, start, { partner, currency: 0, name: id });
    this.#commands.commit({ kind: ENTRY.command, token: 0, count: 1, sequence: 0, timeMs: 0 }, QUERY_BYTES);
    this.#commands.publish();
    const [answer] = this.turn(Number.NEGATIVE_INFINITY);
    if (answer?.count !== 1) return undefined;
    return { sequence: answer.sequence, timeMs: answer.timeMs, record: answer.payload };
  }
}

/** A history with what it must come to. */
export class CrashHistory implements CrashScenario {
  readonly #options: CrashHistoryOptions;
  readonly #steps: readonly Step[];
  #expected: Expected[] = [];
  /** Frames in which each step ends: the index of the first frame of later steps. */
  readonly #framesAfter: number[] = [];
  /** The first result of each id, in order. */
  readonly #first: Result[] = [];
  /** A promise that was broken while the history ran. */
  #broken: assert.AssertionError | undefined;
  /** Results that were held against what was recovered. */
  checkedResults = 0;

  private constructor(options: CrashHistoryOptions) {
    this.#options = options;
    this.#steps = generate(options.seed, options.turns * options.rounds);
  }

  /** Runs the history once without a fault and keeps every frame. */
  static async make(options: CrashHistoryOptions): Promise<CrashHistory> {
    const history = new CrashHistory(options);
    const frames: Expected[] = [];
    await history.#run(new MemoryDisk(), undefined, (frame) => {
      frames.push(frame);
    });
    // The hashes are not those of the machine that wrote the frames, but of one that was fed nothing else.
    const plain = new Machine({ seed: 1234 });
    history.#expected = frames.map((frame) => {
      plain.replayFrame(frame.body, frame.firstSequence, frame.timeMs, frame.records);
      assert.equal(plain.stateHash(), frame.stateHash);
      return frame;
    });
    history.#noteFirstResults();
    history.#steps.forEach((_, step) => {
      history.#framesAfter.push(frames.filter((frame) => frame.step <= step).length);
    });
    return history;
  }

  #noteFirstResults(): void {
    const known = new Set<string>();
    for (const { body, firstSequence, timeMs } of this.#expected) {
      for (const result of eachRecord(body, firstSequence, timeMs)) {
        if (isControl(result) || result.command.type === "expire" || result.code === "ID_REUSED") continue;
        const key = `${result.command.partner}/${result.command.id}`;
        if (known.has(key)) continue;
        known.add(key);
        this.#first.push(result);
      }
    }
  }

  async run(layer: FileLayer, log: HistoryLog): Promise<void> {
    try {
      await this.#run(layer, log, undefined);
    } catch (error) {
      // The explorer takes whatever is thrown after a fault for the fault's doing.
      if (error instanceof assert.AssertionError) this.#broken = error;
      throw error;
    }
  }

  async #run(
    layer: FileLayer,
    log: HistoryLog | undefined,
    onFrame: ((frame: Expected) => void) | undefined,
  ): Promise<void> {
    const { turns, rounds, snapshotTurns } = this.#options;
    for (let round = 0; round < rounds; round++) {
      let step = round * turns;
      const running = new Running(layer, (body, info) => {
        const name = `${info.firstSequence}+${info.count} ${sha(body)}`;
        onFrame?.({ ...info, step, body, name });
      });
      let snapshot: Promise<unknown> = Promise.resolve();
      for (; step < (round + 1) * turns; step++) {
        this.#turn(running, step, log);
        // A failed snapshot does not stop a group.
        if ((round + 1) * turns - step === snapshotTurns) snapshot = running.snapshots.take().catch(() => {});
        for (let i = 0; i < 6; i++) await Promise.resolve();
      }
      await snapshot;
      running.journal.close();
    }
  }

  #turn(running: Running, step: number, log: HistoryLog | undefined): void {
    const { timeMs, buckets } = this.#steps[step]!;
    const frames = this.#expected.slice(this.#framesAfter[step - 1] ?? 0, this.#framesAfter[step]);
    log?.attempted.push(...frames.map((frame) => frame.name));
    if (step === 0) running.send(ENTRY.control, DEFINITIONS);
    for (const { commands } of buckets) running.send(ENTRY.commandsWithResults, commands);
    const before = running.machine.sequence;
    const answers = this.#answersOf(running, timeMs);
    if (log === undefined) return;
    assert.equal(answers.length, buckets.length, "each bucket is answered once");
    if (running.isFull) {
      assert(answers.every(({ kind }) => kind === ENTRY.diskFull) && running.machine.sequence === before);
      // The group lives on, but this history's later commands would meet another state.
      throw new Error("the disk is full");
    }
    for (const answer of answers) {
      assert.equal(answer.kind, ENTRY.results);
      const whole = frames.find((frame) => answer.sequence < frame.firstSequence + frame.count)!;
      assert(Buffer.from(whole.body).includes(Buffer.from(answer.payload)), "an answer's results stand in the frame");
    }
    log.acknowledged.push(...frames.map((frame) => frame.name));
  }

  #answersOf(running: Running, timeMs: number): Answer[] {
    try {
      return running.turn(timeMs);
    } catch (error) {
      assert.deepEqual(running.published(), [], "nothing leaves a group before its frame is durable");
      throw error;
    }
  }

  recover(layer: FileLayer): string[] {
    if (this.#broken !== undefined) throw this.#broken;
    const running = new Running(layer, () => {});
    const { machine } = running;
    const count = this.#expected.findLastIndex((f) => f.firstSequence + f.count - 1 <= machine.sequence) + 1;
    const survived = this.#expected.slice(0, count);
    const last = survived.at(-1);
    assert.equal(machine.sequence, last === undefined ? 0 : last.firstSequence + last.count - 1, "a frame is whole");
    if (last !== undefined) assert.equal(machine.stateHash(), last.stateHash, "the state is that of the prefix");
    machine.checkInvariants();
    this.#checkFrames(layer, survived);
    this.#checkRemembered(running, last);
    // The group goes on: a frame without a sequence shows it without disturbing what is compared later.
    running.send(ENTRY.control, [{ type: "setHorizon", commands: HORIZON }]);
    running.turn(machine.state.timeMs);
    running.journal.close();
    if (last !== undefined) this.#checkRepeats(machine, last);
    return survived.map((frame) => frame.name);
  }

  /** What an independent reader finds in the segments that are left is byte for byte what was written. */
  #checkFrames(layer: FileLayer, survived: readonly Expected[]): void {
    const bySequence = new Map(survived.map((frame) => [frame.firstSequence, frame]));
    const found = verify(DIRECTORY, {
      layer,
      group: GROUP,
      snapshots: false,
      onFrame: (info, body) => {
        if (info.count === 0) return;
        const expected = bySequence.get(info.firstSequence);
        assert(expected !== undefined && Buffer.compare(expected.body, body) === 0, "a frame is what was written");
      },
    });
    if (!found.ok) throw new DamageError(found.report);
    const last = survived.at(-1);
    assert.equal(found.sequence, last === undefined ? 0 : last.firstSequence + last.count - 1);
  }

  /** The newest ids are known, with the first sequence and the first result. */
  #checkRemembered(running: Running, last: Expected | undefined): void {
    const through = last === undefined ? 0 : last.firstSequence + last.count - 1;
    const newest = this.#first.findLastIndex(({ sequence }) => sequence <= through) + 1;
    for (const first of this.#first.slice(Math.max(0, newest - ASKED_IDS), newest)) {
      const { partner, id } = first.command;
      const answer = running.ask(partner, id);
      assert(answer !== undefined, `command ${id} is remembered`);
      assert.deepEqual(decodeRecord(answer.record, 0, answer.sequence, answer.timeMs), first);
      this.checkedResults++;
    }
  }

  /** Sent again after the recovery, the newest commands change nothing. On the machine alone: the journal is closed. */
  #checkRepeats(machine: Machine, { step }: Expected): void {
    const bucket = this.#steps[step]!.buckets.findLast(({ atomic }) => !atomic);
    if (bucket === undefined) return;
    const memory = viewMemory(new ArrayBuffer(ROOM_BYTES));
    let end = 0;
    for (const command of bucket.commands) end += encodeCommand(command, memory.bytes, end);
    machine.beginFrame(machine.state.timeMs);
    const { frame } = machine;
    const start = frame.end;
    machine.applyBucket(memory, 0, end, bucket.commands.length);
    const body = frame.bytes.slice(start, frame.end);
    for (const result of eachRecord(body, 1, frame.timeMs)) {
      if (isControl(result)) continue;
      const isRefused = CODE[result.code] === CODE.ID_REUSED || result.code === "TOO_OLD";
      assert(result.of !== undefined || isRefused, `command ${result.command.id} sent again takes no effect`);
    }
  }
}

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
