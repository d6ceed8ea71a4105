/** Rules of the commands that change an account itself: open, limits, freeze, unfreeze, close. */
import type { AccountCursor } from "./account-cursor.ts";
import * as at from "./account-row.ts";
import { CODE } from "./codes.ts";
import type { CommandCursor } from "./command-cursor.ts";
import type { Outcome } from "./outcome.ts";
import { FIELD, STATUS } from "./record.ts";
import type { State } from "./state.ts";

export function open(state: State, command: CommandCursor, accountTag: number, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row !== 0) return CODE.ACCOUNT_EXISTS;
  const { currency, nameStart, nameBytes } = command;
  state.openAccount(shown, accountTag, command, currency, nameStart, nameBytes);
  writeLimits(command, shown);
  state.accounts.changed(shown);
  outcome.isChanged = true;
  return CODE.OK;
}

export function limits(state: State, command: CommandCursor, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row === 0) return CODE.ACCOUNT_NOT_FOUND;
  if (shown.status === STATUS.closed) return CODE.ACCOUNT_CLOSED;
  const { floats: f, words, f: i, w } = shown;
  const old = [f[i + at.MIN]!, f[i + at.MIN + 1]!, f[i + at.MAX]!, f[i + at.MAX + 1]!, words[w + at.STATE]!] as const;
  state.willChange(shown);
  writeLimits(command, shown);
  // The new limits are judged in place, for floors and ceilings are read from the row; a refusal puts the old ones back.
  if (!shown.hasFloor(0, 0) || !shown.hasCeiling(0, 0)) {
    f[i + at.MIN] = old[0];
    f[i + at.MIN + 1] = old[1];
    f[i + at.MAX] = old[2];
    f[i + at.MAX + 1] = old[3];
    words[w + at.STATE] = old[4];
    return CODE.BALANCE_LIMIT;
  }
  state.accounts.changed(shown);
  outcome.isChanged = true;
  return CODE.OK;
}

function writeLimits(command: CommandCursor, account: AccountCursor): void {
  const { fields } = command;
  const { words } = account;
  const state = account.w + at.STATE;
  if ((fields & (FIELD.MIN_SET | FIELD.MIN_NULL)) !== 0) writeLimit(command, FIELD.MIN_SET, account, at.MIN);
  if ((fields & (FIELD.MAX_SET | FIELD.MAX_NULL)) !== 0) {
    writeLimit(command, FIELD.MAX_SET, account, at.MAX);
    const isSet = (fields & FIELD.MAX_SET) !== 0;
    words[state] = isSet ? words[state]! | at.HAS_MAX : words[state]! & ~at.HAS_MAX;
  }
  if (fields !== 0) words[state] = words[state]! | at.HAS_LIMITS;
}

/** Writes one limit, zero where the command takes it away. */
function writeLimit(command: CommandCursor, field: number, account: AccountCursor, part: number): void {
  const isSet = (command.fields & field) !== 0;
  const place = isSet ? command.numberPlace(field) : 0;
  account.floats[account.f + part + 1] = isSet ? command.floats[place]! : 0;
  account.floats[account.f + part] = isSet ? command.floats[place + 1]! : 0;
}

/** freeze and unfreeze. */
export function setStatus(state: State, outcome: Outcome, status: number): number {
  const { shown } = outcome;
  if (shown.row === 0) return CODE.ACCOUNT_NOT_FOUND;
  if (shown.status === STATUS.closed) return CODE.ACCOUNT_CLOSED;
  if (shown.status === status) return CODE.OK;
  writeStatus(state, outcome, status);
  return CODE.OK;
}

export function close(state: State, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row === 0) return CODE.ACCOUNT_NOT_FOUND;
  if (shown.status === STATUS.closed) return CODE.ACCOUNT_CLOSED;
  const { floats, f } = shown;
  for (let i = at.AVAILABLE; i < at.MIN; i++) if (floats[f + i] !== 0) return CODE.ACCOUNT_NOT_EMPTY;
  writeStatus(state, outcome, STATUS.closed);
  return CODE.OK;
}

function writeStatus(state: State, outcome: Outcome, status: number): void {
  const { shown } = outcome;
  state.willChange(shown);
  const w = shown.w + at.STATE;
  shown.words[w] = (shown.words[w]! & ~at.STATUS_MASK) | status;
  state.accounts.changed(shown);
  outcome.isChanged = true;
}
