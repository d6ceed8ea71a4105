/**
 * A group's real thread with this thread as its gateway: credits go into the command ring bucket by bucket, answers come out of
 * the reply ring. No HTTP, no scanner.
 */
import type { Worker } from "node:worker_threads";
import {
  commandBytes,
  encodeCommand,
  makeRing,
  makeStats,
  REPLY_RING_BYTES,
  RING_BYTES,
  RingConsumer,
  RingProducer,
  ringLayout,
  STAT,
  viewMemory,
} from "../../engine/index.ts";
import {
  type FromGroup,
  type Inspection,
  startGroupThread,
  type ThreadStart,
  type ToGroup,
} from "../../gateway/index.ts";
import { CREDIT_BYTES, setCredit, writeCreditShape } from "../records.ts";
import { CheckError, check } from "./types.ts";

const { ENTRY, ENTRY_COUNT, ENTRY_KIND, ENTRY_SEQUENCE } = ringLayout;

/** Segment size of the service by default. */
const SEGMENT_BYTES = 64 << 20;

/** Commands under way at most, unless given: enough for several frames, few enough that the ring is never the limit. */
const WINDOW_COMMANDS = 50_000;

/** Looks at the replies in one turn of the event loop: under full load they never end, and messages have to be heard too. */
const PASSES_MAX = 64;

export interface DriverOptions {
  readonly group: string;
  readonly directory: string;
  readonly bucket: number;
  /** Commands under way at most; a bucket at least. */
  readonly window?: number;
  /** Bytes of the command ring, a power of two; that of the service unless given. */
  readonly ringBytes?: number;
}

type Ready = Extract<FromGroup, { kind: "ready" }>;
type Answer = Extract<FromGroup, { kind: "answer" }>;

interface Goal {
  /** False once no more are to be sent. */
  readonly wantsMore: () => boolean;
  readonly account: (id: number) => number;
  /** Told the time of each look that found answers. */
  readonly onAnswers: ((now: number) => void) | undefined;
  resolve(): void;
  reject(error: Error): void;
}

export class GroupDriver {
  readonly #worker: Worker;
  readonly #commands: RingProducer;
  readonly #replies: RingConsumer;
  /** Figures of the group, by `STAT`. */
  readonly #stats: Float64Array;
  readonly #bucket: number;
  readonly #window: number;
  readonly #template: Uint8Array;
  readonly #asks = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  #nextAsk = 1;
  #goal: Goal | undefined;
  #failure: Error | undefined;
  #isPumping = false;
  /** Next id; commands sent and answered since the driver was opened. */
  #id = 0;
  sent = 0;
  answered = 0;
  /** Last sequence that was acknowledged. */
  sequence: number;

  private constructor(options: DriverOptions, started: Started) {
    const { bucket, window = WINDOW_COMMANDS } = options;
    this.#worker = started.worker;
    this.#commands = new RingProducer(started.commandRing);
    this.#replies = new RingConsumer(started.replyRing);
    this.#stats = new Float64Array(started.stats);
    this.#bucket = bucket;
    this.#window = Math.max(window, bucket);
    this.sequence = started.ready.known.sequence;
    const shape = viewMemory(new ArrayBuffer(bucket * CREDIT_BYTES));
    for (let i = 0; i < bucket; i++) writeCreditShape(shape, i * CREDIT_BYTES);
    this.#template = shape.bytes;
    this.#worker.on("message", (message: FromGroup) => this.#onMessage(message));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new CheckError(`the group's thread ended with code ${code}`)));
  }

  /** Starts the group's thread and waits until it serves; `ready` tells what it recovered. */
  static async open(options: DriverOptions): Promise<{ driver: GroupDriver; ready: Ready }> {
    const started = await startThread(options);
    return { driver: new GroupDriver(options, started), ready: started.ready };
  }

  /** Sets the id horizon, which is a record in the journal and takes no sequence. */
  #setHorizon(commands: number): void {
    const control = { type: "setHorizon", commands } as const;
    const bytes = commandBytes(control);
    const start = this.#commands.claim(bytes);
    check(start >= 0, "an idle ring has room for a control record");
    encodeCommand(control, this.#commands.memory.bytes, start);
    this.#commit(ENTRY.control, 1, bytes);
    if (this.#commands.publish()) this.#post(0);
  }

  /**
   * Opens every account and fills the id horizon: from then on as much is forgotten as is remembered. While ids grow, a third thread
   * maps memory for them, which on two cores is part of what is measured.
   */
  async warmUp(accounts: number, horizonCommands: number): Promise<void> {
    this.#setHorizon(horizonCommands);
    const commands = Math.max(accounts, horizonCommands) + this.#bucket;
    await this.drive(commands, (id) => id % accounts);
    const remembered = this.#stats[STAT.remembered]!;
    check(
      remembered >= horizonCommands && remembered <= horizonCommands + this.#window,
      `the horizon is ${horizonCommands}, but ${remembered} ids are remembered`,
    );
  }

  /** Sends at least so many commands in whole buckets, as fast as they are answered; resolves when all are durable. */
  drive(commands: number, account: (id: number) => number, onAnswers?: (now: number) => void): Promise<void> {
    const end = this.sent + commands;
    return this.driveWhile(() => this.sent < end, account, onAnswers);
  }

  /** As `drive`, until `wantsMore` is false when a bucket could be sent. */
  driveWhile(
    wantsMore: () => boolean,
    account: (id: number) => number,
    onAnswers?: (now: number) => void,
  ): Promise<void> {
    check(this.#goal === undefined, "one drive at a time");
    return new Promise((resolve, reject) => {
      this.#goal = { wantsMore, account, onAnswers, resolve, reject };
      if (this.#failure !== undefined) this.#fail(this.#failure);
      else this.#pump();
    });
  }

  /** Writes so many commands in whole buckets into the ring, which the group does not see before `release`. */
  preload(commands: number, account: (id: number) => number): void {
    const end = this.sent + commands;
    while (this.sent < end) check(this.#writeBucket(account), "the ring has room for what is preloaded");
  }

  /** Hands over all that was preloaded, at once; resolves when all is durable. */
  release(): Promise<void> {
    if (this.#commands.publish()) this.#post(0);
    return this.driveWhile(
      () => false,
      () => 0,
    );
  }

  /** Sends what there is room for and takes what was answered, until there is nothing left to do but wait. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let pass = 1; ; pass++) {
      // In this order: what is sent after the last look always brings a further answer, and with it a wake-up.
      this.#drain();
      this.#fill();
      if (this.#replies.sleep()) break;
      if (pass < PASSES_MAX) continue;
      setImmediate(() => this.#onMessage(0));
      break;
    }
    this.#isPumping = false;
    const goal = this.#goal;
    if (goal === undefined || this.answered < this.sent || goal.wantsMore()) return;
    this.#goal = undefined;
    goal.resolve();
  }

  #fill(): void {
    const goal = this.#goal;
    if (goal === undefined) return;
    while (this.sent - this.answered + this.#bucket <= this.#window && goal.wantsMore()) {
      if (!this.#writeBucket(goal.account)) return;
      if (this.#commands.publish()) this.#post(0);
    }
  }

  /** False when the ring has no room. */
  #writeBucket(account: (id: number) => number): boolean {
    const bytes = this.#template.byteLength;
    const { memory } = this.#commands;
    const start = this.#commands.claim(bytes);
    if (start < 0) return false;
    memory.bytes.set(this.#template, start);
    for (let i = 0; i < this.#bucket; i++, this.#id++) {
      setCredit(memory.words, start + i * CREDIT_BYTES, this.#id, account(this.#id));
    }
    this.sent += this.#bucket;
    this.#commit(ENTRY.commands, this.#bucket, bytes);
    return true;
  }

  #commit(kind: number, count: number, bytes: number): void {
    this.#commands.commit({ kind, token: 0, count, sequence: 0, timeMs: 0 }, bytes);
  }

  #drain(): void {
    const { words, floats } = this.#replies.memory;
    const before = this.answered;
    for (let start = this.#replies.next(); start >= 0; start = this.#replies.next()) {
      const w = start >>> 2;
      check(words[w + ENTRY_KIND] === ENTRY.taken, "every bucket is answered as taken");
      const first = floats[(w >>> 1) + ENTRY_SEQUENCE]!;
      check(first === this.sequence + 1, `sequence ${first} was answered after ${this.sequence}: a gap`);
      this.sequence += words[w + ENTRY_COUNT]!;
      this.answered += words[w + ENTRY_COUNT]!;
      this.#replies.skip();
    }
    this.#replies.release();
    if (this.answered > before) this.#goal?.onAnswers?.(performance.now());
  }

  #post(message: ToGroup): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromGroup): void {
    try {
      if (message === 0) this.#pump();
      else if (message.kind === "answer") this.#take(message.ask)?.resolve(message);
      else if (message.kind === "refused") this.#take(message.ask)?.reject(new CheckError(message.reason));
      else if (message.kind === "failed") this.#fail(new CheckError(`the group failed: ${message.reason}`));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(ask: number) {
    const waiting = this.#asks.get(ask);
    this.#asks.delete(ask);
    return waiting;
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#goal?.reject(error);
    this.#goal = undefined;
    for (const ask of this.#asks.values()) ask.reject(error);
    this.#asks.clear();
  }

  #ask(kind: "inspect" | "snapshot"): Promise<Answer> {
    const ask = this.#nextAsk++;
    return new Promise((resolve, reject) => {
      this.#asks.set(ask, { resolve, reject });
      this.#post({ kind, ask });
    });
  }

  /** The group's state, which holds all that was answered. */
  async inspect(): Promise<Inspection> {
    return (await this.#ask("inspect")).inspection!;
  }

  /** Takes a snapshot; resolves with its sequence when it is durable. */
  async snapshot(): Promise<number> {
    return (await this.#ask("snapshot")).sequence!;
  }

  /** Throws CheckError unless the group's state has every answered command and its books balance. */
  async check(): Promise<Inspection> {
    const found = await this.inspect();
    check(this.answered === this.sent, `${this.sent} commands were sent and ${this.answered} answered`);
    check(found.sequence === this.sequence, `sequence ${this.sequence} was answered, the state has ${found.sequence}`);
    for (const [currency, sum] of found.trialBalance) {
      check(sum === "0", `the trial balance of currency ${currency} is ${sum}, not zero`);
    }
    return found;
  }

  /** Ends the thread well: it writes a snapshot and closes its journal. */
  async stop(): Promise<void> {
    const stopped = new Promise<void>((resolve, reject) => {
      this.#worker.on("message", (message: FromGroup) => {
        if (message === 0) return;
        if (message.kind === "stopped") resolve();
        else if (message.kind === "failed") reject(new CheckError(`the group failed: ${message.reason}`));
      });
    });
    this.#post({ kind: "stop" });
    await stopped;
    await this.kill();
  }

  /** Ends the thread at once, as a kill would: what was answered is on disk, nothing else is promised. */
  async kill(): Promise<void> {
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
  }
}

interface Started {
  readonly worker: Worker;
  readonly commandRing: SharedArrayBuffer;
  readonly replyRing: SharedArrayBuffer;
  readonly stats: SharedArrayBuffer;
  readonly ready: Ready;
}

async function startThread({ group, directory, ringBytes = RING_BYTES }: DriverOptions): Promise<Started> {
  const shared = { commandRing: makeRing(ringBytes), replyRing: makeRing(REPLY_RING_BYTES), stats: makeStats() };
  const start: ThreadStart = {
    group,
    directory,
    segmentBytes: SEGMENT_BYTES,
    journalId: undefined,
    snapshotCommands: undefined,
    retainSegments: undefined,
    ...shared,
  };
  const worker = startGroupThread(start);
  try {
    return { worker, ...shared, ready: await readyOf(worker) };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function readyOf(worker: Worker): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => settle(() => reject(refused(error.message)));
    const onExit = (code: number) => settle(() => reject(refused(`its thread ended with code ${code}`)));
    const onMessage = (message: FromGroup) => {
      if (message === 0) return;
      if (message.kind === "ready") settle(() => resolve(message));
      else if (message.kind === "failed") settle(() => reject(refused(message.reason)));
    };
    // One by one: removeAllListeners would take Node's own away too, and with them the messages to come.
    const settle = (end: () => void) => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      end();
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}

function refused(reason: string): CheckError {
  return new CheckError(`the group did not start: ${reason}`);
}
