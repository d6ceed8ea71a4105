/**
 * Where the parts of a result stand in its record (layout in `engine/record.ts`), found out once for whoever makes something of
 * it: a text (`render.ts`) or an object (`brief.ts`). Fields are plain and methods set them, so that nothing is made on the way.
 */
import {
  assert,
  CODE,
  FIELD,
  FIRST_CONTROL_TYPE,
  OUTCOME,
  type RecordMemory,
  recordWords as record,
  TYPE,
  TYPE_NAMES,
} from "../engine/index.ts";

/** Signs of the change of `available + held` by type: of the account shown and, in transfer and capture, the other side. */
const SIGN = new Int8Array(TYPE_NAMES.length);
SIGN[TYPE.credit] = 1;
SIGN[TYPE.debit] = -1;
SIGN[TYPE.transfer] = -1;
SIGN[TYPE.capture] = -1;

/** Words that a name of so many bytes takes. */
const wordsOf = (bytes: number) => (bytes + 3) >>> 2;

/** One result at a time. Places of names are words, counted from the memory's start. */
export class ResultRecord {
  bytes: Uint8Array = new Uint8Array(0);
  words: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  /** First word of the record, of its result part, and of its RESOLVED section (0: none). */
  w = 0;
  r = 0;
  resolved = 0;
  outcome = 0;
  type = 0;
  /** Number of the result code. */
  code = 0;
  /** Place and bytes of the name of the account shown; 0 bytes: none is known. */
  account = 0;
  accountBytes = 0;
  /** Set by `findAmount`. */
  hasAmount = false;
  amountHi = 0;
  amountLo = 0;
  /** Set by `takeBalance`. */
  hi = 0;
  lo = 0;
  /** Set by `firstChange` and `secondChange`: place and bytes of the account's name, and what is said of it beside money. */
  changed = 0;
  changedBytes = 0;
  sign = 0;
  hasHeld = false;
  status = 0;
  version = 0;
  /** float64 at which the next balance is read. */
  #f = 0;

  /** Finds the parts of the record at byte `offset`. Throws InvariantError for bytes that are no result. */
  open({ bytes, words, floats }: RecordMemory, offset: number): void {
    const w = offset >>> 2;
    assert(offset % 8 === 0 && w < words.length, "a record starts at a multiple of 8 inside its memory");
    this.bytes = bytes;
    this.words = words;
    this.floats = floats;
    this.w = w;
    this.type = record.typeOf(words, w);
    assert(this.type > 0 && this.type < TYPE_NAMES.length, "a result is that of a command");
    assert(record.resultUnits(words, w) > 0, "a command in a frame has a result");
    this.r = record.resultWord(words, w);
    this.code = words[this.r]! & 0xff;
    this.outcome = (words[this.r]! >>> 8) & 0xff;
    this.resolved = record.resolvedWord(words, w);
    this.#findAccount();
  }

  #findAccount(): void {
    const { words, type } = this;
    if (this.resolved !== 0) {
      this.account = this.resolved + record.RESOLVED_NAMES;
      this.accountBytes = record.resolvedNameBytes(words, this.resolved);
    } else if (type === TYPE.capture || type === TYPE.release || type === TYPE.reverse) {
      // The name is a hold or a command that was not looked for, or not found.
      this.accountBytes = 0;
    } else {
      this.account = this.nameWord();
      this.accountBytes = record.nameBytes(words, this.w);
    }
    if (this.accountBytes > 0) return;
    assert(
      (this.outcome & (OUTCOME.BALANCES | OUTCOME.CHANGE_1)) === 0,
      "balances are those of an account that is named",
    );
  }

  get isDuplicate(): boolean {
    return (this.outcome & OUTCOME.DUPLICATE) !== 0;
  }

  /** Sequence of the first result; of a duplicate only. */
  firstSequence(): number {
    return this.floats[this.#end() - 2]!;
  }

  /** Time of the result in a frame of this time; a repeat shows that of the first. ms since 1970. */
  timeMs(frameMs: number): number {
    return this.isDuplicate ? this.floats[this.#end() - 1]! : frameMs;
  }

  /** float64 behind the record. */
  #end(): number {
    return (this.w >>> 1) + record.recordUnits(this.words, this.w);
  }

  idWord(): number {
    return this.w + record.idWord(this.words, this.w);
  }

  nameWord(): number {
    return this.w + record.nameWord(this.words, this.w);
  }

  toWord(): number {
    return this.w + record.toWord(this.words, this.w);
  }

  memoWord(): number {
    return this.toWord() + wordsOf(record.toBytes(this.words, this.w));
  }

  /** Index of the currency of the account shown; 0: none is known. */
  currency(): number {
    return this.resolved === 0 ? record.currency(this.words, this.w) : this.words[this.resolved + 1]! & 0xffff;
  }

  /** What was moved, once a command is applied; of a refused one what it asked for, which may be nothing. */
  findAmount(): void {
    const { floats, resolved } = this;
    if (resolved !== 0 && this.code === CODE.OK) {
      this.hasAmount = true;
      this.amountLo = floats[(resolved >>> 1) + 1]!;
      this.amountHi = floats[(resolved >>> 1) + 2]!;
      return;
    }
    this.hasAmount = (record.fields(this.words, this.w) & FIELD.AMOUNT) !== 0;
    if (!this.hasAmount) return;
    const f = this.w >>> 1;
    this.amountLo = floats[f + 2]!;
    this.amountHi = record.isWide(this.words, this.w) ? floats[f + 3]! : 0;
  }

  /** Before the balances of the account shown: `takeBalance` reads `available`, then `held` where `hasHeld`. False: there are none. */
  shown(): boolean {
    this.#f = (this.r + 2) >>> 1;
    this.hasHeld = (this.outcome & OUTCOME.HELD) !== 0;
    return (this.outcome & OUTCOME.BALANCES) !== 0;
  }

  /** The next balance of the result part, or zero where it is left out. */
  takeBalance(isThere: boolean): void {
    this.lo = isThere ? this.floats[this.#f++]! : 0;
    this.hi = isThere && (this.outcome & OUTCOME.WIDE) !== 0 ? this.floats[this.#f++]! : 0;
  }

  /** Finds the change of the account shown, and goes to its balances as `shown` does. False: nothing changed. */
  firstChange(): boolean {
    if ((this.outcome & OUTCOME.CHANGE_1) === 0) return false;
    const hasBalances = this.shown();
    assert(hasBalances, "the first change shows the balances of the account shown");
    const { words, r } = this;
    this.changed = this.account;
    this.changedBytes = this.accountBytes;
    this.sign = this.#signOfShown();
    this.status = (words[r]! >>> 16) & 0xff;
    this.version = words[r + 1]! >>> 0;
    return true;
  }

  /** Finds the change of the other side, once the balances of the first were taken. False: there is none. */
  secondChange(): boolean {
    if ((this.outcome & OUTCOME.CHANGE_2) === 0) return false;
    const { words } = this;
    const isReverse = this.type === TYPE.reverse;
    this.changed = isReverse ? this.account + wordsOf(this.accountBytes) : this.toWord();
    this.changedBytes = isReverse ? record.resolvedOtherBytes(words, this.resolved) : record.toBytes(words, this.w);
    assert(this.changedBytes > 0, "the other side of a movement has a name");
    this.sign = 0 - this.sign;
    this.hasHeld = (this.outcome & OUTCOME.HELD_2) !== 0;
    this.status = words[this.r]! >>> 24;
    this.version = words[this.#f * 2]! >>> 0;
    this.#f++;
    return true;
  }

  #signOfShown(): number {
    if (this.type !== TYPE.reverse) return SIGN[this.type]!;
    return 0 - SIGN[this.words[this.resolved]! & 0xff]!;
  }
}

/** True for a record that takes no sequence and has no result. */
export function isControlAt(memory: RecordMemory, offset: number): boolean {
  return record.typeOf(memory.words, offset >>> 2) >= FIRST_CONTROL_TYPE;
}

/** Bytes from the record at byte `offset` to the next one. */
export function recordBytesAt(memory: RecordMemory, offset: number): number {
  return record.recordUnits(memory.words, offset >>> 2) * 8;
}
