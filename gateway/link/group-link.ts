/**
 * The gateway's end of a group: its thread's life, and what it must know before it takes commands. A group whose thread dies is down
 * until it has recovered from its journal in a new thread with new rings; the other groups go on (promise I11).
 */
import { statfsSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { HOLDS_TAKEN_MAX, makeStats, STAT } from "../../engine/index.ts";
import type { PublisherStats } from "../../results/index.ts";
import { ApiError } from "../errors.ts";
import type { GroupStats } from "../group.ts";
import type { Registry } from "../registry/index.ts";
import type { FromGroup, Inspection, ThreadStart, ToGroup } from "../thread/messages.ts";
import { startGroupThread } from "../thread/start.ts";
import { type Answer, Asks } from "./asks.ts";
import { CONTROL_BYTES_MAX, Definitions, writeControls } from "./definitions.ts";
import { type LinkLog, logEvent } from "./link-log.ts";
import { Restarts } from "./restarts.ts";
import { Rings } from "./rings.ts";

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
  readonly accountsMax: number;
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
  readonly rings: Rings = new Rings({
    wakeGroup: () => this.#post(0),
    onDrained: () => this.#options.onDurable(this.#stats[STAT.durable]!),
    onControlRefused: () => this.#definitions.again(),
  });
  readonly #options: LinkOptions;
  readonly #definitions: Definitions;
  readonly #restarts = new Restarts();
  readonly #asks = new Asks();
  #worker: Worker | undefined;
  #stats = new Float64Array(makeStats());
  #state: GroupStats["state"] = "recovering";
  #reason: string | undefined;
  #freeBytes = 0;
  #isStopping = false;
  #settled: (() => void)[] = [];

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
      ...this.rings.renew(),
      stats: makeStats(),
    };
    this.#stats = new Float64Array(start.stats);
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
      this.rings.drain();
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
    const contradiction = this.#definitions.contradiction(known);
    if (contradiction !== undefined) {
      this.#down(contradiction, true);
      return;
    }
    log.info({ group: this.name, sequence: known.sequence, frames, tookMs: Math.round(tookMs) }, "group serves");
    this.#noteJournal(known.journalId);
    this.#definitions.reset(known);
    this.#state = "serving";
    this.#restarts.succeeded();
    this.checkDisk();
    this.#tryToDefine();
    this.rings.drain();
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

  #loseWaiting(): void {
    this.rings.lose();
    this.#asks.refuseAll(new ApiError("GROUP_DOWN"));
  }

  #settle(): void {
    for (const settled of this.#settled.splice(0)) settled();
  }

  // Before commands

  /** Throws GROUP_DOWN unless the group serves. */
  assertServes(): void {
    if (this.#state !== "serving") throw this.#downError();
  }

  /** Throws GROUP_DOWN, GROUP_FULL or DISK_FULL if commands cannot be taken now. */
  assertTakesCommands(): void {
    this.assertServes();
    const stats = this.#stats;
    if (stats[STAT.accounts]! >= this.#options.accountsMax || stats[STAT.holds]! >= HOLDS_TAKEN_MAX) {
      throw new ApiError("GROUP_FULL");
    }
    if (this.#freeBytes < this.#options.minFreeBytes) throw new ApiError("DISK_FULL");
    if (this.#definitions.version !== this.#options.registry.version) this.defineMissing();
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
      const start = this.rings.claim(some.length * CONTROL_BYTES_MAX);
      // A full ring: the version stays behind, so the next command tries again and is refused meanwhile.
      if (start < 0) throw new ApiError("OVERLOADED");
      const end = writeControls(some, this.rings.memory.bytes, start);
      this.rings.sendControls(end - start, some.length, i === 0);
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
    this.rings.expire();
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
      ringBytes: this.rings.capacity,
      ringUsedBytes: this.rings.usedBytes,
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
