/** UTF-8 and JSON escapes, byte by byte. A truncated sequence ends at the zeros behind the body. */
import { REFUSED } from "./bytes.ts";

/** What `escapeByte` returns for `u`: four hex digits follow. */
export const UNICODE_ESCAPE = -2;

/** What `hexUnit` returns when one of the four bytes is no hex digit. */
export const NOT_HEX = -1;

const ESCAPES = new Int16Array(256).fill(REFUSED);
for (const [letter, byte] of Object.entries({ '"': 0x22, "\\": 0x5c, "/": 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  ESCAPES[letter.charCodeAt(0)] = byte;
}
ESCAPES["u".charCodeAt(0)] = UNICODE_ESCAPE;

/** The byte that a backslash and this letter stand for, UNICODE_ESCAPE, or REFUSED. */
export function escapeByte(letter: number): number {
  return ESCAPES[letter]!;
}

const HEX = new Int8Array(256).fill(NOT_HEX);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** The UTF-16 unit written as four hex digits at `pos`, or NOT_HEX. */
export function hexUnit(bytes: Uint8Array, pos: number): number {
  let unit = 0;
  for (let at = pos; at < pos + 4; at++) {
    const digit = HEX[bytes[at]!]!;
    if (digit === NOT_HEX) return NOT_HEX;
    unit = (unit << 4) | digit;
  }
  return unit;
}

/**
 * Position behind the UTF-8 sequence of two to four bytes at `pos`, or REFUSED: overlong forms, surrogates and values
 * above U+10FFFF are refused by the range of the second byte (Unicode 16, table 3-7).
 */
export function skipUtf8(bytes: Uint8Array, pos: number): number {
  const lead = bytes[pos]!;
  const second = bytes[pos + 1]!;
  if (lead < 0xc2 || lead > 0xf4) return REFUSED;
  if (lead < 0xe0) return isTail(second) ? pos + 2 : REFUSED;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high || !isTail(bytes[pos + 2]!)) return REFUSED;
  if (lead < 0xf0) return pos + 3;
  return isTail(bytes[pos + 3]!) ? pos + 4 : REFUSED;
}

function isTail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Writes a code point that is no surrogate as one to four bytes at `at`, and returns the position behind them. */
export function writeUtf8(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point;
    return at + 1;
  }
  const tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const mark = tails === 1 ? 0xc0 : tails === 2 ? 0xe0 : 0xf0;
  bytes[at] = mark | (point >> (6 * tails));
  for (let i = 1; i <= tails; i++) bytes[at + i] = 0x80 | ((point >> (6 * (tails - i))) & 0x3f);
  return at + tails + 1;
}
