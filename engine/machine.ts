/**
 * The deterministic state machine of a group: records in, records with results out. No clock, no randomness, no I/O: the
 * same records at the same times give the same bytes (promise I3).
 */
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { AtomicBuckets } from "./atomic.ts";
import { CODE } from "./codes.ts";
import { applyControl } from "./controls.ts";
import { Frame } from "./frame.ts";
import { GeneralPath } from "./general.ts";
import { copyWords } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import { type AccountState, checkInvariants, findAccount, stateHash, trialBalance } from "./inspect.ts";
import { EXPIRIES_PER_FRAME_MAX, FRAME_BODY_BYTES_MAX, HORIZON_COMMANDS_DEFAULT, RESULT_BYTES_MAX } from "./limits.ts";
import { BLOCK, LookAhead } from "./look-ahead.ts";
import { RecordMemory, viewMemory } from "./memory.ts";
import { CONTEXT, FIRST_CONTROL_TYPE, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { writeCommand } from "./result-writer.ts";
import { chunkOf, wordOf } from "./rows.ts";
import { State } from "./state.ts";
import { UsualPath } from "./usual.ts";

export interface MachineOptions {
  /** Commands after which an id is forgotten, until a setHorizon record says otherwise. */
  readonly horizonCommands?: number;
  /** Seed of the index hashes, so that nobody outside can choose keys that collide. Results do not depend on it. */
  readonly seed?: number;
  /** A state loaded from a snapshot, instead of an empty one. */
  readonly state?: State;
  /** Where the tables of an empty state get their memory. */
  readonly blocks?: BlockSource;
  /** See `Frame`. */
  readonly frameRoom?: Uint8Array;
  /** False: every command goes the general way; see `usual.ts`. Results are the same. */
  readonly takesUsualPath?: boolean;
}

export class Machine {
  readonly state: State;
  readonly frame: Frame;
  /** One expire record, written by the group itself. */
  readonly #own = viewMemory(new ArrayBuffer(128));
  readonly #ahead: LookAhead;
  readonly #usual: UsualPath | undefined;
  readonly #general: GeneralPath;
  readonly #atomic: AtomicBuckets;

  constructor(options: MachineOptions = {}) {
    const {
      horizonCommands = HORIZON_COMMANDS_DEFAULT,
      seed = 0,
      blocks = PLAIN_BLOCKS,
      takesUsualPath = true,
    } = options;
    this.state = options.state ?? new State({ horizonCommands, seed: seed | 0, blocks });
    this.frame = new Frame(options.frameRoom);
    this.#ahead = new LookAhead(this.state, this.frame);
    this.#general = new GeneralPath(this.state, this.frame);
    this.#atomic = new AtomicBuckets(this.state, this.frame, this.#general);
    this.#usual = takesUsualPath ? new UsualPath(this.state, this.frame) : undefined;
  }

  /** Last sequence given; 0 before the first. */
  get sequence(): number {
    return this.state.sequence;
  }

  /** The account by name, `@world` included, or undefined. */
  account(partner: number, currency: number, name: string): AccountState | undefined {
    return findAccount(this.state, partner, currency, name);
  }

  /** See `inspect.ts`. */
  trialBalance(): Map<number, bigint> {
    return trialBalance(this.state);
  }

  stateHash(): string {
    return stateHash(this.state);
  }

  checkInvariants(): void {
    checkInvariants(this.state);
  }

  /** Starts a frame at this time, not before the last one's: forgets what left the horizon and writes due expiries. */
  beginFrame(timeMs: number): void {
    this.#startFrame(timeMs);
    for (let i = 0; i < EXPIRIES_PER_FRAME_MAX && this.state.holds.firstDueTime() <= timeMs; i++) {
      this.#writeExpire(this.state.holds.firstDue());
      this.#general.expire(this.#own, 0);
    }
  }

  #startFrame(timeMs: number): void {
    const state = this.state;
    assert(timeMs >= state.timeMs, "the time of frames never goes back");
    state.timeMs = timeMs;
    this.frame.begin(state.sequence + 1, timeMs);
    state.remembered.forget(state.sequence - state.horizonCommands, this.#onForgetHold);
  }

  /**
   * Applies one bucket: `count` records in [start, end) of the input, multiples of 8. It is atomic if its records say so.
   * The frame must have room: see `hasRoom`.
   */
  applyBucket(input: RecordMemory, start: number, end: number, count: number): void {
    const w = start >>> 2;
    if (record.typeOf(input.words, w) >= FIRST_CONTROL_TYPE) this.#applyControls(input, start, end);
    else if ((record.context(input.words, w) & CONTEXT.ATOMIC) !== 0) this.#atomic.apply(input, start, end);
    else {
      assert(this.#applyPlain(input, start, count) === end, "a bucket's records fill it");
    }
  }

  /**
   * Told of a bucket that will be applied after those told of before and not applied yet: buckets that are looked at together cost
   * less. It must not change until it is applied. False if there is no need to be told of more.
   */
  foresee(input: RecordMemory, start: number, count: number): boolean {
    if (isPlain(input.words, start >>> 2)) return this.#ahead.add(input, start, count);
    return false;
  }

  /** What was foreseen is not applied after all. */
  forgetForesight(): void {
    this.#ahead.clear();
  }

  /** Buckets are told of by `foresee` only while this is true, and then from the next one on. */
  get wantsForesight(): boolean {
    if (this.#ahead.left > 0) return false;
    this.#ahead.clear();
    return true;
  }

  /** True if a bucket of this size fits into the frame, whatever its results. */
  hasRoom(bytes: number, count: number): boolean {
    return this.frame.end - this.frame.start + bytes + count * RESULT_BYTES_MAX <= FRAME_BODY_BYTES_MAX;
  }

  /**
   * Applies the records of a frame as they were applied first, and holds the outcome against the frame, byte for byte.
   * `body` lies at a multiple of 8 in its buffer. Throws InvariantError when the results differ (promise I3).
   */
  replayFrame(body: Uint8Array, firstSequence: number, timeMs: number, records: number): void {
    assert(firstSequence === this.state.sequence + 1, "replayed frames have no gap");
    this.#startFrame(timeMs);
    const input = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    let at = 0;
    for (let left = records; left > 0; ) {
      const run = runLength(input.words, at, left);
      at = this.#replayRun(input, at, run);
      left -= run;
    }
    assert(
      at === body.byteLength && at === this.frame.end - this.frame.start,
      "a replayed frame has its recorded length",
    );
    this.#assertSame(input.longs, firstSequence);
  }

  /** Holds the frame just made against the recorded one, eight bytes a step: half the time of words. */
  #assertSame(recorded: BigInt64Array, firstSequence: number): void {
    const made = this.frame.memory.longs;
    const offset = this.frame.start >>> 3;
    const count = recorded.length;
    let i = 0;
    while (i < count && recorded[i] === made[offset + i]) i++;
    assert(i === count, `replay differs from the journal at byte ${i * 8} of frame ${firstSequence}`);
  }

  /** Applies `run` records that belong together; returns the byte behind them. */
  #replayRun(input: RecordMemory, at: number, run: number): number {
    const { words } = input;
    if (isPlain(words, at >>> 2)) return this.#applyPlain(input, at, run);
    let end = at;
    for (let i = 0; i < run; i++) end = record.recordEnd(words, end);
    if (record.typeOf(words, at >>> 2) === TYPE.expire) this.#general.expire(input, at);
    else this.applyBucket(input, at, end, run);
    return end;
  }

  /** Applies plain records, each by itself; returns the byte behind them. */
  #applyPlain(input: RecordMemory, start: number, count: number): number {
    const ahead = this.#ahead;
    let at = start;
    for (let left = count; left > 0; ) {
      if (!ahead.isNext(at)) {
        ahead.clear();
        ahead.add(input, at, Math.min(left, BLOCK));
      }
      const run = Math.min(left, ahead.left);
      at = this.#applyRun(input, ahead.take(run), run);
      left -= run;
    }
    return at;
  }

  /** Applies records that were looked at, `place` being that of the first; returns the byte behind them. */
  #applyRun(input: RecordMemory, place: number, count: number): number {
    const { starts, idTags, accountTags, rows } = this.#ahead;
    for (let i = place; i < place + count; i++) {
      if (this.#usual?.apply(input, starts[i]!, idTags[i]!, accountTags[i]!, rows[i]!) === true) continue;
      this.#general.apply(input, starts[i]!, idTags[i]!, accountTags[i]!);
      this.state.dropSpentHolds();
    }
    return record.recordEnd(input.words, starts[place + count - 1]!);
  }

  // Expiry, forgetting, control records

  /** Writes the expire record of a hold to `#own`. */
  #writeExpire(hold: number): void {
    const words = this.state.holds.rows.words[chunkOf(hold)]!;
    const w = wordOf(hold);
    const idBytes = words[w + holdAt.ID_BYTES]!;
    const own = this.#own.words;
    own.fill(0);
    const units = (record.NUMBERS + ((idBytes + 3) >>> 2) + 1) >>> 1;
    own[record.HEAD] = TYPE.expire | (idBytes << 8);
    own[record.FLAGS] = units << 24;
    own[record.PARTNER] = words[w + holdAt.PARTNER]!;
    copyWords(words, w + holdAt.ID, own, record.NUMBERS, (idBytes + 3) >>> 2);
  }

  readonly #onForgetHold = (words: Int32Array, w: number): void => {
    if (record.resultCode(words, w) !== CODE.OK) return;
    const tag = this.state.idTagAt(words, w);
    const start = w + record.idWord(words, w);
    const partner = words[w + record.PARTNER]!;
    this.state.forgetHold(this.state.holds.find(tag, partner, words, start, record.idBytes(words, w)));
  };

  #applyControls(input: RecordMemory, start: number, end: number): void {
    for (let at = start; at < end; at = record.recordEnd(input.words, at)) {
      applyControl(this.state, input, at >>> 2);
      const out = this.frame.end >>> 2;
      this.frame.end = writeCommand(input, at, this.frame.memory, out) * 4;
      this.frame.records++;
    }
  }
}

/** True for a command that is applied by itself: no control record, no expiry, not of an atomic bucket. */
function isPlain(words: Int32Array, w: number): boolean {
  return record.typeOf(words, w) < TYPE.expire && (record.context(words, w) & CONTEXT.ATOMIC) === 0;
}

/** Records from byte `at` that are applied together: an atomic bucket, or plain commands up to a block, or one other record. */
function runLength(words: Int32Array, at: number, left: number): number {
  let w = at >>> 2;
  if ((record.context(words, w) & CONTEXT.ATOMIC) !== 0) {
    let run = 1;
    for (; (record.context(words, w) & CONTEXT.BUCKET_END) === 0; run++) w += record.recordUnits(words, w) * 2;
    return run;
  }
  let run = 0;
  const most = Math.min(left, BLOCK);
  while (run < most && isPlain(words, w)) {
    w += record.recordUnits(words, w) * 2;
    run++;
  }
  return Math.max(run, 1);
}
