/**
 * The group's loop, one turn of it: what a command passes between the ring and its answer, in numbered stages. Nothing leaves the
 * group before the frame that holds it is durable: answers are written in stages 2 and 3, and become visible in stage 5.
 */
import { assert } from "./assert.ts";
import { copyWords } from "./hash.ts";
import { FRAME_BODY_BYTES_MAX, FRAME_BODY_BYTES_SOFT } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { QUERY_BYTES, queryNameBytes, queryNameWord } from "./query.ts";
import * as record from "./record-words.ts";
import type { RingConsumer, RingProducer } from "./ring.ts";
import * as at from "./ring-layout.ts";
import { chunkOf, ROW_BYTES, ROW_WORDS, wordOf } from "./rows.ts";
import { STAT } from "./stats.ts";

/** What the loop needs of a journal. */
export interface FramePort {
  /** Returns when the frame is durable; throws when it may not be, and then the group must stop (promise I9). */
  append(
    frame: Uint8Array,
    info: {
      readonly epoch: number;
      readonly firstSequence: number;
      readonly count: number;
      readonly records: number;
      readonly timeMs: number;
      readonly bodyBytes: number;
    },
  ): void;
  /** False when the disk has no room for a frame of this size. */
  ensureRoom(bodyBytes: number): boolean;
  /** Called between frames, for a bounded piece of preparation. */
  idle(): void;
}

export interface PipelineOptions {
  readonly machine: Machine;
  readonly commands: RingConsumer;
  readonly replies: RingProducer;
  readonly journal: FramePort;
  /** Figures by `STAT`. */
  readonly stats: Float64Array;
  /** Time in whole ms since 1970, never going back. */
  readonly now: () => number;
  /** Wakes the gateway, which sleeps. */
  readonly wake: () => void;
}

/** Written into every frame; more than 1 only once groups are replicated. */
const EPOCH = 1;

export class Pipeline {
  readonly #options: PipelineOptions;
  #isFrameOpen = false;
  /**
   * Control records were refused: what stands behind them in the ring might use what they define, or be the rest of them, so nothing is
   * taken before they come again from the first on.
   */
  #lacksControl = false;
  /** One head, reused for every reply. */
  readonly #head = { kind: 0, token: 0, count: 0, sequence: 0, timeMs: 0 };

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** The group's time now, whole ms since 1970. */
  now(): number {
    return this.#options.now();
  }

  /** One turn. Returns false when there was nothing to do. Throws when the journal failed or a rule was broken. */
  turn(): boolean {
    const { commands, replies, machine, now, journal } = this.#options;
    this.#isFrameOpen = false;

    // 1. Time. Due holds expire at the start of a frame, also when no command is there.
    if (machine.state.holds.firstDueTime() <= now() && journal.ensureRoom(FRAME_BODY_BYTES_MAX)) this.#openFrame();
    else if (commands.next() < 0) return false;

    // 2. Take everything that is published, up to the size of a frame, and apply it.
    while (this.#takeEntry());

    // 3. Make the frame durable.
    if (this.#isFrameOpen) this.#append();

    // 4. Give the ring's memory back.
    commands.release();

    // 5. Let the answers go.
    this.writeStats();
    const hasReplies = replies.hasClaims;
    const isAsleep = replies.publish();
    // A frame of expiries alone answers nobody, but readers of results wait for what it made durable.
    if (isAsleep || (this.#isFrameOpen && !hasReplies)) this.#options.wake();

    // 6. Prepare the next segment a little.
    journal.idle();
    return true;
  }

  #openFrame(): void {
    const { machine, now } = this.#options;
    if (this.#isFrameOpen) return;
    machine.beginFrame(Math.max(now(), machine.state.timeMs));
    this.#isFrameOpen = true;
  }

  /** Takes one entry; false when there is none, or it belongs to the next frame. */
  #takeEntry(): boolean {
    const { commands } = this.#options;
    const start = commands.next();
    if (start < 0) return false;
    const words = commands.memory.words;
    const w = start >>> 2;
    const payload = start + at.ENTRY_HEAD_BYTES;
    const end = start + words[w + at.ENTRY_UNITS]! * 8;
    this.#head.token = words[w + at.ENTRY_TOKEN]!;
    const count = words[w + at.ENTRY_COUNT]!;
    switch (words[w + at.ENTRY_KIND]!) {
      case at.ENTRY.accounts:
        this.#answerAccounts(payload, count);
        break;
      case at.ENTRY.command:
        this.#answerCommand(payload);
        break;
      default:
        if (!this.#apply(words[w + at.ENTRY_KIND]!, payload, end, count)) return false;
    }
    commands.skip();
    return true;
  }

  /** Applies a bucket or control records; false when they do not fit into this frame any more. */
  #apply(kind: number, start: number, end: number, count: number): boolean {
    const { machine, commands, journal } = this.#options;
    const { frame } = machine;
    const isBarred = this.#lacksControl && kind !== at.ENTRY.controlsBegin;
    if (this.#isFrameOpen && !isBarred) {
      if (frame.end - frame.start >= FRAME_BODY_BYTES_SOFT || !machine.hasRoom(end - start, count)) return false;
    } else if (isBarred || !journal.ensureRoom(FRAME_BODY_BYTES_MAX)) {
      this.#answerDiskFull(kind);
      return true;
    }
    this.#openFrame();
    if (machine.wantsForesight) this.#foresee();
    const before = frame.end;
    const head = this.#head;
    head.sequence = machine.sequence + 1;
    machine.applyBucket(commands.memory, start, end, count);
    if (isControl(kind)) {
      this.#lacksControl = false;
      return true;
    }
    head.kind = kind === at.ENTRY.commandsWithResults ? at.ENTRY.results : at.ENTRY.taken;
    head.count = count;
    head.timeMs = frame.timeMs;
    this.#reply(kind === at.ENTRY.commandsWithResults ? frame.bytes.subarray(before, frame.end) : undefined);
    return true;
  }

  /** Tells the machine of the buckets in hand and behind it, up to the first entry that is none. */
  #foresee(): void {
    const { machine, commands } = this.#options;
    const { words } = commands.memory;
    for (let entry = commands.next(); entry >= 0; entry = commands.following(entry)) {
      const w = entry >>> 2;
      const kind = words[w + at.ENTRY_KIND]!;
      if (kind !== at.ENTRY.commands && kind !== at.ENTRY.commandsWithResults) return;
      if (!machine.foresee(commands.memory, entry + at.ENTRY_HEAD_BYTES, words[w + at.ENTRY_COUNT]!)) return;
    }
  }

  #answerDiskFull(kind: number): void {
    this.#options.machine.forgetForesight();
    this.#lacksControl ||= isControl(kind);
    this.#head.kind = isControl(kind) ? at.ENTRY.controlRefused : at.ENTRY.diskFull;
    this.#head.count = 0;
    this.#reply(undefined);
  }

  #reply(payload: Uint8Array | undefined): void {
    const { replies } = this.#options;
    const bytes = payload === undefined ? 0 : payload.byteLength;
    const place = replies.claim(bytes);
    assert(place >= 0, "the gateway reserves room in the reply ring before it asks");
    if (payload !== undefined) replies.memory.bytes.set(payload, place);
    replies.commit(this.#head, bytes);
  }

  #answerAccounts(payload: number, count: number): void {
    const { machine, commands, replies } = this.#options;
    const { accounts } = machine.state;
    const words = commands.memory.words;
    const place = replies.claim(count * ROW_BYTES);
    assert(place >= 0, "the gateway reserves room in the reply ring before it asks");
    for (let i = 0; i < count; i++) {
      const w = (payload + i * QUERY_BYTES) >>> 2;
      const partner = words[w + record.PARTNER]!;
      const currency = words[w + record.CURRENCY]!;
      const bytes = queryNameBytes(words, w);
      const tag = accounts.tag(partner, currency, words, queryNameWord(w), bytes);
      const row = accounts.find(tag, partner, currency, words, queryNameWord(w), bytes);
      const to = (place >>> 2) + i * ROW_WORDS;
      if (row === 0) replies.memory.words.fill(0, to, to + ROW_WORDS);
      else copyWords(accounts.rows.words[chunkOf(row)]!, wordOf(row), replies.memory.words, to, ROW_WORDS);
    }
    this.#setHead(at.ENTRY.rows, count, machine.sequence, machine.state.timeMs);
    replies.commit(this.#head, count * ROW_BYTES);
  }

  #answerCommand(payload: number): void {
    const { machine, commands } = this.#options;
    const { remembered } = machine.state;
    const words = commands.memory.words;
    const w = payload >>> 2;
    const partner = words[w + record.PARTNER]!;
    const bytes = queryNameBytes(words, w);
    const tag = machine.state.idTag(partner, words, queryNameWord(w), bytes);
    const found = remembered.find(tag, partner, words, queryNameWord(w), bytes);
    if (found === 0) {
      this.#setHead(at.ENTRY.record, 0, machine.sequence, machine.state.timeMs);
      this.#reply(undefined);
      return;
    }
    this.#setHead(at.ENTRY.record, 1, remembered.sequenceOf(found), remembered.timeOf(found));
    const { memory, start } = remembered.recordAt(found);
    this.#reply(memory.bytes.subarray(start, start + record.recordUnits(memory.words, start >>> 2) * 8));
  }

  #setHead(kind: number, count: number, sequence: number, timeMs: number): void {
    this.#head.kind = kind;
    this.#head.count = count;
    this.#head.sequence = sequence;
    this.#head.timeMs = timeMs;
  }

  #append(): void {
    const { machine, journal, stats } = this.#options;
    const { frame } = machine;
    assert(frame.records > 0, "a frame is opened only for a record");
    const begin = performance.now();
    const { firstSequence, count, records, timeMs } = frame;
    const bodyBytes = frame.end - frame.start;
    journal.append(frame.bytes, { epoch: EPOCH, firstSequence, count, records, timeMs, bodyBytes });
    const spentMs = performance.now() - begin;
    stats[STAT.durable] = machine.sequence;
    stats[STAT.frames] = stats[STAT.frames]! + 1;
    stats[STAT.commands] = stats[STAT.commands]! + count;
    stats[STAT.journalBytes] = stats[STAT.journalBytes]! + bodyBytes;
    stats[STAT.syncs] = stats[STAT.syncs]! + 1;
    stats[STAT.syncMsTotal] = stats[STAT.syncMsTotal]! + spentMs;
    stats[STAT.syncMsMax] = Math.max(stats[STAT.syncMsMax]!, spentMs);
  }

  /** Brings the figures up to date; called after each turn, and once after recovery. */
  writeStats(): void {
    const { stats, machine } = this.#options;
    const { state } = machine;
    stats[STAT.sequence] = state.sequence;
    stats[STAT.accounts] = state.accounts.size;
    stats[STAT.holds] = state.holds.size;
    stats[STAT.remembered] = state.remembered.size;
    stats[STAT.oldestRememberedMs] = state.remembered.oldestTimeMs ?? state.timeMs;
    stats[STAT.timeMs] = state.timeMs;
  }
}

const isControl = (kind: number): boolean => kind === at.ENTRY.control || kind === at.ENTRY.controlsBegin;
