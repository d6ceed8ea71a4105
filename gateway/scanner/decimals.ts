/**
 * Decimals, read from their digits: never through a float. Read first, scaled later, because the currency that gives
 * the scale may stand behind the amount. Up to 15 digits the value is one exact product; beyond, the digits are read
 * a second time into two limbs.
 */
import { MONEY_DIGITS_MAX } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_ } from "./bytes.ts";
import { SCAN_MEMORY, TEXT } from "./memory.ts";
import { readString } from "./strings.ts";

const { QUOTE, MINUS, DOT, DIGIT_0 } = BYTE;
const REFUSED = REFUSED_;
const text = TEXT;
const bytes = new Uint8Array(SCAN_MEMORY);

const LIMB_DIGITS = 15;
const POWERS = Float64Array.from({ length: LIMB_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));

/** One decimal of a command: reused, so that reading one makes no object. */
export class Decimal {
  /** Upper and lower limb of the value, set by `scaleTo`; the sign is kept apart. */
  hi = 0;
  lo = 0;
  negative = false;
  /** All digits as one number: exact up to 15 of them, else only told from zero. */
  #mantissa = 0;
  #at = 0;
  #wholeDigits = 0;
  #fractionDigits = 0;

  /**
   * Reads `"-?(0|[1-9][0-9]*)(\.[0-9]+)?"`, or the same as a JSON number, at `pos`. Returns the position behind it, or
   * REFUSED.
   */
  read(pos: number): number {
    if (bytes[pos] !== QUOTE) return this.#readDigits(pos);
    const behind = this.#readDigits(pos + 1);
    if (behind !== REFUSED && bytes[behind] === QUOTE) return behind + 1;
    const end = readString(pos);
    if (end === REFUSED || this.#readDigits(text.at) !== text.at + text.bytes) return REFUSED;
    return end;
  }

  isZero(): boolean {
    return this.#mantissa === 0;
  }

  /** Sets the limbs to minor units at `scale` (0..18). False: too many places, or more than 27 digits. */
  scaleTo(scale: number): boolean {
    if (this.#fractionDigits > scale) return false;
    const digits = this.#wholeDigits + scale;
    this.hi = 0;
    if (digits <= LIMB_DIGITS) this.lo = this.#mantissa * POWERS[scale - this.#fractionDigits]!;
    else if (digits <= MONEY_DIGITS_MAX) this.#scaleLong(digits);
    else return false;
    return true;
  }

  #readDigits(pos: number): number {
    this.negative = bytes[pos] === MINUS;
    const first = this.negative ? pos + 1 : pos;
    let at = first;
    let mantissa = 0;
    for (let digit = bytes[at]! - DIGIT_0; digit >= 0 && digit <= 9; digit = bytes[++at]! - DIGIT_0) {
      mantissa = mantissa * 10 + digit;
    }
    // A zero counts as no digit of the whole part, and only one may stand there.
    if (at === first || (bytes[first] === DIGIT_0 && at > first + 1)) return REFUSED;
    this.#at = first;
    this.#wholeDigits = bytes[first] === DIGIT_0 ? 0 : at - first;
    this.#fractionDigits = 0;
    if (bytes[at] === DOT) {
      const fraction = ++at;
      for (let digit = bytes[at]! - DIGIT_0; digit >= 0 && digit <= 9; digit = bytes[++at]! - DIGIT_0) {
        mantissa = mantissa * 10 + digit;
      }
      if (at === fraction) return REFUSED;
      this.#fractionDigits = at - fraction;
    }
    this.#mantissa = mantissa;
    return at;
  }

  #scaleLong(digits: number): void {
    const split = digits - LIMB_DIGITS;
    let at = this.#at + (this.#wholeDigits === 0 ? 1 : 0);
    let hi = 0;
    let lo = 0;
    for (let place = 0; place < digits; place++) {
      if (place === this.#wholeDigits) at++; // the point, or whatever ends a literal without one
      const given = place < this.#wholeDigits + this.#fractionDigits;
      const digit = given ? bytes[at++]! - DIGIT_0 : 0;
      if (place < split) hi = hi * 10 + digit;
      else lo = lo * 10 + digit;
    }
    this.hi = hi;
    this.lo = lo;
  }
}
