/**
 * The command that nearly all are: a credit or debit of an open, active account without limits and holds, by an amount of one limb, under
 * a new id; or such a credit that opens its account. Checks whether a command is one, and if so applies it in one piece; else changes nothing, and the general way
 * decides. Half the time of the general way, which finds out step by step what is known here at once. The tests of the model run
 * every history both ways.
 */
import * as row from "./account-row.ts";
import type { Accounts } from "./accounts.ts";
import type { Frame } from "./frame.ts";
import { copyUnits, type RecordMemory } from "./memory.ts";
import { HI_MAX, LIMB as LIMB_ } from "./money.ts";
import { USUAL_RESULT_HEAD, USUAL_RESULT_UNITS } from "./packed.ts";
import { CONTEXT, FIELD, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import type { Remembered } from "./remembered.ts";
import { chunkOf, floatOf, wordOf } from "./rows.ts";
import type { State } from "./state.ts";

// Local copies: V8 folds a file's own constants into the code, but loads an imported one anew at every use.
const LIMB = LIMB_;
const { credit: CREDIT, debit: DEBIT } = TYPE;
const { PARTNER, CURRENCY, FLAGS, WIDE_BIT } = record;
const { AVAILABLE, HELD, VERSION, STATE, NAME, NAME_BYTES_SHIFT, NAME_WORDS_INLINE } = row;
const ROW_PARTNER = row.PARTNER;
const ROW_CURRENCY = row.CURRENCY;

/** Bits of an account's state word that take the general way: not active, a floor or a ceiling, `@world`. */
const UNUSUAL = row.STATUS_MASK | row.HAS_MAX | row.HAS_LIMITS | row.IS_WORLD;
/** The byte of `fields` in the FLAGS word, and what it is here: an amount and nothing else. */
const FIELDS = 0xff << 8;
const AMOUNT_ONLY = FIELD.AMOUNT << 8;
/** The bit of a strict partner in the FLAGS word. */
const STRICT = CONTEXT.STRICT << record.CONTEXT_SHIFT;
/** Float64s before the id: head of two, amount. */
const ID_WORDS = record.NUMBERS + 2;
const AMOUNT_FLOAT = record.NUMBERS / 2;
/** A balance of `@world` that is not near the end of the range, whatever one limb does to it. */
const WORLD_HI_MAX = HI_MAX / 2;
// The result part: head, then available.
const RESULT_UNITS = USUAL_RESULT_UNITS;
const RESULT_HEAD = USUAL_RESULT_HEAD;
const RESULT_UNITS_MASK = 0xff << 16;

export class UsualPath {
  readonly #state: State;
  readonly #accounts: Accounts;
  readonly #remembered: Remembered;
  readonly #frame: Frame;

  constructor(state: State, frame: Frame) {
    this.#state = state;
    this.#accounts = state.accounts;
    this.#remembered = state.remembered;
    this.#frame = frame;
  }

  /**
   * Applies the plain record at `start` if it is the usual command; false, and nothing has changed, if it is not. `found` is a row that may
   * be that of the account named, 0 for none; `accountTag` that account's tag, `idTag` the tag of the id.
   */
  apply(input: RecordMemory, start: number, idTag: number, accountTag: number, found: number): boolean {
    const words = input.words;
    const w = start >>> 2;
    const head = words[w]!;
    const isCredit = (head & 0xff) === CREDIT;
    if (!isCredit && (found === 0 || (head & 0xff) !== DEBIT)) return false;
    if ((words[w + FLAGS]! & FIELDS) !== AMOUNT_ONLY || (words[w + CURRENCY]! & WIDE_BIT) !== 0) return false;

    const accounts = this.#accounts;
    const { rows } = accounts;
    if (found === 0) {
      if (!this.#opens(words, w, accountTag)) return false;
    } else if (!isAccount(rows.words[chunkOf(found)]!, wordOf(found), words, w)) return false;
    const partner = words[w + PARTNER]!;
    const world = accounts.findWorld(partner, words[w + CURRENCY]! & 0xffff);
    if (world === 0) return false;

    const amount = input.floats[(w >>> 1) + AMOUNT_FLOAT]!;
    const change = isCredit ? amount : -amount;
    const available = (found === 0 ? 0 : balanceOf(rows.floats[chunkOf(found)]!, floatOf(found))) + change;
    if (!(available >= 0 && available < LIMB)) return false;
    const worldFloats = rows.floats[chunkOf(world)]!;
    const wf = floatOf(world);
    const worldHi = worldFloats[wf + AVAILABLE]!;
    if (worldHi > WORLD_HI_MAX || worldHi < -WORLD_HI_MAX) return false;
    if (this.#remembered.find(idTag, partner, words, w + ID_WORDS, (head >>> 8) & 0xff) !== 0) return false;

    // From here on it succeeds.
    const account = found === 0 ? this.#open(words, w, accountTag) : found;
    const rowWords = rows.words[chunkOf(account)]!;
    const r = wordOf(account);
    rows.willChange(account);
    rows.willChange(world);
    rows.floats[chunkOf(account)]![floatOf(account) + AVAILABLE + 1] = available;
    const worldLo = worldFloats[wf + AVAILABLE + 1]! - change;
    const carry = worldLo < 0 ? -1 : worldLo >= LIMB ? 1 : 0;
    worldFloats[wf + AVAILABLE + 1] = worldLo - carry * LIMB;
    if (carry !== 0) worldFloats[wf + AVAILABLE] = worldHi + carry;
    const worldWords = rows.words[chunkOf(world)]!;
    const v = wordOf(world) + VERSION;
    worldWords[v] = (worldWords[v]! + 1) | 0;
    const version = (rowWords[r + VERSION]! + 1) | 0;
    rowWords[r + VERSION] = version;
    accounts.rehash(rowWords, r);
    this.#write(input, w, idTag, version, available);
    return true;
  }

  /** True if the account that the credit names is not there, and it may open it. The index stands where it belongs then. */
  #opens(words: Int32Array, w: number, tag: number): boolean {
    if ((words[w + FLAGS]! & STRICT) !== 0) return false;
    const head = words[w]!;
    const name = nameWord(head, w);
    const nameBytes = (head >>> 16) & 0xff;
    return this.#accounts.find(tag, words[w + PARTNER]!, words[w + CURRENCY]! & 0xffff, words, name, nameBytes) === 0;
  }

  #open(words: Int32Array, w: number, tag: number): number {
    const head = words[w]!;
    const name = nameWord(head, w);
    const nameBytes = (head >>> 16) & 0xff;
    return this.#accounts.open(tag, words[w + PARTNER]!, words[w + CURRENCY]! & 0xffff, words, name, nameBytes);
  }

  /** Writes the record with its result, and remembers it. */
  #write(input: RecordMemory, w: number, idTag: number, version: number, available: number): void {
    const frame = this.#frame;
    const { memory, end } = frame;
    const state = this.#state;
    const units = input.words[w + FLAGS]! >>> 24;
    const out = end >>> 2;
    copyUnits(input, w >>> 1, memory, out >>> 1, units);
    const to = memory.words;
    to[out + CURRENCY] = (to[out + CURRENCY]! & ~RESULT_UNITS_MASK) | (RESULT_UNITS << 16);
    const result = out + units * 2;
    to[result] = RESULT_HEAD;
    to[result + 1] = version;
    memory.floats[(result >>> 1) + 1] = available;
    state.sequence++;
    const bytes = (units + RESULT_UNITS) * 8;
    this.#remembered.add(idTag, state.sequence, state.timeMs, memory, end, bytes);
    frame.end = end + bytes;
    frame.count++;
    frame.records++;
  }
}

/** First word of the name in the record at word `w`, whose first word is `head`. */
function nameWord(head: number, w: number): number {
  return w + ID_WORDS + ((((head >>> 8) & 0xff) + 3) >>> 2);
}

/** What is available in the row at float `f`, if that is one limb and nothing is held; else NaN. */
function balanceOf(floats: Float64Array, f: number): number {
  if (floats[f + AVAILABLE] !== 0 || floats[f + HELD] !== 0 || floats[f + HELD + 1] !== 0) return Number.NaN;
  return floats[f + AVAILABLE + 1]!;
}

/** True if the row at word `r` is a usual account, and the one that the record at word `w` names. */
function isAccount(rowWords: Int32Array, r: number, words: Int32Array, w: number): boolean {
  const head = words[w]!;
  const state = rowWords[r + STATE]!;
  const nameBytes = (head >>> 16) & 0xff;
  if ((state & UNUSUAL) !== 0 || ((state >>> NAME_BYTES_SHIFT) & 0xff) !== nameBytes) return false;
  if (rowWords[r + ROW_PARTNER] !== words[w + PARTNER]) return false;
  if (rowWords[r + ROW_CURRENCY] !== (words[w + CURRENCY]! & 0xffff)) return false;
  const count = (nameBytes + 3) >>> 2;
  if (count > NAME_WORDS_INLINE) return false;
  const name = nameWord(head, w);
  for (let i = 0; i < count; i++) if (rowWords[r + NAME + i] !== words[name + i]) return false;
  return true;
}
