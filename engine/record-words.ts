/** The record's layout (`record.ts`) seen in words, for the hot path: one load gives four bytes. `w` is the record's word. */
import { nameWords } from "./hash.ts";
import { FIELD, OUTCOME } from "./record.ts";

/** Word offsets of the command part's head. */
export const HEAD = 0;
export const FLAGS = 1;
export const PARTNER = 2;
export const CURRENCY = 3;
/** First word behind the head. */
export const NUMBERS = 4;

/** Bit of the FLAGS word for a bit of the context byte. */
export const CONTEXT_SHIFT = 16;
/** Bit of the CURRENCY word: the amount has a hi limb. */
export const WIDE_BIT = 1 << 24;

export function typeOf(words: Int32Array, w: number): number {
  return words[w]! & 0xff;
}

export function idBytes(words: Int32Array, w: number): number {
  return (words[w]! >>> 8) & 0xff;
}

export function nameBytes(words: Int32Array, w: number): number {
  return (words[w]! >>> 16) & 0xff;
}

export function toBytes(words: Int32Array, w: number): number {
  return words[w]! >>> 24;
}

export function memoBytes(words: Int32Array, w: number): number {
  return words[w + FLAGS]! & 0xff;
}

export function fields(words: Int32Array, w: number): number {
  return (words[w + FLAGS]! >>> 8) & 0xff;
}

export function context(words: Int32Array, w: number): number {
  return (words[w + FLAGS]! >>> 16) & 0xff;
}

/** Units of 8 bytes of the command part. */
export function commandUnits(words: Int32Array, w: number): number {
  return words[w + FLAGS]! >>> 24;
}

export function currency(words: Int32Array, w: number): number {
  return words[w + CURRENCY]! & 0xffff;
}

/** Units of 8 bytes of the result part; 0 in a ring. */
export function resultUnits(words: Int32Array, w: number): number {
  return (words[w + CURRENCY]! >>> 16) & 0xff;
}

/** Units of the whole record. */
export function recordUnits(words: Int32Array, w: number): number {
  return commandUnits(words, w) + resultUnits(words, w);
}

/** Byte behind the record, command and result, at byte `at`. */
export function recordEnd(words: Int32Array, at: number): number {
  return at + recordUnits(words, at >>> 2) * 8;
}

export function isWide(words: Int32Array, w: number): boolean {
  return (words[w + CURRENCY]! & WIDE_BIT) !== 0;
}

/** float64s before the names, by `fields`; a wide amount adds one. */
const NUMBER_FLOATS = new Uint8Array(256);
for (let f = 0; f < 256; f++) {
  const pairs = (f & FIELD.MIN_SET ? 2 : 0) + (f & FIELD.MAX_SET ? 2 : 0);
  NUMBER_FLOATS[f] = (f & FIELD.AMOUNT ? 1 : 0) + (f & FIELD.ISSUED ? 1 : 0) + (f & FIELD.EXPIRES_IN ? 1 : 0) + pairs;
}

/** Words from the record's start to its id. */
export function idWord(words: Int32Array, w: number): number {
  const wide = (words[w + CURRENCY]! >>> 24) & 1;
  return NUMBERS + (NUMBER_FLOATS[fields(words, w)]! + wide) * 2;
}

/** Words from the record's start to its name. */
export function nameWord(words: Int32Array, w: number): number {
  return idWord(words, w) + nameWords(idBytes(words, w));
}

/** Words from the record's start to its `to`. */
export function toWord(words: Int32Array, w: number): number {
  return nameWord(words, w) + nameWords(nameBytes(words, w));
}

/** float64s from the record's start to the number of this field bit; the fields before it in bit order come first. */
export function numberFloat(words: Int32Array, w: number, field: number): number {
  const before = fields(words, w) & (field - 1);
  const wide = field > FIELD.AMOUNT ? (words[w + CURRENCY]! >>> 24) & 1 : 0;
  return 2 + NUMBER_FLOATS[before]! + wide;
}

// The result part. `r` is its first word.

/** First word of the result part. */
export function resultWord(words: Int32Array, w: number): number {
  return w + commandUnits(words, w) * 2;
}

/** Number of the result code of a record that has a result. */
export function resultCode(words: Int32Array, w: number): number {
  return words[resultWord(words, w)]! & 0xff;
}

/** First word of the RESOLVED section, or 0 when the record has none. */
export function resolvedWord(words: Int32Array, w: number): number {
  const r = resultWord(words, w);
  const outcome = (words[r]! >>> 8) & 0xff;
  if ((outcome & OUTCOME.RESOLVED) === 0) return 0;
  const money = (outcome & OUTCOME.WIDE) !== 0 ? 4 : 2;
  let at = r + 2;
  if ((outcome & OUTCOME.BALANCES) !== 0) at += (outcome & OUTCOME.HELD) !== 0 ? money * 2 : money;
  if ((outcome & OUTCOME.CHANGE_2) !== 0) at += 2 + ((outcome & OUTCOME.HELD_2) !== 0 ? money * 2 : money);
  return at;
}

/** Words from the RESOLVED section's start to its names: head of two, amount of four. */
export const RESOLVED_NAMES = 6;

/** Bytes of the account's name in a RESOLVED section that begins at this word. */
export function resolvedNameBytes(words: Int32Array, resolved: number): number {
  return (words[resolved]! >>> 8) & 0xff;
}

/** Bytes of the other side's name in a RESOLVED section. */
export function resolvedOtherBytes(words: Int32Array, resolved: number): number {
  return (words[resolved]! >>> 16) & 0xff;
}
