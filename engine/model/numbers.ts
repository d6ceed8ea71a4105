/** Money of the model: minor units as a BigInt. Written apart from `engine/money.ts`, which it is there to check. */

/** The largest balance and amount; the smallest balance is its negative. */
export const LARGEST = 10n ** 27n - 1n;

const BASE = 10n ** 15n;

/** Limbs of a command or a decoded result → minor units. */
export function minor(money: { readonly hi: number; readonly lo: number }): bigint {
  return BigInt(money.hi) * BASE + BigInt(money.lo);
}

/** Minor units → limbs with `0 <= lo < 10^15`. */
export function limbs(value: bigint): { hi: number; lo: number } {
  let hi = value / BASE;
  let lo = value % BASE;
  if (lo < 0n) {
    hi -= 1n;
    lo += BASE;
  }
  return { hi: Number(hi), lo: Number(lo) };
}

export const inRange = (value: bigint): boolean => value >= -LARGEST && value <= LARGEST;
