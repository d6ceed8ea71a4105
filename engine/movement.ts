/**
 * Money from one account to another, checked whole before anything changes (promise I6), both sides always (promise I4).
 * Used by every command that moves money between accounts.
 */
import type { AccountCursor } from "./account-cursor.ts";
import * as at from "./account-row.ts";
import { CODE } from "./codes.ts";
import { STATUS } from "./record.ts";
import type { State } from "./state.ts";

/** ACCOUNT_CLOSED or ACCOUNT_FROZEN if one of the accounts is so, closed first. An account that is not open bars nothing. */
export function barred(account: AccountCursor, other: AccountCursor | undefined): number {
  const a = account.row === 0 ? STATUS.active : account.status;
  const b = other === undefined || other.row === 0 ? STATUS.active : other.status;
  if ((a | b) === STATUS.active) return CODE.OK;
  return a === STATUS.closed || b === STATUS.closed ? CODE.ACCOUNT_CLOSED : CODE.ACCOUNT_FROZEN;
}

/**
 * The first reason against moving the amount, among floor, ceiling and range; or OK. `part` is the balance that `source` gives
 * from. A cursor at no row is an account that will be opened, empty; `state.world` stands for the outside.
 */
export function checkMovement(
  state: State,
  source: AccountCursor,
  part: number,
  target: AccountCursor,
  hi: number,
  lo: number,
): number {
  const { world } = state;
  if (source !== world && part === at.AVAILABLE && !source.hasFloor(hi, lo)) return CODE.INSUFFICIENT_BALANCE;
  if (target !== world && target.row !== 0 && !target.hasCeiling(hi, lo)) return CODE.BALANCE_LIMIT;
  if (target.row !== 0 && !target.canGive(hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
  if (source === world && world.row !== 0 && !world.canTake(hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
  return CODE.OK;
}

/** Carries out a checked movement. Both accounts are open by now, but for `state.world`, which opens by itself. */
export function applyMovement(
  state: State,
  source: AccountCursor,
  part: number,
  target: AccountCursor,
  hi: number,
  lo: number,
): void {
  state.willChange(source);
  state.willChange(target);
  source.subtract(part, hi, lo);
  target.add(at.AVAILABLE, hi, lo);
  state.accounts.changed(source);
  state.accounts.changed(target);
}
