/**
 * The deterministic state machine of a group: records in, records with results out. No clock, no randomness, no I/O: the
 * same records at the same times give the same bytes (promise I3).
 */
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import { CommandCursor, namesAccount } from "./command-cursor.ts";
import { applyControl } from "./controls.ts";
import { Frame } from "./frame.ts";
import { copyWords } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import { type AccountState, checkInvariants, findAccount, stateHash, trialBalance } from "./inspect.ts";
import { EXPIRIES_PER_FRAME_MAX, FRAME_BODY_BYTES_MAX, HORIZON_COMMANDS_DEFAULT, RESULT_BYTES_MAX } from "./limits.ts";
import { BLOCK, LookAhead } from "./look-ahead.ts";
import { RecordMemory, viewMemory } from "./memory.ts";
import { Outcome } from "./outcome.ts";
import { CONTEXT, FIELD, FIRST_CONTROL_TYPE, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { writeCommand, writeDuplicate, writeResult } from "./result-writer.ts";
import { chunkOf, wordOf } from "./rows.ts";
import { decide } from "./rules.ts";
import { loadByName } from "./rules-reverse.ts";
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
  readonly #command = new CommandCursor();
  readonly #outcome = new Outcome();
  /** What the failed command of an atomic bucket had found. */
  readonly #failed = new Outcome();
  /** One expire record, written by the group itself. */
  readonly #own = viewMemory(new ArrayBuffer(128));
  readonly #ahead: LookAhead;
  readonly #usual: UsualPath | undefined;

  constructor(options: MachineOptions = {}) {
    const {
      horizonCommands = HORIZON_COMMANDS_DEFAULT,
      seed = 0,
      blocks = PLAIN_BLOCKS,
      takesUsualPath = true,
    } = options;
    this.state = options.state ?? new State({ horizonCommands, seed: seed | 0, blocks });
    this.frame = new Frame(options.frameRoom);
    this.#ahead = new LookAhead(this.state);
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
      this.#applyExpire(this.#own, 0);
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
    else if ((record.context(input.words, w) & CONTEXT.ATOMIC) !== 0) this.#applyAtomic(input, start, end);
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
    for (let i = 0; i < run; i++) end = this.#next(input, end);
    if (record.typeOf(words, at >>> 2) === TYPE.expire) this.#applyExpire(input, at);
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
      this.#applyOne(input, starts[i]!, idTags[i]!, accountTags[i]!);
      this.state.dropSpentHolds();
    }
    return this.#next(input, starts[place + count - 1]!);
  }

  /** Row of the account that the command in hand names, 0 when it names none or there is none. */
  #findAccount(tag: number): number {
    const { type, partner, currency, words, nameStart, nameBytes } = this.#command;
    if (!namesAccount(type)) return 0;
    return this.state.accounts.find(tag, partner, currency, words, nameStart, nameBytes);
  }

  /** Gives the record a sequence, decides it, and writes it into the frame. Returns the result's code. */
  #applyOne(input: RecordMemory, start: number, idTag: number, accountTag: number): number {
    const { state } = this;
    const { remembered } = state;
    const command = this.#command;
    command.load(input, start);
    const outcome = this.#begin(this.#findAccount(accountTag));
    const { partner, idStart, idBytes } = command;
    const place = remembered.find(idTag, partner, input.words, idStart, idBytes);
    if (place !== 0) {
      if (remembered.isSameBody(place, input, start)) this.#writeRepeat(input, start, place);
      else this.#refuse(input, start, CODE.ID_REUSED);
      return CODE.ID_REUSED;
    }
    if (this.#isHeldId(command, idTag)) return this.#refuse(input, start, CODE.ID_REUSED);
    outcome.code = this.#isTooOld(command) ? CODE.TOO_OLD : decide(state, command, accountTag, idTag, outcome);
    this.#write(input, start, idTag);
    return outcome.code;
  }

  #begin(row: number): Outcome {
    this.state.sequence++;
    this.#outcome.reset();
    this.#outcome.shown.load(this.state.accounts.rows, row);
    return this.#outcome;
  }

  /** Writes the record with its outcome and remembers it. */
  #write(input: RecordMemory, start: number, idTag: number): void {
    const { state, frame } = this;
    const out = frame.end >>> 2;
    writeCommand(input, start, frame.memory, out);
    const end = writeResult(this.#outcome, frame.memory, out) * 4;
    state.remembered.add(idTag, state.sequence, state.timeMs, frame.memory, frame.end, end - frame.end);
    this.#advance(end);
  }

  /** Writes a refusal that is not remembered: the id belongs to another command. */
  #refuse(input: RecordMemory, start: number, code: number): number {
    const out = this.frame.end >>> 2;
    this.#outcome.code = code;
    writeCommand(input, start, this.frame.memory, out);
    this.#advance(writeResult(this.#outcome, this.frame.memory, out) * 4);
    return code;
  }

  #writeRepeat(input: RecordMemory, start: number, place: number): void {
    const { remembered } = this.state;
    const out = this.frame.end >>> 2;
    writeCommand(input, start, this.frame.memory, out);
    const first = {
      ...remembered.recordAt(place),
      sequence: remembered.sequenceOf(place),
      timeMs: remembered.timeOf(place),
    };
    this.#advance(writeDuplicate(first, this.frame.memory, out) * 4);
  }

  #advance(end: number): void {
    this.frame.end = end;
    this.frame.count++;
    this.frame.records++;
  }

  /** True if an open hold, older than the horizon, has this id: a second hold of that name must not be made. */
  #isHeldId({ type, partner, words, idStart, idBytes }: CommandCursor, idTag: number): boolean {
    return type === TYPE.hold && this.state.holds.find(idTag, partner, words, idStart, idBytes) !== 0;
  }

  #isTooOld(command: CommandCursor): boolean {
    if ((command.fields & FIELD.ISSUED) === 0) return false;
    return command.number(FIELD.ISSUED) <= this.state.remembered.horizonTimeMs;
  }

  // Atomic buckets

  #applyAtomic(input: RecordMemory, start: number, end: number): void {
    const { state, frame } = this;
    const known = this.#countKnown(input, start, end);
    if (known.repeats === known.count) {
      for (let at = start; at < end; at = this.#next(input, at)) this.#applyByTags(input, at);
      return;
    }
    if (known.known > 0) {
      this.#abort(input, start, end, -1, CODE.OK);
      return;
    }
    const logEnd = state.remembered.end();
    const { end: frameEnd, count, records } = frame;
    const sequence = state.sequence;
    state.undo.begin();
    for (let at = start; at < end; at = this.#next(input, at)) {
      const code = this.#applyByTags(input, at);
      if (code === CODE.OK) continue;
      this.#failed.copyResolved(this.#outcome);
      // Undo first: it unmarks commands reversed within the bucket, whose entries the rewind drops with their chunk.
      state.undo.rollBack();
      state.remembered.rewind(logEnd, state.tagOf);
      state.keepSpentHolds();
      state.sequence = sequence;
      frame.end = frameEnd;
      frame.count = count;
      frame.records = records;
      this.#abort(input, start, end, at, code);
      return;
    }
    state.undo.commit();
    state.dropSpentHolds();
  }

  /** Commands of the bucket, those whose id is known, and those that are exact repeats. */
  #countKnown(input: RecordMemory, start: number, end: number): { count: number; known: number; repeats: number } {
    const { remembered } = this.state;
    const found = { count: 0, known: 0, repeats: 0 };
    for (let at = start; at < end; at = this.#next(input, at)) {
      found.count++;
      const place = this.#findId(input.words, at >>> 2);
      if (place === 0) continue;
      found.known++;
      if (remembered.isSameBody(place, input, at)) found.repeats++;
    }
    return found;
  }

  /**
   * Writes a refused bucket. With a failed command, that one has `code` and all others ATOMIC_ABORTED; without one (-1), ids
   * known before the bucket are ID_REUSED. Each new id is remembered at its first place.
   */
  #abort(input: RecordMemory, start: number, end: number, failed: number, code: number): void {
    const { remembered } = this.state;
    const before = this.state.sequence;
    for (let at = start; at < end; at = this.#next(input, at)) {
      const w = at >>> 2;
      const place = this.#findId(input.words, w);
      this.#command.load(input, at);
      this.#begin(this.#findAccount(this.#accountTagAt(input.words, w)));
      const isKnownBefore = place !== 0 && remembered.sequenceOf(place) <= before;
      if (at === failed && this.#failed.isResolved) this.#showFailed(input.words[w + record.PARTNER]!);
      this.#outcome.code = at === failed ? code : isKnownBefore ? CODE.ID_REUSED : CODE.ATOMIC_ABORTED;
      if (place === 0 && this.#outcome.code !== CODE.ID_REUSED)
        this.#write(input, at, this.state.idTagAt(input.words, w));
      else this.#refuse(input, at, this.#outcome.code);
    }
  }

  /** The account that the failed command led to, as it stands now that the bucket is taken back. */
  #showFailed(partner: number): void {
    const outcome = this.#outcome;
    outcome.copyResolved(this.#failed);
    loadByName(this.state, partner, outcome, { cursor: outcome.shown, place: 0, bytes: outcome.nameBytes });
  }

  #applyByTags(input: RecordMemory, at: number): number {
    const w = at >>> 2;
    return this.#applyOne(input, at, this.state.idTagAt(input.words, w), this.#accountTagAt(input.words, w));
  }

  #findId(words: Int32Array, w: number): number {
    const start = w + record.idWord(words, w);
    const tag = this.state.idTagAt(words, w);
    return this.state.remembered.find(tag, words[w + record.PARTNER]!, words, start, record.idBytes(words, w));
  }

  #accountTagAt(words: Int32Array, w: number): number {
    const start = w + record.nameWord(words, w);
    const partner = words[w + record.PARTNER]!;
    return this.state.accounts.tag(partner, record.currency(words, w), words, start, record.nameBytes(words, w));
  }

  #next(input: RecordMemory, at: number): number {
    return at + record.recordUnits(input.words, at >>> 2) * 8;
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

  #applyExpire(input: RecordMemory, start: number): void {
    const out = this.frame.end >>> 2;
    const outcome = this.#begin(0);
    this.#command.load(input, start);
    outcome.code = decide(this.state, this.#command, 0, this.state.idTagAt(input.words, start >>> 2), outcome);
    this.state.dropSpentHolds();
    writeCommand(input, start, this.frame.memory, out);
    this.#advance(writeResult(this.#outcome, this.frame.memory, out) * 4);
  }

  readonly #onForgetHold = (words: Int32Array, w: number): void => {
    if (record.resultCode(words, w) !== CODE.OK) return;
    const tag = this.state.idTagAt(words, w);
    const start = w + record.idWord(words, w);
    const partner = words[w + record.PARTNER]!;
    this.state.forgetHold(this.state.holds.find(tag, partner, words, start, record.idBytes(words, w)));
  };

  #applyControls(input: RecordMemory, start: number, end: number): void {
    for (let at = start; at < end; at = this.#next(input, at)) {
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
