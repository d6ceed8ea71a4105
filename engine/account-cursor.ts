/** One account's row, found once and then read and written without looking its chunk up again. A few objects, reused. */
import * as at from "./account-row.ts";
import { HI_MAX, inRange, LIMB } from "./money.ts";
import { chunkOf, floatOf, type Rows, wordOf } from "./rows.ts";

export class AccountCursor {
  /** Row number; 0: the account is not open. */
  row = 0;
  floats: Float64Array = new Float64Array(0);
  words: Int32Array = new Int32Array(0);
  /** The row's first float64 and first word. */
  f = 0;
  w = 0;

  /** Points at a row, or with 0 at nothing. */
  load(rows: Rows, row: number): void {
    this.row = row;
    if (row === 0) return;
    const chunk = chunkOf(row);
    this.floats = rows.floats[chunk]!;
    this.words = rows.words[chunk]!;
    this.f = floatOf(row);
    this.w = wordOf(row);
  }

  get status(): number {
    return this.words[this.w + at.STATE]! & at.STATUS_MASK;
  }

  /** True if available − amount stays at or above the floor. */
  hasFloor(hi: number, lo: number): boolean {
    const f = this.floats;
    const i = this.f;
    let restLo = f[i + at.AVAILABLE + 1]! - lo;
    let restHi = f[i + at.AVAILABLE]! - hi;
    if (restLo < 0) {
      restLo += LIMB;
      restHi -= 1;
    }
    const minHi = f[i + at.MIN]!;
    return restHi > minHi || (restHi === minHi && restLo >= f[i + at.MIN + 1]!);
  }

  /** True if available + held + amount stays at or below the ceiling. */
  hasCeiling(hi: number, lo: number): boolean {
    if ((this.words[this.w + at.STATE]! & at.HAS_MAX) === 0) return true;
    const f = this.floats;
    const i = this.f;
    let sumLo = f[i + at.AVAILABLE + 1]! + f[i + at.HELD + 1]! + lo;
    let sumHi = f[i + at.AVAILABLE]! + f[i + at.HELD]! + hi;
    while (sumLo >= LIMB) {
      sumLo -= LIMB;
      sumHi += 1;
    }
    const maxHi = f[i + at.MAX]!;
    return sumHi < maxHi || (sumHi === maxHi && sumLo <= f[i + at.MAX + 1]!);
  }

  /** True if available, and available + held, stay within 27 digits when the amount is added to available. */
  canGive(hi: number, lo: number): boolean {
    const f = this.floats;
    const i = this.f;
    const availableHi = f[i + at.AVAILABLE]!;
    const heldHi = f[i + at.HELD]!;
    // Far from the bound, the usual case, comparisons tell: three limbs below a quarter of it cannot sum above it.
    if (availableHi < HI_MAX / 4 && heldHi < HI_MAX / 4 && hi < HI_MAX / 4) return true;
    const lows = f[i + at.AVAILABLE + 1]! + lo;
    const highs = availableHi + hi;
    return isSumInRange(highs, lows) && isSumInRange(highs + heldHi, lows + f[i + at.HELD + 1]!);
  }

  /** True if held + amount stays within 27 digits. */
  canHold(hi: number, lo: number): boolean {
    return isSumInRange(this.floats[this.f + at.HELD]! + hi, this.floats[this.f + at.HELD + 1]! + lo);
  }

  /** True if available − amount stays within 27 digits; for `@world`, which has no floor. */
  canTake(hi: number, lo: number): boolean {
    let restLo = this.floats[this.f + at.AVAILABLE + 1]! - lo;
    let restHi = this.floats[this.f + at.AVAILABLE]! - hi;
    if (restLo < 0) {
      restLo += LIMB;
      restHi -= 1;
    }
    return inRange(restHi, restLo);
  }

  /** Adds to a balance; `part` is AVAILABLE or HELD. The caller has checked the range. */
  add(part: number, hi: number, lo: number): void {
    const f = this.floats;
    const i = this.f + part;
    const sum = f[i + 1]! + lo;
    const carry = sum >= LIMB;
    f[i + 1] = carry ? sum - LIMB : sum;
    f[i] = f[i]! + hi + (carry ? 1 : 0);
  }

  /** Takes from a balance; `part` is AVAILABLE or HELD. The caller has checked floor and range. */
  subtract(part: number, hi: number, lo: number): void {
    const f = this.floats;
    const i = this.f + part;
    const rest = f[i + 1]! - lo;
    const borrow = rest < 0;
    f[i + 1] = borrow ? rest + LIMB : rest;
    f[i] = f[i]! - hi - (borrow ? 1 : 0);
  }
}

/** True if `hi * LIMB + lo` is at most 10^27 − 1, for a lo that is a sum of at most three limbs. */
function isSumInRange(hi: number, lo: number): boolean {
  const carry = lo >= 2 * LIMB ? 2 : lo >= LIMB ? 1 : 0;
  return hi + carry <= HI_MAX;
}
