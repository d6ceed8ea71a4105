/**
 * The body under scan, copied into memory of our own: ` spare | body | zeros `. The copy costs some 5 % and buys three
 * things: one kind of array whatever Buffer came in (mixed kinds make every access a lookup of its kind), zeros behind
 * the body that stop every loop without a bounds check, and a place in the same memory for unescaped strings, so that
 * a string is always an offset and a length.
 */
import { assert } from "../../engine/assert.ts";
import { MEMO_BYTES_MAX } from "../../engine/limits.ts";
import { BACKSLASH, QUOTE, REFUSED, TEXT_CLASS, TEXT_LEAD, TEXT_STOP } from "./bytes.ts";
import { escapeByte, hexUnit, NOT_HEX, skipUtf8, UNICODE_ESCAPE, writeUtf8 } from "./text.ts";

/** No string of a body may be longer, so an unescaped one needs no more. */
const STRING_BYTES_MAX = MEMO_BYTES_MAX;

/** Zeros behind the body and behind each unescaped string: keyword look-ups read 12 bytes from any position. */
const ZERO_BYTES = 16;

/** A keyword with its closing bytes, staged for look-up: see `stageKeyword`. */
const STAGED_BYTES = 32;

/** A command has at most 14 keys and 14 values (duplicates are refused), each at most STRING_BYTES_MAX and zeros. */
const SPARE_BYTES = STAGED_BYTES + 32 * (STRING_BYTES_MAX + ZERO_BYTES);

const FIRST_CAPACITY = 1 << 16;

export class Source {
  /** All of the memory; positions index into it. */
  bytes = new Uint8Array(FIRST_CAPACITY);
  /** The same memory, for words at any alignment. */
  view = new DataView(this.bytes.buffer);
  /** Position behind the body's last byte. */
  end = 0;
  /** The string read last: position and length of its text, without quotes and escapes. */
  textAt = 0;
  textBytes = 0;
  #spare = STAGED_BYTES;

  /** Takes the first `length` bytes of `body`, and returns the position of the first. Allocates only to grow. */
  load(body: Uint8Array, length: number): number {
    assert(length >= 0 && length <= body.length, "the length lies within the body");
    const needed = SPARE_BYTES + length + ZERO_BYTES;
    if (needed > this.bytes.length) this.#grow(needed);
    this.bytes.set(length === body.length ? body : body.subarray(0, length), SPARE_BYTES);
    this.end = SPARE_BYTES + length;
    this.bytes.fill(0, this.end, this.end + ZERO_BYTES);
    this.forgetStrings();
    return SPARE_BYTES;
  }

  /** Makes room for further unescaped strings: those read before must not be used any more. */
  forgetStrings(): void {
    this.#spare = STAGED_BYTES;
  }

  /**
   * Reads the JSON string that starts with the quote at `quote`. Returns the position behind its closing quote, or
   * REFUSED for anything JSON or UTF-8 does not allow, for U+0000, and for an escaped string of more than 128 bytes.
   * Its text is then `textAt`, `textBytes`: in place, or unescaped with zeros behind it.
   */
  readString(quote: number): number {
    const bytes = this.bytes;
    if (bytes[quote] !== QUOTE) return REFUSED;
    const pos = plainEnd(bytes, quote + 1);
    if (pos === REFUSED) return REFUSED;
    if (bytes[pos] === BACKSLASH) return this.#unescape(quote + 1, pos);
    if (bytes[pos] !== QUOTE) return REFUSED;
    this.textAt = quote + 1;
    this.textBytes = pos - quote - 1;
    return pos + 1;
  }

  /**
   * Copies the string read last with `closing` behind it, zeros after that, to where keyword look-up can read it, and
   * returns that position. For the rare spellings: escapes in a keyword, white space before its colon.
   */
  stageKeyword(closing: string): number {
    this.bytes.fill(0, 0, STAGED_BYTES);
    if (this.textBytes > STAGED_BYTES - ZERO_BYTES) return 0;
    this.bytes.copyWithin(0, this.textAt, this.textAt + this.textBytes);
    for (let i = 0; i < closing.length; i++) this.bytes[this.textBytes + i] = closing.charCodeAt(i);
    return 0;
  }

  /** The string's text from `start` on, with its first backslash at `backslash`, goes unescaped into the spare memory. */
  #unescape(start: number, backslash: number): number {
    const bytes = this.bytes;
    const first = this.#spare;
    const last = first + STRING_BYTES_MAX;
    assert(last + ZERO_BYTES <= SPARE_BYTES, "the spare memory holds every string of one command");
    let from = start;
    let stop = backslash;
    let out = first;
    for (;;) {
      if (out + (stop - from) > last) return REFUSED;
      bytes.copyWithin(out, from, stop);
      out += stop - from;
      if (bytes[stop] === QUOTE) break;
      if (bytes[stop] !== BACKSLASH) return REFUSED;
      const unit = escapeByte(bytes[stop + 1]!);
      if (unit !== UNICODE_ESCAPE) {
        if (unit === REFUSED) return REFUSED;
        bytes[out++] = unit;
        from = stop + 2;
      } else {
        const point = this.#unicodeEscape(stop + 2);
        if (point === REFUSED) return REFUSED;
        out = writeUtf8(bytes, out, point);
        from = stop + (point > 0xffff ? 12 : 6);
      }
      stop = plainEnd(bytes, from);
      if (stop === REFUSED) return REFUSED;
    }
    bytes.fill(0, out, out + ZERO_BYTES);
    this.#spare = out + ZERO_BYTES;
    this.textAt = first;
    this.textBytes = out - first;
    return stop + 1;
  }

  /** Code point of the hex digits at `pos`, with the second half of a surrogate pair; REFUSED for a lone one and 0. */
  #unicodeEscape(pos: number): number {
    const unit = hexUnit(this.bytes, pos);
    if (unit === NOT_HEX || unit === 0 || (unit & 0xfc00) === 0xdc00) return REFUSED;
    if ((unit & 0xfc00) !== 0xd800) return unit;
    if (this.bytes[pos + 4] !== BACKSLASH || this.bytes[pos + 5] !== 0x75) return REFUSED;
    const second = hexUnit(this.bytes, pos + 6);
    if (second === NOT_HEX || (second & 0xfc00) !== 0xdc00) return REFUSED;
    return 0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff);
  }

  #grow(needed: number): void {
    let capacity = this.bytes.length;
    while (capacity < needed) capacity *= 2;
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Position of the first byte from `pos` on that is a quote, a backslash or not allowed; REFUSED for broken UTF-8. */
function plainEnd(bytes: Uint8Array, pos: number): number {
  let at = pos;
  for (;;) {
    const kind = TEXT_CLASS[bytes[at]!]!;
    if (kind === TEXT_STOP) return at;
    if (kind === TEXT_LEAD) {
      at = skipUtf8(bytes, at);
      if (at === REFUSED) return REFUSED;
    } else at++;
  }
}
