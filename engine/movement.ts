/**
 * Money from one place to another, checked whole before anything changes (promise I6), both sides always (promise I4).
 * A place is an account's row, or 0 for `@world`. Used by every command that moves money.
 */
import * as at from "./account-row.ts";
import { CODE } from "./codes.ts";
import type { Outcome } from "./outcome.ts";
import { chunkOf, wordOf } from "./rows.ts";
import type { State } from "./state.ts";

/** An account that the movement will open; it stands for an empty one in checks. */
export const TO_OPEN = -1;

/** A movement about to be checked; one object, reused. */
export interface Movement {
  partner: number;
  currency: number;
  hi: number;
  lo: number;
  /** Row that gives, or 0. */
  source: number;
  /** AVAILABLE, or HELD for a capture. */
  part: number;
  /** Row that receives, TO_OPEN, or 0. */
  target: number;
}

/** The code of the first reason against the movement, among floors, ceilings and range; or OK. */
export function checkMovement(state: State, move: Movement): number {
  const { source, target, hi, lo } = move;
  if (source !== 0 && move.part === at.AVAILABLE && !state.hasFloor(source, hi, lo)) return CODE.INSUFFICIENT_BALANCE;
  if (target > 0 && !state.hasCeiling(target, hi, lo)) return CODE.BALANCE_LIMIT;
  if (target > 0 && !state.canGive(target, hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
  if (source === 0 || target === 0) {
    // A `@world` that is not open yet is empty, and an amount is within the range of an empty account.
    const world = state.accounts.findWorld(move.partner, move.currency);
    if (world === 0) return CODE.OK;
    if (source === 0 && !state.canTake(world, hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
    if (target === 0 && !state.canGive(world, hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
  }
  return CODE.OK;
}

/** Carries out a checked movement. `target` is open by now. */
export function applyMovement(state: State, move: Movement): void {
  const source = move.source === 0 ? state.world(move.partner, move.currency) : move.source;
  const target = move.target === 0 ? state.world(move.partner, move.currency) : move.target;
  state.accountWillChange(source);
  state.accountWillChange(target);
  state.subtract(source, move.source === 0 ? at.AVAILABLE : move.part, move.hi, move.lo);
  state.add(target, at.AVAILABLE, move.hi, move.lo);
  state.accounts.changed(source);
  state.accounts.changed(target);
}

/** ACCOUNT_CLOSED or ACCOUNT_FROZEN if one of the rows is so, closed first; 0 or TO_OPEN stands for none. */
export function checkOpenAndThawed(state: State, row: number, otherRow: number): number {
  const a = row > 0 ? statusOf(state, row) : 0;
  const b = otherRow > 0 ? statusOf(state, otherRow) : 0;
  if ((a | b) === 0) return CODE.OK;
  return a === 2 || b === 2 ? CODE.ACCOUNT_CLOSED : CODE.ACCOUNT_FROZEN;
}

/** Status number of an account. */
export function statusOf(state: State, row: number): number {
  return state.accounts.rows.words[chunkOf(row)]![wordOf(row) + at.STATE]! & at.STATUS_MASK;
}

/** Notes a refusal; returns the code. */
export function refuse(outcome: Outcome, code: number): number {
  outcome.code = code;
  return code;
}
