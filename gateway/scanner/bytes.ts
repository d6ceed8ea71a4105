/**
 * Byte values, and the tables that classify bytes. Tables, because one load decides what would be a chain of compares;
 * the names' table takes two bytes at a time, which halves the loads (its used part is a few KiB, so it stays cached).
 */
import { assert } from "../../engine/assert.ts";

export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const DIGIT_0 = 0x30;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** What every step of the scan returns in place of a position when the body is malformed. */
export const REFUSED = -1;

/** `WORD_MASKS[n]`: keeps the first n bytes of a little-endian word, n in 0..4. */
export const WORD_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

/** Four ASCII bytes as the little-endian word in which they are compared. */
export function wordOf(text: string): number {
  assert(text.length <= 4, "a word holds at most four bytes");
  let word = 0;
  for (let i = 0; i < text.length; i++) word |= text.charCodeAt(i) << (8 * i);
  return word;
}

/** 1 for the four bytes that JSON takes as white space. */
const IS_SPACE = tableOf((byte) => (" \t\n\r".includes(String.fromCharCode(byte)) ? 1 : 0));

const IS_NAME = tableOf((byte) => (/[A-Za-z0-9._:-]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** Indexed by two bytes, the first one low: how many of them, from the first on, may stand in an id: 0, 1 or 2. */
export const NAME_PAIRS = new Uint8Array(1 << 16);
for (let pair = 0; pair < NAME_PAIRS.length; pair++) {
  const first = IS_NAME[pair & 0xff]!;
  NAME_PAIRS[pair] = first === 0 ? 0 : 1 + IS_NAME[pair >>> 8]!;
}

/** Bytes of a string's text: 0 stands for itself, TEXT_LEAD starts a UTF-8 sequence, TEXT_STOP ends the run. */
export const TEXT_LEAD = 1;
export const TEXT_STOP = 2;
export const TEXT_CLASS = tableOf((byte) => {
  if (byte >= 0x80) return TEXT_LEAD;
  return byte < SPACE || byte === QUOTE || byte === BACKSLASH ? TEXT_STOP : 0;
});

function tableOf(classify: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classify(byte));
}

/** Returns the first position at or after `pos` that is not white space. The source's end marker stops it. */
export function skipSpace(bytes: Uint8Array, pos: number): number {
  let at = pos;
  while (IS_SPACE[bytes[at]!] === 1) at++;
  return at;
}

// Words are compared as they lie in memory, and records are little-endian too.
assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, "the machine is little-endian");
