/**
 * Money in two float64 limbs: `hi * 10^15 + lo`, `0 <= lo < 10^15`, hi a signed integer. A decimal base makes parsing and
 * printing exact digit work, and every sum of two lows stays far below 2^53, so no operation here rounds.
 */
import { MONEY_DIGITS_MAX } from "./limits.ts";

/** One unit of `hi`, in minor units. */
export const LIMB = 1e15;
const LIMB_DIGITS = 15;

/** `hi` of the largest value, 10^27 - 1; the smallest is its negative. */
export const HI_MAX = 1e12 - 1;

/** A value as two limbs, for cold paths; hot paths keep the limbs apart. */
export interface Money {
  readonly hi: number;
  readonly lo: number;
}

export const ZERO: Money = Object.freeze({ hi: 0, lo: 0 });

/** True if the limbs lie within ±(10^27 − 1). `-10^27` itself has hi = −10^12 and lo = 0. */
export function inRange(hi: number, lo: number): boolean {
  return hi <= HI_MAX && (hi > -1e12 || (hi === -1e12 && lo > 0));
}

/** Minor units as a BigInt; for cold paths and checks. */
export function toBigInt(value: Money): bigint {
  return BigInt(value.hi) * 10n ** 15n + BigInt(value.lo);
}

/** Two limbs of a BigInt within the range; the caller has checked the range. */
export function fromBigInt(minor: bigint): Money {
  const base = 10n ** 15n;
  const lo = ((minor % base) + base) % base;
  return { hi: Number((minor - lo) / base), lo: Number(lo) };
}

/** Prints limbs as a decimal string in major units with exactly `scale` places, as in `-0.05`. */
export function formatMoney(hi: number, lo: number, scale: number): string {
  if (hi < 0) {
    // -(hi, lo) normalized: only negative balances (floors below zero, @world) come here.
    return lo === 0 ? `-${formatMoney(-hi, 0, scale)}` : `-${formatMoney(-hi - 1, LIMB - lo, scale)}`;
  }
  let digits = hi === 0 ? String(lo) : String(hi) + String(lo).padStart(LIMB_DIGITS, "0");
  if (scale === 0) return digits;
  if (digits.length <= scale) digits = digits.padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

const GRAMMAR = /^(?:0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/**
 * Parses a decimal in major units, exactly. Returns undefined for anything outside the grammar
 * `(0|[1-9][0-9]*)(\.[0-9]{1,scale})?` or longer than 27 digits of minor units. Zero is returned as zero: the caller
 * decides whether it may stand.
 */
export function parseMoney(text: string, scale: number): Money | undefined {
  const match = GRAMMAR.exec(text);
  if (match === null) return undefined;
  const fraction = match[1] ?? "";
  if (fraction.length > scale) return undefined;
  const whole = fraction === "" ? text : text.slice(0, text.length - fraction.length - 1);
  const digits = (whole + fraction.padEnd(scale, "0")).replace(/^0+/, "");
  if (digits.length > MONEY_DIGITS_MAX) return undefined;
  const split = Math.max(0, digits.length - LIMB_DIGITS);
  return { hi: Number(digits.slice(0, split)), lo: Number(digits.slice(split)) };
}
