/** JSON strings and white space in the scan memory. */
import { assert } from "../../engine/index.ts";
import { BYTE, byteTable, REFUSED as REFUSED_ } from "./bytes.ts";
import { SCAN_MEMORY, SPARE_BYTES, STAGED_BYTES, STRING_BYTES_MAX, TEXT, ZERO_BYTES } from "./memory.ts";
import { escapeByte, hexUnit, NOT_HEX, skipUtf8, UNICODE_ESCAPE, writeUtf8 } from "./text.ts";

const { SPACE, QUOTE, BACKSLASH, LOWER_U } = BYTE;
const REFUSED = REFUSED_;
const text = TEXT;
const bytes = new Uint8Array(SCAN_MEMORY);
const view = new DataView(SCAN_MEMORY);

/** Where the next unescaped string goes. */
const spare = { at: STAGED_BYTES };

const IS_SPACE = byteTable((byte) => (" \t\n\r".includes(String.fromCharCode(byte)) ? 1 : 0));

const IS_NAME = byteTable((byte) => (/[A-Za-z0-9._:-]/.test(String.fromCharCode(byte)) ? 1 : 0));

/**
 * Indexed by two bytes, the first one low: how many of them, from the first on, may stand in a name: 0, 1 or 2. Two at
 * a time halve the loads; the part of the table in use is a few KiB.
 */
const NAME_PAIRS = new Uint8Array(1 << 16);
for (let pair = 0; pair < NAME_PAIRS.length; pair++) {
  const first = IS_NAME[pair & 0xff]!;
  NAME_PAIRS[pair] = first === 0 ? 0 : 1 + IS_NAME[pair >>> 8]!;
}

/** Bytes of a string's text: 0 stands for itself, LEAD starts a UTF-8 sequence, STOP ends the run. */
const LEAD = 1;
const STOP = 2;
const TEXT_CLASS = byteTable((byte) => {
  if (byte >= 0x80) return LEAD;
  return byte < SPACE || byte === QUOTE || byte === BACKSLASH ? STOP : 0;
});

/** Returns the first position at or after `start` that is not white space. */
export function skipSpace(start: number): number {
  let pos = start;
  while (IS_SPACE[bytes[pos]!] === 1) pos++;
  return pos;
}

/** Makes room for further unescaped strings: those read before must not be used any more. */
export function forgetStrings(): void {
  spare.at = STAGED_BYTES;
}

/**
 * Reads a string of `[A-Za-z0-9._:-]*` that starts with the quote at `quote`: four bytes at a time unless it has escapes.
 * Returns and sets what `readString` does.
 */
export function readName(quote: number): number {
  if (bytes[quote] !== QUOTE) return REFUSED;
  const end = nameEnd(quote + 1);
  if (bytes[end] === QUOTE) {
    text.at = quote + 1;
    text.bytes = end - quote - 1;
    return end + 1;
  }
  const behind = readString(quote);
  // Behind the text stand zeros or the closing quote, so its end is where the run of name bytes must stop.
  return behind >= 0 && nameEnd(text.at) === text.at + text.bytes ? behind : REFUSED;
}

/** Position of the first byte from `start` on that may not stand in a name. */
export function nameEnd(start: number): number {
  let pos = start;
  for (;;) {
    const word = view.getInt32(pos, true);
    const low = NAME_PAIRS[word & 0xffff]!;
    if (low !== 2) return pos + low;
    const high = NAME_PAIRS[word >>> 16]!;
    if (high !== 2) return pos + 2 + high;
    pos += 4;
  }
}

/**
 * Reads the JSON string that starts with the quote at `quote`. Returns the position behind its closing quote, or
 * REFUSED for anything that JSON or UTF-8 does not allow, for U+0000, and for an escaped string above STRING_BYTES_MAX.
 * `TEXT` then tells where its text lies: in place, or unescaped with zeros behind it.
 */
export function readString(quote: number): number {
  if (bytes[quote] !== QUOTE) return REFUSED;
  const end = plainEnd(quote + 1);
  if (end === REFUSED) return REFUSED;
  if (bytes[end] === BACKSLASH) return unescapeText(quote + 1, end);
  if (bytes[end] !== QUOTE) return REFUSED;
  text.at = quote + 1;
  text.bytes = end - quote - 1;
  return end + 1;
}

/**
 * Copies the string read last, with `closing` and zeros behind it, to where keyword look-up can read it, and returns that
 * position. For the rare spellings: escapes in a keyword, white space before its colon.
 */
export function stageKeyword(closing: string): number {
  bytes.fill(0, 0, STAGED_BYTES);
  if (text.bytes > STAGED_BYTES - ZERO_BYTES) return 0;
  // A look-up stops at the closing quote: with a quote of its own, behind which more text stands, it would be found by its beginning.
  for (let i = text.at; i < text.at + text.bytes; i++) if (bytes[i] === QUOTE) return 0;
  bytes.copyWithin(0, text.at, text.at + text.bytes);
  for (let i = 0; i < closing.length; i++) bytes[text.bytes + i] = closing.charCodeAt(i);
  return 0;
}

/** Position of the first byte from `start` on that is a quote, a backslash or not allowed; REFUSED for broken UTF-8. */
function plainEnd(start: number): number {
  let pos = start;
  for (;;) {
    const kind = TEXT_CLASS[bytes[pos]!]!;
    if (kind === STOP) return pos;
    if (kind === LEAD) {
      pos = skipUtf8(bytes, pos);
      if (pos === REFUSED) return REFUSED;
    } else pos++;
  }
}

/** The text from `start` on, whose first backslash stands at `backslash`, goes unescaped into the spare memory. */
function unescapeText(start: number, backslash: number): number {
  const first = spare.at;
  const last = first + STRING_BYTES_MAX;
  assert(last + ZERO_BYTES <= STAGED_BYTES + SPARE_BYTES, "the spare memory holds every string of one command");
  let from = start;
  let stop = backslash;
  let out = first;
  for (;;) {
    if (out + (stop - from) > last) return REFUSED;
    bytes.copyWithin(out, from, stop);
    out += stop - from;
    if (bytes[stop] === QUOTE) break;
    if (bytes[stop] !== BACKSLASH) return REFUSED;
    const escaped = escapeByte(bytes[stop + 1]!);
    if (escaped === REFUSED) return REFUSED;
    const point = escaped === UNICODE_ESCAPE ? unicodeEscape(stop + 2) : escaped;
    if (point === REFUSED) return REFUSED;
    out = writeUtf8(bytes, out, point);
    from = stop + (escaped !== UNICODE_ESCAPE ? 2 : point > 0xffff ? 12 : 6);
    stop = plainEnd(from);
    if (stop === REFUSED) return REFUSED;
  }
  bytes.fill(0, out, out + ZERO_BYTES);
  spare.at = out + ZERO_BYTES;
  text.at = first;
  text.bytes = out - first;
  return stop + 1;
}

/** Code point of the hex digits at `pos`, with the second half of a surrogate pair; REFUSED for a lone one and for 0. */
function unicodeEscape(pos: number): number {
  const unit = hexUnit(bytes, pos);
  if (unit === NOT_HEX || unit === 0 || (unit & 0xfc00) === 0xdc00) return REFUSED;
  if ((unit & 0xfc00) !== 0xd800) return unit;
  if (bytes[pos + 4] !== BACKSLASH || bytes[pos + 5] !== LOWER_U) return REFUSED;
  const second = hexUnit(bytes, pos + 6);
  if (second === NOT_HEX || (second & 0xfc00) !== 0xdc00) return REFUSED;
  return 0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff);
}
