/** A group's thread without the thread: recovers, runs the loop, answers messages. `worker.ts` gives it a port. */
import { randomInt } from "node:crypto";
import { InvariantError, type Machine, Pipeline, RingConsumer, RingProducer, STAT } from "../../engine/index.ts";
import { DamageError, type Journal } from "../../journal/index.ts";
import type { FromGroup, Inspection, ThreadData, ThreadStart, ToGroup } from "./messages.ts";
import { PreparedBlocks } from "./prepared-blocks.ts";
import { recover } from "./recovery.ts";
import { Snapshotter } from "./snapshots.ts";

/** The longest that a timer waits; a due time further away is looked at again then. */
const TIMER_MS_MAX = 60_000;

/** Pause before a due hold is tried again for which the journal had no room. */
const NO_ROOM_PAUSE_MS = 100;

export class GroupThread {
  readonly #start: ThreadStart;
  readonly #post: (message: FromGroup) => void;
  readonly #stats: Float64Array;
  readonly #commands: RingConsumer;
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #pipeline: Pipeline;
  readonly #snapshots: Snapshotter;
  /** Where the last snapshot was begun that was not asked for. */
  #triedSequence = 0;
  #timer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isStopping = false;
  #isDone = false;

  /** Recovers the group; throws DamageError or JournalError. */
  constructor(start: ThreadData, post: (message: FromGroup) => void) {
    this.#start = start;
    this.#post = post;
    this.#stats = new Float64Array(start.stats);
    this.#commands = new RingConsumer(start.commandRing);
    const begin = performance.now();
    const { directory, group, journalId, segmentBytes } = start;
    const { machine, journal, frames, snapshotSequence, refusedSnapshots } = recover({
      directory,
      group,
      journalId: journalId === undefined ? undefined : Buffer.from(journalId, "hex"),
      segmentBytes,
      seed: randomInt(2 ** 32),
      blocks: new PreparedBlocks(start.pages, this.#stats.subarray(STAT.aheadMappedBytes, STAT.aheadMappedBytes + 1)),
      onEvent: (event) => post({ kind: "event", event }),
      onProgress: (sequence) => post({ kind: "recovering", sequence }),
    });
    const { remembered } = machine.state;
    remembered.reserve(Math.max(0, (start.aheadCommands ?? 0) - remembered.size));
    this.#stats[STAT.aheadBytes] = remembered.reservedBytes;
    this.#machine = machine;
    this.#journal = journal;
    this.#pipeline = new Pipeline({
      machine,
      journal,
      commands: this.#commands,
      replies: new RingProducer(start.replyRing),
      stats: this.#stats,
      now: monotonicFrom(Math.max(Date.now(), machine.state.timeMs)),
      wake: () => post(0),
    });
    const onEvent = (event: Extract<FromGroup, { kind: "event" }>["event"]) => post({ kind: "event", event });
    const { retainSegments, publishCursor } = start;
    this.#snapshots = new Snapshotter(
      { machine, journal, directory, group, retainSegments, refusedSnapshots, publishCursor, onEvent },
      snapshotSequence,
    );
    this.#stats[STAT.snapshotSequence] = snapshotSequence;
    this.#pipeline.writeStats();
    this.#stats[STAT.durable] = machine.sequence;
    const tookMs = performance.now() - begin;
    post({ kind: "ready", known: this.#known(), tookMs, frames });
  }

  #known() {
    const { state } = this.#machine;
    return {
      partners: [...state.partners],
      currencies: [...state.currencies].map(([index, { code, scale }]) => [index, code, scale] as const),
      horizonCommands: state.horizonCommands,
      sequence: state.sequence,
      journalId: Buffer.from(this.#journal.journalId).toString("hex"),
    };
  }

  /** Begins to serve. */
  run(): void {
    this.#schedule();
  }

  handle(message: ToGroup): void {
    if (message === 0) this.#schedule();
    else if (message.kind === "stop") this.#stop();
    // What is in memory may not be what is on disk.
    else if (this.#isDone) this.#post({ kind: "refused", ask: message.ask, reason: "the group has ended" });
    else if (message.kind === "inspect") this.#post({ kind: "answer", ask: message.ask, inspection: this.#inspect() });
    else this.#answerSnapshot(message.ask);
  }

  #inspect(): Inspection {
    const sums = [...this.#machine.trialBalance()].map(([currency, sum]) => [currency, sum.toString()] as const);
    const { sequence, timeMs } = this.#machine.state;
    return { sequence, timeMs, stateHash: this.#machine.stateHash(), trialBalance: sums };
  }

  #answerSnapshot(ask: number): void {
    this.#snapshots.take().then(
      (sequence) => this.#post({ kind: "answer", ask, sequence }),
      (error: unknown) => this.#post({ kind: "refused", ask, reason: textOf(error) }),
    );
    this.#noteSnapshot();
  }

  /** Runs a turn as soon as what else waits in the event loop had its chance: messages and background writes. */
  #schedule(): void {
    if (this.#isScheduled || this.#isDone) return;
    this.#isScheduled = true;
    clearTimeout(this.#timer);
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    if (this.#isDone) return;
    try {
      if (this.#pipeline.turn()) {
        this.#maybeSnapshot();
        this.#schedule();
      } else if (this.#isStopping) void this.#finish();
      else this.#sleep();
    } catch (error) {
      this.fail(error);
    }
  };

  /** Waits for a message, or for the time at which the first hold is due. */
  #sleep(): void {
    if (!this.#commands.sleep()) {
      this.#schedule();
      return;
    }
    const due = this.#machine.state.holds.firstDueTime() - this.#pipeline.now();
    if (due === Number.POSITIVE_INFINITY) return;
    // Due already, and the turn before did nothing: there is no room on the disk to write it down.
    const waitMs = due > 0 ? due : NO_ROOM_PAUSE_MS;
    this.#timer = setTimeout(() => this.#schedule(), Math.min(waitMs, TIMER_MS_MAX));
  }

  #maybeSnapshot(): void {
    const { snapshotCommands } = this.#start;
    if (snapshotCommands === undefined || this.#snapshots.isRunning) return;
    const { sequence } = this.#machine;
    if (sequence - Math.max(this.#snapshots.sequence, this.#triedSequence) < snapshotCommands) return;
    this.#triedSequence = sequence;
    // A failed one was told of as an event; the next is tried as many commands later.
    this.#snapshots.take().catch(() => {});
    this.#noteSnapshot();
  }

  #noteSnapshot(): void {
    this.#stats[STAT.snapshotRunning] = 1;
    const done = () => {
      this.#stats[STAT.snapshotRunning] = this.#snapshots.isRunning ? 1 : 0;
      this.#stats[STAT.snapshotSequence] = this.#snapshots.sequence;
    };
    this.#snapshots.take().then(done, done);
  }

  #stop(): void {
    this.#isStopping = true;
    this.#schedule();
  }

  async #finish(): Promise<void> {
    this.#isDone = true;
    // Without a snapshot the next start only takes longer.
    if (this.#machine.sequence > 0) await this.#snapshots.take().catch(() => {});
    await this.#snapshots.settled();
    this.#closeJournal();
    this.#post({ kind: "stopped", sequence: this.#machine.sequence });
  }

  /** Stops serving at once: whatever is in memory may not be what is on disk (promise I9). */
  fail(error: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#closeJournal();
    this.#post({ kind: "failed", reason: textOf(error), isFinal: false });
  }

  /** Never throws, for it must be told that the thread is at its end; what was appended is durable, and the thread's end closes files too. */
  #closeJournal(): void {
    try {
      this.#journal.close();
    } catch {
      // A bad disk, of which a frame or the next start will tell.
    }
  }
}

/** What a failed start is told as. */
export function startFailure(error: unknown): FromGroup {
  return {
    kind: "failed",
    reason: textOf(error),
    isFinal: error instanceof DamageError || error instanceof InvariantError,
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whole ms that go on from `startMs` with the monotonic clock, so that a jumping wall clock expires nothing. */
function monotonicFrom(startMs: number): () => number {
  const origin = performance.now();
  return () => startMs + Math.floor(performance.now() - origin);
}
