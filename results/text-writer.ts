/** Builds one JSON text as bytes in a buffer that is used again and again: one string is made at the end, none on the way. */
import { assert, LIMB } from "../engine/index.ts";

/** Digits of the low limb of money. */
const LIMB_DIGITS = 15;
/** Room for 28 digits of money, and for a sequence. */
const SCRATCH_BYTES = 40;
const ZERO_DIGIT = 0x30;

/** ASCII text as bytes, for constant pieces. Throws for anything else. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    assert(character.length === 1 && code < 0x80, "a constant piece of JSON is ASCII");
    return code;
  });
}

export class TextWriter {
  readonly #buffer: Buffer;
  #at = 0;
  /** False once a byte above 0x7f was written: then the text must be decoded as UTF-8. */
  #isAscii = true;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);

  /** `bytes` is the longest text that will be written. */
  constructor(bytes: number) {
    // Not from Buffer's pool: the writer keeps it for good.
    this.#buffer = Buffer.from(new ArrayBuffer(bytes));
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

  /** A constant piece, from `ascii`. */
  piece(bytes: Uint8Array): void {
    this.copy(bytes, 0, bytes.length);
  }

  /** ASCII bytes of a record. A loop, for `set` with a subarray allocates and is slower at these lengths. */
  copy(from: Uint8Array, start: number, length: number): void {
    const to = this.#buffer;
    let at = this.#at;
    for (let i = start; i < start + length; i++) to[at++] = from[i]!;
    this.#at = at;
  }

  /** A name, known to be ASCII. */
  name(text: string): void {
    for (let i = 0; i < text.length; i++) this.#buffer[this.#at++] = text.charCodeAt(i);
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
    this.copy(from, start, length);
    this.#buffer[this.#at++] = 0x22;
  }

  #escaped(from: Uint8Array, start: number, length: number): void {
    // Copied first, for records may lie in shared memory.
    const text = JSON.stringify(Buffer.from(from.slice(start, start + length)).toString("utf8"));
    this.#at += this.#buffer.write(text, this.#at, "utf8");
    this.#isAscii = false;
  }

  /** A whole number in [0, 2^53). */
  integer(value: number): void {
    const first = this.#digits(value, SCRATCH_BYTES);
    this.copy(this.#scratch, first, SCRATCH_BYTES - first);
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
      this.copy(scratch, first, SCRATCH_BYTES - first);
      return;
    }
    const point = SCRATCH_BYTES - scale;
    while (first >= point) scratch[--first] = ZERO_DIGIT;
    this.copy(scratch, first, point - first);
    this.#buffer[this.#at++] = 0x2e;
    this.copy(scratch, point, scale);
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
