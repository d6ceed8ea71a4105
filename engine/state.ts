/** The state of a group, and the only ways in which rules change it: each tells the undo log and a running snapshot first. */
import * as at from "./account-row.ts";
import { Accounts } from "./accounts.ts";
import { hashWords, nameWords } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import { Holds } from "./holds.ts";
import { HI_MAX, inRange, LIMB } from "./money.ts";
import { Remembered } from "./remembered.ts";
import { chunkOf, floatOf, wordOf } from "./rows.ts";
import { UndoLog } from "./undo.ts";

export class State {
  readonly seed: number;
  readonly accounts: Accounts;
  readonly holds = new Holds();
  readonly remembered = new Remembered();
  readonly undo: UndoLog;
  /** Partner index → name, currency index → code and scale: what the journal needs to be read without the registry. */
  readonly partners = new Map<number, string>();
  readonly currencies = new Map<number, { readonly code: string; readonly scale: number }>();
  /** Last sequence given; 0 before the first. */
  sequence = 0;
  /** Time of the last frame, ms since 1970. */
  timeMs = 0;
  /** Commands after which an id is forgotten. */
  horizonCommands: number;
  /** Closed holds whose command is forgotten: they go once the command, or its atomic bucket, is done. */
  readonly #spentHolds: number[] = [];

  constructor(options: { readonly horizonCommands: number; readonly seed: number }) {
    this.seed = options.seed;
    this.horizonCommands = options.horizonCommands;
    this.accounts = new Accounts(options.seed);
    this.undo = new UndoLog(this.accounts, this.holds, this.remembered);
  }

  /** Tag of a command id, for the remembered commands and for holds alike. */
  idTag(partner: number, words: Int32Array, start: number, idBytes: number): number {
    return hashWords(words, start, nameWords(idBytes), this.seed ^ Math.imul(partner, 0x9e3779b1));
  }

  /** True if available − amount stays at or above the floor. */
  hasFloor(row: number, hi: number, lo: number): boolean {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row);
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
  hasCeiling(row: number, hi: number, lo: number): boolean {
    const chunk = chunkOf(row);
    if ((this.accounts.rows.words[chunk]![wordOf(row) + at.STATE]! & at.HAS_MAX) === 0) return true;
    const f = this.accounts.rows.floats[chunk]!;
    const i = floatOf(row);
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
  canGive(row: number, hi: number, lo: number): boolean {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row);
    // Far from the bound, the usual case, one comparison tells: three limbs below a quarter of it cannot sum above it.
    const availableHi = f[i + at.AVAILABLE]!;
    const heldHi = f[i + at.HELD]!;
    if (availableHi < HI_MAX / 4 && heldHi < HI_MAX / 4 && hi < HI_MAX / 4) return true;
    const lows = f[i + at.AVAILABLE + 1]! + lo;
    const highs = availableHi + hi;
    return isSumInRange(highs, lows) && isSumInRange(highs + heldHi, lows + f[i + at.HELD + 1]!);
  }

  /** True if held + amount stays within 27 digits. */
  canHold(row: number, hi: number, lo: number): boolean {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row);
    return isSumInRange(f[i + at.HELD]! + hi, f[i + at.HELD + 1]! + lo);
  }

  /** True if available − amount stays within 27 digits; for `@world`, which has no floor. */
  canTake(row: number, hi: number, lo: number): boolean {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row);
    let restLo = f[i + at.AVAILABLE + 1]! - lo;
    let restHi = f[i + at.AVAILABLE]! - hi;
    if (restLo < 0) {
      restLo += LIMB;
      restHi -= 1;
    }
    return inRange(restHi, restLo);
  }

  /** Must precede each change of an account's row. */
  accountWillChange(row: number): void {
    if (this.undo.isRecording) this.undo.accountWillChange(row);
    this.accounts.rows.willChange(row);
  }

  /** Must precede each change of a hold's row. */
  holdWillChange(row: number): void {
    if (this.undo.isRecording) this.undo.holdWillChange(row);
    this.holds.rows.willChange(row);
  }

  /** The `@world` row of this partner and currency; opened if need be. */
  world(partner: number, currency: number): number {
    const row = this.accounts.findWorld(partner, currency);
    if (row !== 0) return row;
    const opened = this.accounts.openWorld(partner, currency);
    if (this.undo.isRecording) this.undo.accountOpened(opened);
    return opened;
  }

  /** Adds to a balance of a row; `part` is AVAILABLE or HELD. The caller has checked the range. */
  add(row: number, part: number, hi: number, lo: number): void {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row) + part;
    const sum = f[i + 1]! + lo;
    if (sum >= LIMB) {
      f[i + 1] = sum - LIMB;
      f[i] = f[i]! + hi + 1;
    } else {
      f[i + 1] = sum;
      f[i] = f[i]! + hi;
    }
  }

  /** Takes from a balance of a row; `part` is AVAILABLE or HELD. The caller has checked floor and range. */
  subtract(row: number, part: number, hi: number, lo: number): void {
    const f = this.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row) + part;
    const rest = f[i + 1]! - lo;
    if (rest < 0) {
      f[i + 1] = rest + LIMB;
      f[i] = f[i]! - hi - 1;
    } else {
      f[i + 1] = rest;
      f[i] = f[i]! - hi;
    }
  }

  /** Closes a hold: takes it off the expiry heap and sets its state. `holdWillChange` has been called. */
  closeHold(row: number, state: number): void {
    const words = this.holds.rows.words[chunkOf(row)]!;
    const w = wordOf(row) + holdAt.STATE;
    this.holds.unschedule(row);
    const forgotten = words[w]! & holdAt.FORGOTTEN;
    words[w] = state | forgotten;
    if (forgotten !== 0) this.#spentHolds.push(row);
  }

  /** The command of this hold is forgotten: the row goes now if the hold is closed, else when it will be. */
  forgetHold(row: number): void {
    const words = this.holds.rows.words[chunkOf(row)]!;
    const w = wordOf(row) + holdAt.STATE;
    if ((words[w]! & holdAt.STATE_MASK) === holdAt.OPEN) {
      this.holds.rows.willChange(row);
      words[w] = words[w]! | holdAt.FORGOTTEN;
    } else this.holds.remove(row);
  }

  /** Removes the holds that were closed after their command was forgotten. */
  dropSpentHolds(): void {
    while (this.#spentHolds.length > 0) this.holds.remove(this.#spentHolds.pop()!);
  }

  /** After an undo: those holds are open again. */
  keepSpentHolds(): void {
    this.#spentHolds.length = 0;
  }
}

/** True if `hi * LIMB + lo` is at most 10^27 − 1, for a lo that is a sum of at most three limbs. */
function isSumInRange(hi: number, lo: number): boolean {
  const carry = lo >= 2 * LIMB ? 2 : lo >= LIMB ? 1 : 0;
  return hi + carry <= HI_MAX;
}
