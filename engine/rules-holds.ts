/** Rules of holds: hold, capture, release, expire. */
import * as at from "./account-row.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import type { CommandCursor } from "./command-cursor.ts";
import * as holdAt from "./hold-row.ts";
import { LIMB } from "./money.ts";
import { applyMovement, barred, checkMovement } from "./movement.ts";
import type { Outcome } from "./outcome.ts";
import { FIELD } from "./record.ts";
import { chunkOf, floatOf, wordOf } from "./rows.ts";
import type { State } from "./state.ts";

export function hold(state: State, command: CommandCursor, idTag: number, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row === 0) return CODE.ACCOUNT_NOT_FOUND;
  const bar = barred(shown, undefined);
  if (bar !== CODE.OK) return bar;
  const { amountHi: hi, amountLo: lo } = command;
  if (!shown.hasFloor(hi, lo)) return CODE.INSUFFICIENT_BALANCE;
  if (!shown.canHold(hi, lo)) return CODE.AMOUNT_OUT_OF_RANGE;
  state.willChange(shown);
  shown.subtract(at.AVAILABLE, hi, lo);
  shown.add(at.HELD, hi, lo);
  state.accounts.changed(shown);
  openHold(state, command, idTag, shown.row);
  outcome.isChanged = true;
  return CODE.OK;
}

function openHold(state: State, command: CommandCursor, idTag: number, account: number): void {
  const { holds, undo } = state;
  const { partner, words, idStart, idBytes } = command;
  const row = holds.open(idTag, partner, words, idStart, idBytes, account);
  if (undo.isRecording) undo.holdOpened(row);
  const f = holds.rows.floats[chunkOf(row)]!;
  const i = floatOf(row);
  f[i + holdAt.REST] = command.amountHi;
  f[i + holdAt.REST + 1] = command.amountLo;
  f[i + holdAt.SEQUENCE] = state.sequence;
  if ((command.fields & FIELD.EXPIRES_IN) !== 0) {
    f[i + holdAt.DUE] = state.timeMs + command.number(FIELD.EXPIRES_IN) * 1000;
    holds.schedule(row);
  }
  holds.changed(row);
}

export function capture(state: State, command: CommandCursor, outcome: Outcome): number {
  const row = findHold(state, command, outcome);
  if (row === 0) return CODE.HOLD_NOT_FOUND;
  const usable = checkHold(state, command, row, outcome);
  if (usable !== CODE.OK) return usable;
  const f = state.holds.rows.floats[chunkOf(row)]!;
  const i = floatOf(row);
  const restHi = f[i + holdAt.REST]!;
  const restLo = f[i + holdAt.REST + 1]!;
  const hi = command.hasAmount ? command.amountHi : restHi;
  const lo = command.hasAmount ? command.amountLo : restLo;
  outcome.amountHi = hi;
  outcome.amountLo = lo;
  const isExceeded = hi > restHi || (hi === restHi && lo > restLo);
  const code =
    command.toBytes === 0
      ? captureToWorld(state, command, outcome, isExceeded)
      : captureToAccount(state, command, outcome, isExceeded);
  if (code !== CODE.OK) return code;
  outcome.isChanged = true;
  shrinkHold(state, row, hi, lo);
  return CODE.OK;
}

function captureToWorld(state: State, command: CommandCursor, outcome: Outcome, isExceeded: boolean): number {
  if (isExceeded) return CODE.HOLD_EXCEEDED;
  const { shown, amountHi: hi, amountLo: lo, currency } = outcome;
  state.loadWorld(command.partner, currency);
  const code = checkMovement(state, shown, at.HELD, state.world, hi, lo);
  if (code !== CODE.OK) return code;
  state.openWorld(command.partner, currency);
  applyMovement(state, shown, at.HELD, state.world, hi, lo);
  return CODE.OK;
}

function captureToAccount(state: State, command: CommandCursor, outcome: Outcome, isExceeded: boolean): number {
  const { accounts } = state;
  const { shown, other, amountHi: hi, amountLo: lo, currency } = outcome;
  const { partner, words, toStart, toBytes } = command;
  const toTag = accounts.tag(partner, currency, words, toStart, toBytes);
  other.load(accounts.rows, accounts.find(toTag, partner, currency, words, toStart, toBytes));
  if (other.row === shown.row) return CODE.SAME_ACCOUNT;
  if (other.row === 0 && !command.mayOpen) return CODE.ACCOUNT_NOT_FOUND;
  // A frozen account may be captured from, but not receive.
  const bar = barred(other, undefined);
  if (bar !== CODE.OK) return bar;
  if (isExceeded) return CODE.HOLD_EXCEEDED;
  const code = checkMovement(state, shown, at.HELD, other, hi, lo);
  if (code !== CODE.OK) return code;
  if (other.row === 0) state.openAccount(other, toTag, command, currency, toStart, toBytes);
  applyMovement(state, shown, at.HELD, other, hi, lo);
  return CODE.OK;
}

function shrinkHold(state: State, row: number, hi: number, lo: number): void {
  state.holdWillChange(row);
  const f = state.holds.rows.floats[chunkOf(row)]!;
  const i = floatOf(row) + holdAt.REST;
  const rest = f[i + 1]! - lo;
  f[i + 1] = rest < 0 ? rest + LIMB : rest;
  f[i] = f[i]! - hi - (rest < 0 ? 1 : 0);
  if (f[i] === 0 && f[i + 1] === 0) state.closeHold(row, holdAt.CLOSED);
  state.holds.changed(row);
}

export function release(state: State, command: CommandCursor, outcome: Outcome): number {
  const row = findHold(state, command, outcome);
  if (row === 0) return CODE.HOLD_NOT_FOUND;
  const usable = checkHold(state, command, row, outcome);
  if (usable !== CODE.OK) return usable;
  giveBack(state, row, outcome, holdAt.CLOSED);
  return CODE.OK;
}

export function expire(state: State, command: CommandCursor, idTag: number, outcome: Outcome): number {
  const { partner, words, idStart, idBytes } = command;
  const row = state.holds.find(idTag, partner, words, idStart, idBytes);
  assert(row !== 0 && isDue(state, row), "an expire record names an open hold that is due");
  showHold(state, row, outcome);
  giveBack(state, row, outcome, holdAt.EXPIRED);
  return CODE.OK;
}

/** Moves what a hold still holds back to available and closes it. */
function giveBack(state: State, row: number, outcome: Outcome, endState: number): void {
  const { shown } = outcome;
  const f = state.holds.rows.floats[chunkOf(row)]!;
  const i = floatOf(row);
  const hi = f[i + holdAt.REST]!;
  const lo = f[i + holdAt.REST + 1]!;
  outcome.amountHi = hi;
  outcome.amountLo = lo;
  state.willChange(shown);
  shown.subtract(at.HELD, hi, lo);
  shown.add(at.AVAILABLE, hi, lo);
  state.accounts.changed(shown);
  state.holdWillChange(row);
  f[i + holdAt.REST] = 0;
  f[i + holdAt.REST + 1] = 0;
  state.closeHold(row, endState);
  state.holds.changed(row);
  outcome.isChanged = true;
}

/** The hold that capture or release names, with its account in the outcome; 0 when there is none. */
function findHold(state: State, command: CommandCursor, outcome: Outcome): number {
  const { partner, words, nameStart, nameBytes } = command;
  const tag = state.idTag(partner, words, nameStart, nameBytes);
  const row = state.holds.find(tag, partner, words, nameStart, nameBytes);
  if (row === 0) return 0;
  showHold(state, row, outcome);
  if (command.hasAmount) {
    outcome.amountHi = command.amountHi;
    outcome.amountLo = command.amountLo;
  }
  return row;
}

function showHold(state: State, row: number, outcome: Outcome): void {
  const { rows } = state.accounts;
  const account = state.holds.rows.words[chunkOf(row)]![wordOf(row) + holdAt.ACCOUNT]!;
  outcome.shown.load(rows, account);
  outcome.resolve(outcome.shown.words[outcome.shown.w + at.CURRENCY]!, 0);
  outcome.nameBytes = state.accounts.copyName(account, outcome.names, 0);
}

/** CURRENCY_MISMATCH, HOLD_CLOSED, HOLD_EXPIRED or OK. */
function checkHold(state: State, command: CommandCursor, row: number, outcome: Outcome): number {
  if (command.currency !== 0 && command.currency !== outcome.currency) return CODE.CURRENCY_MISMATCH;
  const found = state.holds.rows.words[chunkOf(row)]![wordOf(row) + holdAt.STATE]! & holdAt.STATE_MASK;
  if (found === holdAt.CLOSED) return CODE.HOLD_CLOSED;
  return found === holdAt.EXPIRED || isDue(state, row) ? CODE.HOLD_EXPIRED : CODE.OK;
}

function isDue(state: State, row: number): boolean {
  const due = state.holds.rows.floats[chunkOf(row)]![floatOf(row) + holdAt.DUE]!;
  return due !== 0 && due <= state.timeMs;
}
