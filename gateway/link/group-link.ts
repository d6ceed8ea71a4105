/**
 * The gateway's end of a group: rings, waiting requests, the thread's life. A group whose thread dies is down until it has
 * recovered from its journal in a new thread with new rings; the other groups go on (promise I11).
 */
import { statfsSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import {
  makeRing,
  makeStats,
  REPLY_RING_BYTES,
  RING_BYTES,
  RingConsumer,
  RingProducer,
  ringLayout,
  STAT,
} from "../../engine/index.ts";
import type { PublisherStats } from "../../results/index.ts";
import { ApiError } from "../errors.ts";
import type { GroupStats } from "../group.ts";
import type { Registry } from "../registry/index.ts";
import type { FromGroup, Inspection, ThreadStart, ToGroup } from "../thread/messages.ts";
import { startGroupThread } from "../thread/start.ts";
import { type Answer, Asks } from "./asks.ts";
import { CONTROL_BYTES_MAX, Definitions, writeControls } from "./definitions.ts";
import { type LinkLog, logEvent } from "./link-log.ts";
import { PendingRequests, type Reply, type Waiting } from "./pending.ts";
import { Restarts } from "./restarts.ts";

const { ENTRY, ENTRY_HEAD_BYTES } = ringLayout;

/** Answers sent before the event loop looks for requests again. */
const REPLIES_PER_SLICE = 16;

/** Control records in one entry: a few KiB. */
const CONTROLS_PER_ENTRY = 64;

export interface LinkOptions {
  readonly name: string;
  readonly index: number;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly snapshotCommands: number | undefined;
  readonly retainSegments: number | undefined;
  readonly horizonCommands: number;
  readonly memoryAhead: boolean;
  readonly minFreeBytes: number;
  /** Where results are published; undefined: nowhere but in the journal. */
  readonly publishing: Publishing | undefined;
  readonly registry: Registry;
  readonly log: LinkLog;
  /** Told whenever the durable sequence has moved. */
  readonly onDurable: (sequence: number) => void;
}

/** One group's side of the publisher. */
export interface Publishing {
  /** See ThreadStart. */
  readonly cursor: Float64Array;
  stats(): PublisherStats;
}

export class GroupLink {
  readonly name: string;
  readonly index: number;
  readonly pending = new PendingRequests();
  readonly #options: LinkOptions;
  readonly #definitions: Definitions;
  readonly #restarts = new Restarts();
  readonly #asks = new Asks();
  #worker: Worker | undefined;
  #commands!: RingProducer;
  #replies!: RingConsumer;
  #stats = new Float64Array(makeStats());
  #state: GroupStats["state"] = "recovering";
  #reason: string | undefined;
  #freeBytes = 0;
  #isStopping = false;
  #isDraining = false;
  #settled: (() => void)[] = [];
  #reply!: Reply;

  constructor(options: LinkOptions) {
    this.name = options.name;
    this.index = options.index;
    this.#options = options;
    const { registry, name, horizonCommands } = options;
    this.#definitions = new Definitions({ registry, group: name, horizonCommands });
  }

  get isServing(): boolean {
    return this.#state === "serving";
  }

  /** Starts the group's thread. Resolves when it serves, or has failed: its state tells which. */
  start(): Promise<void> {
    this.#startWorker();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  #startWorker(): void {
    const { name, directory, segmentBytes, snapshotCommands, retainSegments, publishing } = this.#options;
    const { memoryAhead, horizonCommands } = this.#options;
    const start: ThreadStart = {
      group: name,
      directory,
      journalId: this.#options.registry.journalOf(name),
      segmentBytes,
      snapshotCommands,
      retainSegments,
      publishCursor: publishing?.cursor,
      aheadCommands: memoryAhead ? horizonCommands : undefined,
      commandRing: makeRing(RING_BYTES),
      replyRing: makeRing(REPLY_RING_BYTES),
      stats: makeStats(),
    };
    this.#commands = new RingProducer(start.commandRing);
    this.#replies = new RingConsumer(start.replyRing);
    this.#stats = new Float64Array(start.stats);
    this.#reply = { kind: 0, count: 0, sequence: 0, timeMs: 0, memory: this.#replies.memory, start: 0, end: 0 };
    this.#state = "recovering";
    this.#reason = undefined;
    const worker = startGroupThread(start);
    this.#worker = worker;
    worker.on("message", (message: FromGroup) => this.#onMessage(message));
    worker.on("error", (error) => this.#down(error.message, false));
    worker.on("exit", (code) => this.#down(`its thread ended with code ${code}`, false));
  }

  #post(message: ToGroup): void {
    this.#worker?.postMessage(message);
  }

  // The thread's messages

  #onMessage(message: FromGroup): void {
    if (message === 0) {
      this.#drain();
      return;
    }
    const { log, name } = { log: this.#options.log, name: this.name };
    switch (message.kind) {
      case "recovering":
        log.info({ group: name, sequence: message.sequence }, "replaying the journal");
        break;
      case "ready":
        this.#onReady(message);
        break;
      case "answer":
        this.#asks.answer(message.ask, message);
        break;
      case "refused":
        this.#asks.refuse(message.ask, new Error(message.reason));
        break;
      case "event":
        logEvent(log, name, message.event);
        break;
      case "failed":
        this.#down(message.reason, message.isFinal);
        break;
      default:
        this.#onStopped(message.sequence);
    }
  }

  #onReady({ known, tookMs, frames }: Extract<FromGroup, { kind: "ready" }>): void {
    const { log } = this.#options;
    log.info({ group: this.name, sequence: known.sequence, frames, tookMs: Math.round(tookMs) }, "group serves");
    this.#noteJournal(known.journalId);
    this.#definitions.reset(known);
    this.#state = "serving";
    this.#restarts.succeeded();
    this.checkDisk();
    this.#tryToDefine();
    this.#drain();
    this.#settle();
  }

  #noteJournal(id: string): void {
    try {
      this.#options.registry.noteJournal(this.name, id);
    } catch (error) {
      // The next start notes it; until then an emptied folder would pass for a new group's.
      this.#options.log.error({ group: this.name, err: error }, "the registry could not note the group's journal");
    }
  }

  #onStopped(sequence: number): void {
    this.#options.log.info({ group: this.name, sequence }, "group stopped");
    this.#state = "down";
    this.#reason = "stopped";
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#loseWaiting();
    this.#settle();
  }

  /** The thread is gone or must go: everything that waits is told, and a new thread is started unless that is useless. */
  #down(reason: string, isFinal: boolean): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    worker.removeAllListeners();
    worker.on("error", () => {});
    // Two threads must never have one journal open, so the next one waits for the end of this one.
    const ended = worker.terminate();
    this.#state = "down";
    this.#reason = reason;
    this.#options.log.error({ group: this.name, reason }, isFinal ? "group refuses to start" : "group failed");
    this.#loseWaiting();
    this.#settle();
    if (isFinal) return;
    const restart = () => this.#restartLater();
    ended.then(restart, restart);
  }

  #restartLater(): void {
    if (this.#isStopping) return;
    this.#restarts.schedule(() => {
      try {
        this.#startWorker();
      } catch (error) {
        // No memory for the rings, or no thread: other groups go on, and this one tries again.
        this.#state = "down";
        this.#reason = error instanceof Error ? error.message : String(error);
        this.#options.log.error({ group: this.name, reason: this.#reason }, "group failed");
        this.#restartLater();
      }
    });
  }

  /** What the thread has answered is handed out: it is durable. Who waits for more is told that nothing will come. */
  #loseWaiting(): void {
    for (let start = this.#replies.next(); start >= 0; start = this.#replies.next()) this.#take(start);
    this.#replies.release();
    this.pending.loseAll();
    this.#asks.refuseAll(new ApiError("GROUP_DOWN"));
  }

  #settle(): void {
    for (const settled of this.#settled.splice(0)) settled();
  }

  // The hot path

  /** The ring's memory: what `claim` returns an offset in. */
  get memory() {
    return this.#commands.memory;
  }

  /** Throws GROUP_DOWN unless the group serves. */
  assertServes(): void {
    if (this.#state !== "serving") throw this.#downError();
  }

  /** Throws GROUP_DOWN or DISK_FULL if commands cannot be taken now. */
  assertTakesCommands(): void {
    this.assertServes();
    if (this.#freeBytes < this.#options.minFreeBytes) throw new ApiError("DISK_FULL");
    if (this.#definitions.version !== this.#options.registry.version) this.defineMissing();
  }

  /** Room in the ring for `bytes` of records, or -1 when it is too full. */
  claim(bytes: number): number {
    return this.#commands.claim(bytes);
  }

  /** Sends what was written at the last claim; `waiting` gets the answer. */
  send(kind: number, bytes: number, count: number, waiting: Waiting, replyBytes: number): void {
    const token = this.pending.add(waiting, replyBytes + ENTRY_HEAD_BYTES);
    this.#commands.commit({ kind, token, count, sequence: 0, timeMs: 0 }, bytes);
    if (this.#commands.publish()) this.#post(0);
    this.#lookLater();
  }

  /**
   * Stays awake until the event loop has handed over the requests that are there: what is answered meanwhile is found then, and the
   * group need not wake this thread, which costs both of them some 40 µs.
   */
  #lookLater(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#replies.stayAwake();
    setImmediate(this.#drainSlice);
  }

  /**
   * Takes answers, a slice at a time, until none is there; then waits to be woken. Between two slices the event loop reads requests,
   * so that a large frame's answers hold nobody up. It bounds that pause; the rate was the same with slices of 4 to 1,000.
   */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#drainSlice();
  }

  readonly #drainSlice = (): void => {
    const replies = this.#replies;
    for (let left = REPLIES_PER_SLICE; left > 0; left--) {
      const start = replies.next();
      if (start >= 0) this.#take(start);
      else if (replies.sleep()) {
        replies.release();
        this.#isDraining = false;
        this.#options.onDurable(this.#stats[STAT.durable]!);
        return;
      }
    }
    replies.release();
    setImmediate(this.#drainSlice);
  };

  #take(start: number): void {
    const replies = this.#replies;
    const reply = this.#reply;
    const w = start >>> 2;
    const { words, floats } = replies.memory;
    const token = words[w + ringLayout.ENTRY_TOKEN]!;
    reply.kind = words[w + ringLayout.ENTRY_KIND]!;
    reply.count = words[w + ringLayout.ENTRY_COUNT]!;
    reply.sequence = floats[(w >>> 1) + ringLayout.ENTRY_SEQUENCE]!;
    reply.timeMs = floats[(w >>> 1) + ringLayout.ENTRY_TIME]!;
    reply.start = start + ENTRY_HEAD_BYTES;
    reply.end = start + words[w + ringLayout.ENTRY_UNITS]! * 8;
    replies.skip();
    if (reply.kind === ENTRY.controlRefused) this.#definitions.again();
    else this.pending.settle(token, reply);
  }

  /** As `defineMissing`; what finds no room in the ring is tried again by the next command, which is refused until then. */
  #tryToDefine(): void {
    try {
      this.defineMissing();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Defines partners, currencies and the horizon that the group does not know yet. They go before any later command. */
  defineMissing(): void {
    if (this.#state !== "serving") return;
    const controls = this.#definitions.missing();
    for (let i = 0; i < controls.length; i += CONTROLS_PER_ENTRY) {
      const some = controls.slice(i, i + CONTROLS_PER_ENTRY);
      const start = this.#commands.claim(some.length * CONTROL_BYTES_MAX);
      // A full ring: the version stays behind, so the next command tries again and is refused meanwhile.
      if (start < 0) throw new ApiError("OVERLOADED");
      const end = writeControls(some, this.#commands.memory.bytes, start);
      this.#commands.commit({ kind: ENTRY.control, token: 0, count: some.length, sequence: 0, timeMs: 0 }, end - start);
      if (this.#commands.publish()) this.#post(0);
    }
    this.#definitions.done(controls);
  }

  // Operating

  inspect(): Promise<Inspection> {
    return this.#ask("inspect").then((answer) => answer.inspection!);
  }

  snapshot(): Promise<{ sequence: number }> {
    return this.#ask("snapshot").then((answer) => ({ sequence: answer.sequence! }));
  }

  #ask(kind: "inspect" | "snapshot"): Promise<Answer> {
    if (this.#state !== "serving") return Promise.reject(this.#downError());
    return this.#asks.ask((ask) => this.#post({ kind, ask }));
  }

  /** Called about every 100 ms: tells requests that have waited too long. */
  expireRequests(): void {
    this.pending.expire(performance.now());
  }

  /** Called about every second: how much room the disk has. */
  checkDisk(): void {
    try {
      const disk = statfsSync(this.#options.directory);
      this.#freeBytes = disk.bavail * disk.bsize;
    } catch {
      // The folder may not be there yet; the group's own file calls will say what is wrong.
    }
  }

  stats(): GroupStats {
    const s = this.#stats;
    const at = (name: keyof typeof STAT): number => s[STAT[name]]!;
    const publisher = this.#options.publishing?.stats();
    return {
      name: this.name,
      index: this.index,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      sequence: at("sequence"),
      durable: at("durable"),
      published: publisher?.published ?? at("durable"),
      ...(publisher === undefined ? {} : { publisher }),
      ringBytes: this.#commands.capacity,
      ringUsedBytes: this.#commands.usedBytes,
      accounts: at("accounts"),
      holds: at("holds"),
      remembered: at("remembered"),
      idHorizonSeconds: Math.max(0, at("timeMs") - at("oldestRememberedMs")) / 1000,
      frames: at("frames"),
      commands: at("commands"),
      journalBytes: at("journalBytes"),
      syncs: at("syncs"),
      syncMsTotal: at("syncMsTotal"),
      syncMsMax: at("syncMsMax"),
      snapshotSequence: at("snapshotSequence"),
      freeBytes: this.#freeBytes,
      aheadBytes: at("aheadBytes"),
      aheadMappedBytes: at("aheadMappedBytes"),
    };
  }

  /** Works off what was taken, writes a snapshot, ends the thread. Resolves when that is done or the thread has failed. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#restarts.cancel();
    if (this.#worker === undefined) return Promise.resolve();
    this.#post({ kind: "stop" });
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  #downError(): ApiError {
    const detail = this.#state === "recovering" ? `Group ${this.name} is recovering; nothing was taken.` : undefined;
    return new ApiError("GROUP_DOWN", detail);
  }
}
