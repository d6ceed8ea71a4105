/**
 * The short form of a remembered record: a credit or debit that was applied and carries nothing but an amount of one limb. What such a
 * record says by being one is left out, 16 bytes of 72; all others are remembered as they stand in the frame. Type, length of the id,
 * context and partner stand where they stand in a record.
 *
 * ```
 *  0 type u8   1 idBytes u8   2 nameBytes u8   3 PACKED u8, in place of toBytes
 *  4 currency u16             6 context u8     7 units u8 (of 8 B)
 *  8 partner u32             12 version u32   16 amount f64   24 available f64
 * 32 id, name: each padded to 4 bytes with zeros; then padded to 8
 * ```
 */
import { CODE } from "./codes.ts";
import { copyUnits, type RecordMemory } from "./memory.ts";
import { FIELD, OUTCOME, TYPE } from "./record.ts";
import * as record from "./record-words.ts";

// Local copies: V8 folds a file's own constants into the code, but loads an imported one anew at every use.
const { credit: CREDIT, debit: DEBIT } = TYPE;
const { FLAGS, PARTNER, CURRENCY } = record;

/** More than any name's length. */
const PACKED = 0xff;
const PACKED_BITS = PACKED << 24;
const VERSION = 3;
const AMOUNT_FLOAT = 2;
const AVAILABLE_FLOAT = 3;
/** Units before the id in the short form, and in the record. */
const HEAD_UNITS = 4;
const RECORD_HEAD_UNITS = 3;
/** Units that the short form has more than the command part alone, which has no result. */
const MORE_UNITS = HEAD_UNITS - RECORD_HEAD_UNITS;
/** First word of the id. */
const ID_WORD = HEAD_UNITS * 2;

/** `fields` and `memoBytes` in the FLAGS word of a record that says an amount and nothing else. */
const SAID = 0xffff;
const AMOUNT_ONLY = FIELD.AMOUNT << 8;
const CONTEXT_BITS = 0xff << record.CONTEXT_SHIFT;
/** The result of such a record: two units, head and available. */
export const USUAL_RESULT_UNITS = 2;
/** First word of that result. */
export const USUAL_RESULT_HEAD: number = CODE.OK | ((OUTCOME.BALANCES | OUTCOME.CHANGE_1) << 8);
const RESULT_UNITS_BITS = USUAL_RESULT_UNITS << 16;
/** All but the currency in the CURRENCY word. */
const LENGTHS = 0xffff << 16;

/** True if the record at word `w`, with its result, has a short form. */
export function isPackable(words: Int32Array, w: number): boolean {
  const head = words[w]!;
  const type = head & 0xff;
  if ((type !== CREDIT && type !== DEBIT) || head >>> 24 !== 0) return false;
  const flags = words[w + FLAGS]!;
  if ((flags & SAID) !== AMOUNT_ONLY || (words[w + CURRENCY]! & LENGTHS) !== RESULT_UNITS_BITS) return false;
  return words[w + (flags >>> 24) * 2] === USUAL_RESULT_HEAD;
}

/** Units of the short form of the record at word `w`. */
export function packedUnits(words: Int32Array, w: number): number {
  return (words[w + FLAGS]! >>> 24) + MORE_UNITS;
}

/** Writes the short form of the record at word `w` at unit `out`. */
export function pack(from: RecordMemory, w: number, to: RecordMemory, out: number): void {
  const { words, floats } = from;
  const flags = words[w + FLAGS]!;
  const commandUnits = flags >>> 24;
  const result = w + commandUnits * 2;
  const o = out * 2;
  to.words[o] = words[w]! | PACKED_BITS;
  to.words[o + 1] = (words[w + CURRENCY]! & 0xffff) | (flags & CONTEXT_BITS) | ((commandUnits + MORE_UNITS) << 24);
  to.words[o + PARTNER] = words[w + PARTNER]!;
  to.words[o + VERSION] = words[result + 1]!;
  to.floats[out + AMOUNT_FLOAT] = floats[(w >>> 1) + record.NUMBERS / 2]!;
  to.floats[out + AVAILABLE_FLOAT] = floats[(result >>> 1) + 1]!;
  copyUnits(from, (w >>> 1) + RECORD_HEAD_UNITS, to, out + HEAD_UNITS, commandUnits - RECORD_HEAD_UNITS);
}

/** Writes the record whose short form stands at word `w` to word 0. */
export function unpack(from: RecordMemory, w: number, to: RecordMemory): void {
  const { words, floats } = from;
  const units = (words[w + FLAGS]! >>> 24) - MORE_UNITS;
  to.words[0] = words[w]! & ~PACKED_BITS;
  to.words[FLAGS] = AMOUNT_ONLY | (words[w + 1]! & CONTEXT_BITS) | (units << 24);
  to.words[PARTNER] = words[w + PARTNER]!;
  to.words[CURRENCY] = (words[w + 1]! & 0xffff) | RESULT_UNITS_BITS;
  to.floats[record.NUMBERS / 2] = floats[(w >>> 1) + AMOUNT_FLOAT]!;
  copyUnits(from, (w >>> 1) + HEAD_UNITS, to, RECORD_HEAD_UNITS, units - RECORD_HEAD_UNITS);
  to.words[units * 2] = USUAL_RESULT_HEAD;
  to.words[units * 2 + 1] = words[w + VERSION]!;
  to.floats[units + 1] = floats[(w >>> 1) + AVAILABLE_FLOAT]!;
}

// A remembered record, in either form, at word `w`.

export function isPacked(words: Int32Array, w: number): boolean {
  return words[w]! >>> 24 === PACKED;
}

/** Units of the entry. */
export function entryUnits(words: Int32Array, w: number): number {
  return isPacked(words, w) ? words[w + FLAGS]! >>> 24 : record.recordUnits(words, w);
}

/** First word of the id. */
export function entryIdWord(words: Int32Array, w: number): number {
  return isPacked(words, w) ? w + ID_WORD : w + record.idWord(words, w);
}
