/** Builds a JSON text as bytes in a buffer that is used again and again: what is made of them is made at the end, nothing on the way. */
import { assert, LIMB } from "../engine/index.ts";

/** Digits of the low limb of money. */
const LIMB_DIGITS = 15;
/** Room for 28 digits of money, and for a sequence. */
const SCRATCH_BYTES = 40;
const ZERO_DIGIT = 0x30;

/** Constant text, ready to be copied four bytes at a time. */
export interface Piece {
  /** Zero-padded. */
  readonly words: Int32Array;
  /** Bytes. */
  readonly length: number;
}

/** ASCII text as a piece. Throws for anything else. */
export function piece(text: string): Piece {
  const bytes = new Uint8Array((text.length + 3) & ~3);
  for (let i = 0; i < text.length; i++) {
    assert(text.charCodeAt(i) < 0x80, "a constant piece of JSON is ASCII");
    bytes[i] = text.charCodeAt(i);
  }
  return { words: new Int32Array(bytes.buffer), length: text.length };
}

export class TextWriter {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  #at = 0;
  /** False once a byte above 0x7f was written: then the text must be decoded as UTF-8. */
  #isAscii = true;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);

  /** `bytes` is the longest text that will be written, and three more: a copy may write so many behind its end. */
  constructor(bytes: number) {
    // Not from Buffer's pool: the writer keeps it for good.
    const memory = new ArrayBuffer(bytes);
    this.#buffer = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  begin(): void {
    this.#at = 0;
    this.#isAscii = true;
  }

  /** The text written since `begin`. */
  finish(): string {
    assert(this.#at <= this.#buffer.length, "a text is no longer than its writer's buffer");
    return this.#buffer.toString(this.#isAscii ? "latin1" : "utf8", 0, this.#at);
  }

  /** Bytes written since `begin`. */
  get length(): number {
    return this.#at;
  }

  /** Forgets what was written behind the first `length` bytes. */
  cut(length: number): void {
    assert(length <= this.#at, "a text is cut where it has been");
    this.#at = length;
  }

  /** The bytes from `start` on, UTF-8. They change with the next write. */
  bytes(start: number): Buffer {
    assert(this.#at <= this.#buffer.length, "a text is no longer than its writer's buffer");
    return this.#buffer.subarray(start, this.#at);
  }

  /** ASCII text that ends before byte `end` of what was written; returns where it begins. Overwrites what stood there. */
  before(end: number, text: string): number {
    const start = end - text.length;
    assert(start >= 0, "there is room before it");
    this.#buffer.write(text, start, "latin1");
    return start;
  }

  /** Leaves so many bytes for `before`. */
  skip(length: number): void {
    this.#at += length;
  }

  /** A constant piece. */
  piece({ words, length }: Piece): void {
    this.copy(words, 0, length);
  }

  /**
   * ASCII bytes that begin at a word and are padded to whole words, as names in records are. Four bytes a step; what is written
   * behind the end is overwritten by whatever comes next. Throws RangeError beyond the buffer.
   */
  copy(words: Int32Array, start: number, length: number): void {
    const view = this.#view;
    let at = this.#at;
    const end = at + length;
    for (let w = start; at < end; w++) {
      view.setInt32(at, words[w]!, true);
      at += 4;
    }
    this.#at = end;
  }

  /** UTF-8 bytes of a client's free text as a JSON string, with its quotes. */
  quoted(from: Uint8Array, start: number, length: number): void {
    for (let i = start; i < start + length; i++) {
      const byte = from[i]!;
      // Anything that JSON may have to escape, or that is not ASCII, takes the slow way.
      if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) {
        this.#escaped(from, start, length);
        return;
      }
    }
    this.#buffer[this.#at++] = 0x22;
    this.#bytes(from, start, length);
    this.#buffer[this.#at++] = 0x22;
  }

  #escaped(from: Uint8Array, start: number, length: number): void {
    // Copied first, for records may lie in shared memory.
    const text = JSON.stringify(Buffer.from(from.slice(start, start + length)).toString("utf8"));
    this.#at += this.#buffer.write(text, this.#at, "utf8");
    this.#isAscii = false;
  }

  #bytes(from: Uint8Array, start: number, length: number): void {
    const to = this.#buffer;
    let at = this.#at;
    for (let i = start; i < start + length; i++) to[at++] = from[i]!;
    this.#at = at;
  }

  /** A whole number in [0, 2^53). */
  integer(value: number): void {
    const first = this.#digits(value, SCRATCH_BYTES);
    this.#bytes(this.#scratch, first, SCRATCH_BYTES - first);
  }

  /** Money as a decimal in major units with exactly `scale` places; the same text as `formatMoney`. */
  money(hi: number, lo: number, scale: number): void {
    let highs = hi;
    let lows = lo;
    if (hi < 0) {
      this.#buffer[this.#at++] = 0x2d;
      highs = lo === 0 ? -hi : -hi - 1;
      lows = lo === 0 ? 0 : LIMB - lo;
    }
    const scratch = this.#scratch;
    let first = this.#digits(lows, SCRATCH_BYTES);
    if (highs !== 0) {
      while (first > SCRATCH_BYTES - LIMB_DIGITS) scratch[--first] = ZERO_DIGIT;
      first = this.#digits(highs, first);
    }
    if (scale === 0) {
      this.#bytes(scratch, first, SCRATCH_BYTES - first);
      return;
    }
    const point = SCRATCH_BYTES - scale;
    while (first >= point) scratch[--first] = ZERO_DIGIT;
    this.#bytes(scratch, first, point - first);
    this.#buffer[this.#at++] = 0x2e;
    this.#bytes(scratch, point, scale);
  }

  /** Writes digits so that they end before `end` of the scratch; returns where they begin. */
  #digits(value: number, end: number): number {
    const scratch = this.#scratch;
    let at = end;
    let rest = value;
    // Nine digits at a time fit an int32, whose division is several times faster than that of a float64.
    while (rest >= 1e9) {
      const high = Math.floor(rest / 1e9);
      let low = (rest - high * 1e9) | 0;
      for (let i = 0; i < 9; i++) {
        const next = (low / 10) | 0;
        scratch[--at] = ZERO_DIGIT + low - next * 10;
        low = next;
      }
      rest = high;
    }
    let low = rest | 0;
    do {
      const next = (low / 10) | 0;
      scratch[--at] = ZERO_DIGIT + low - next * 10;
      low = next;
    } while (low > 0);
    return at;
  }
}
