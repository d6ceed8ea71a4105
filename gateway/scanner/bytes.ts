/**
 * Byte values, and word helpers. Files of the hot path take local copies (`const { QUOTE } = BYTE`): V8 folds a
 * file's own constants into the code, but loads an imported one anew at every use, which costs the scanner 12 %.
 */
import { assert } from "../../engine/index.ts";

export const BYTE = Object.freeze({
  SPACE: 0x20,
  QUOTE: 0x22,
  COMMA: 0x2c,
  MINUS: 0x2d,
  DOT: 0x2e,
  DIGIT_0: 0x30,
  COLON: 0x3a,
  UPPER_T: 0x54,
  UPPER_Z: 0x5a,
  OPEN_ARRAY: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE_ARRAY: 0x5d,
  LOWER_E: 0x65,
  LOWER_U: 0x75,
  OPEN_OBJECT: 0x7b,
  CLOSE_OBJECT: 0x7d,
});

/** What every step of the scan returns in place of a position when the body is malformed. */
export const REFUSED = -1;

/** `WORD_MASKS[n]`: keeps the first n bytes of a little-endian word, n in 0..4. */
export const WORD_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

/** At most four ASCII bytes as the little-endian word in which they are compared. */
export function wordOf(text: string): number {
  assert(text.length <= 4, "a word holds at most four bytes");
  let word = 0;
  for (let i = 0; i < text.length; i++) word |= text.charCodeAt(i) << (8 * i);
  return word;
}

/** A table over all byte values. */
export function byteTable(classify: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classify(byte));
}

// Words are compared as they lie in memory, and records are little-endian too.
assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, "the machine is little-endian");
