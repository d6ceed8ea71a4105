/**
 * Recognises one of a fixed list of words (JSON keys, command types) by its bytes, without making a string. The closing
 * bytes (`":` of a key, `"` of a value) are compared along with the word, so a match needs no further check.
 *
 * The caller should guess first: the commands of a body mostly have the same keys in the same order. A right guess is
 * three compares that the processor runs ahead of; a look-up by hash makes every position wait for the one before.
 */
import { assert } from "../../engine/index.ts";
import { REFUSED, WORD_MASKS, wordOf } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";

const view = new DataView(SCAN_MEMORY);

/** Ints of one entry: first word, second word, its mask, third word, its mask, bytes in all, two unused. */
const ENTRY_INTS = 8;
const SIZE = 5;
const SLOT_BITS = 6;

export interface Keywords {
  /** By index of the word: see ENTRY_INTS. */
  readonly entries: Int32Array;
  /** By hash of the first four bytes: index of the only word that can be there. */
  readonly slots: Uint8Array;
  readonly factor: number;
}

/** ASCII words that differ in their first four bytes; with `closing` they have 4 to 12 bytes. */
export function makeKeywords(words: readonly string[], closing: string): Keywords {
  const texts = words.map((word) => word + closing);
  const firsts = texts.map((text) => wordOf(text.slice(0, 4)));
  const factor = perfectFactor(firsts);
  const slots = new Uint8Array(1 << SLOT_BITS);
  for (const [index, first] of firsts.entries()) slots[slotOf(first, factor)] = index;
  return { entries: Int32Array.from(texts.flatMap(entryOf)), slots, factor };
}

/** True if the word of this index stands at `at` in the scan memory, with its closing bytes. */
export function matchesKeyword(entries: Int32Array, index: number, at: number): boolean {
  const entry = index * ENTRY_INTS;
  return (
    view.getInt32(at, true) === entries[entry] &&
    (view.getInt32(at + 4, true) & entries[entry + 2]!) === entries[entry + 1] &&
    (view.getInt32(at + 8, true) & entries[entry + 4]!) === entries[entry + 3]
  );
}

/** Bytes of a word with its closing bytes. */
export function keywordSize(entries: Int32Array, index: number): number {
  return entries[index * ENTRY_INTS + SIZE]!;
}

/** Index of the word that stands at `at` in the scan memory, with its closing bytes, or REFUSED. */
export function findKeyword(keywords: Keywords, at: number): number {
  const index = keywords.slots[slotOf(view.getInt32(at, true), keywords.factor)]!;
  return matchesKeyword(keywords.entries, index, at) ? index : REFUSED;
}

function entryOf(text: string): number[] {
  assert(text.length >= 4 && text.length <= 12, "a keyword with its closing bytes has 4 to 12 bytes");
  const second = text.slice(4, 8);
  const third = text.slice(8);
  const words = [wordOf(second), WORD_MASKS[second.length]!, wordOf(third), WORD_MASKS[third.length]!];
  return [wordOf(text.slice(0, 4)), ...words, text.length, 0, 0];
}

function slotOf(word: number, factor: number): number {
  return Math.imul(word, factor) >>> (32 - SLOT_BITS);
}

/** The first odd factor that gives every word a slot of its own. */
function perfectFactor(words: readonly number[]): number {
  for (let factor = 0x9e3779b1; factor < 0x9e3779b1 + 100_000; factor += 2) {
    if (new Set(words.map((word) => slotOf(word, factor))).size === words.length) return factor | 0;
  }
  throw new RangeError("two keywords share their first four bytes");
}
