/** Decimal strings as exact numbers of minor units, and back. */
import { scaleOf } from "./message.ts";

/** Minor units of a decimal in major units: `"-10.25"` is -1025n. */
export function toMinor(money: string): bigint {
  return BigInt(money.replace(".", ""));
}

/** A decimal with exactly `scale` places (0 to 18). */
export function fromMinor(minor: bigint, scale: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(scale + 1, "0");
  const sign = minor < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Sum of two decimals of one scale. */
export function sumOf(one: string, other: string): string {
  // Nothing is held in most accounts, and BigInt costs more than the rest of an entry.
  if (isZero(other)) return one;
  return fromMinor(toMinor(one) + toMinor(other), scaleOf(one));
}

/** True for `0`, `0.00` and the like. */
export function isZero(money: string): boolean {
  for (let i = 0; i < money.length; i++) {
    const code = money.charCodeAt(i);
    if (code >= 0x31 && code <= 0x39) return false;
  }
  return true;
}

/** A decimal as a database gives it, with more or fewer places, at `scale`. Throws if digits that count would be lost. */
export function atScale(money: string, scale: number): string {
  const [whole, places = ""] = money.split(".");
  const lost = places.slice(scale);
  if (!isZero(lost)) throw new RangeError(`${money} has more than ${scale} places`);
  const kept = places.slice(0, scale).padEnd(scale, "0");
  return scale === 0 ? whole! : `${whole}.${kept}`;
}
