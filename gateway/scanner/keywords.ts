/**
 * Recognises one of a fixed list of words (JSON keys, command types) by its bytes, without making a string: a perfect
 * hash of the first four bytes picks the only candidate, masked compares of twelve bytes verify it. The closing bytes
 * (`":` of a key, `"` of a value) are compared along with the word, so a match needs no further check.
 */
import { assert } from "../../engine/assert.ts";
import { REFUSED, WORD_MASKS, wordOf } from "./bytes.ts";

/** Ints of one entry: first word, second word, its mask, third word, its mask, index, two unused (a power of two). */
const ENTRY_INTS = 8;
const SLOT_BITS = 6;

export class Keywords {
  /** Bytes of each word with its closing bytes. */
  readonly sizes: Int32Array;
  readonly #entries = new Int32Array(ENTRY_INTS << SLOT_BITS);
  readonly #factor: number;

  /** Words of 2 to 12 ASCII bytes, closing bytes included at least 4 and at most 12. */
  constructor(words: readonly string[], closing: string) {
    const texts = words.map((word) => word + closing);
    this.sizes = Int32Array.from(texts, (text) => text.length);
    this.#factor = perfectFactor(texts.map((text) => wordOf(text.slice(0, 4))));
    for (let slot = 0; slot < 1 << SLOT_BITS; slot++) this.#entries[slot * ENTRY_INTS + 5] = REFUSED;
    for (const [index, text] of texts.entries()) this.#enter(text, index);
  }

  /** Index of the word that stands at `at` with its closing bytes, or REFUSED. Reads twelve bytes. */
  find(view: DataView, at: number): number {
    const entries = this.#entries;
    const first = view.getInt32(at, true);
    const entry = slotOf(first, this.#factor) * ENTRY_INTS;
    if (
      entries[entry] !== first ||
      (view.getInt32(at + 4, true) & entries[entry + 2]!) !== entries[entry + 1] ||
      (view.getInt32(at + 8, true) & entries[entry + 4]!) !== entries[entry + 3]
    ) {
      return REFUSED;
    }
    return entries[entry + 5]!;
  }

  #enter(text: string, index: number): void {
    assert(text.length >= 4 && text.length <= 12, "a keyword with its closing bytes has 4 to 12 bytes");
    const first = wordOf(text.slice(0, 4));
    const entry = slotOf(first, this.#factor) * ENTRY_INTS;
    this.#entries[entry] = first;
    for (const [place, from] of [4, 8].entries()) {
      const part = text.slice(from, from + 4);
      this.#entries[entry + 1 + 2 * place] = wordOf(part);
      this.#entries[entry + 2 + 2 * place] = WORD_MASKS[part.length]!;
    }
    this.#entries[entry + 5] = index;
  }
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
