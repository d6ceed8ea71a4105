/**
 * The rules of each command: check everything, then change (promise I6). A rule leaves in the outcome the accounts that the result
 * shows, and returns the result's code. The order of checks is that of `codes.ts`.
 */
import * as at from "./account-row.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import type { CommandCursor } from "./command-cursor.ts";
import { equalWords, nameWords } from "./hash.ts";
import { applyMovement, barred, checkMovement } from "./movement.ts";
import type { Outcome } from "./outcome.ts";
import { STATUS, TYPE } from "./record.ts";
import { close, limits, open, setStatus } from "./rules-accounts.ts";
import { capture, expire, hold, release } from "./rules-holds.ts";
import { reverse } from "./rules-reverse.ts";
import type { State } from "./state.ts";

/**
 * Decides and applies a command; returns the result's code. `outcome.shown` is the account that the command names, if it names one;
 * `accountTag` that account's tag, `idTag` the tag of the command's id.
 */
export function decide(
  state: State,
  command: CommandCursor,
  accountTag: number,
  idTag: number,
  outcome: Outcome,
): number {
  switch (command.type) {
    case TYPE.credit:
      return credit(state, command, accountTag, outcome);
    case TYPE.debit:
      return debit(state, command, outcome);
    case TYPE.transfer:
      return transfer(state, command, accountTag, outcome);
    case TYPE.hold:
      return hold(state, command, idTag, outcome);
    case TYPE.capture:
      return capture(state, command, outcome);
    case TYPE.release:
      return release(state, command, outcome);
    case TYPE.reverse:
      return reverse(state, command, outcome);
    case TYPE.open:
      return open(state, command, accountTag, outcome);
    case TYPE.limits:
      return limits(state, command, outcome);
    case TYPE.freeze:
      return setStatus(state, outcome, STATUS.frozen);
    case TYPE.unfreeze:
      return setStatus(state, outcome, STATUS.active);
    case TYPE.close:
      return close(state, outcome);
    default:
      assert(command.type === TYPE.expire, "a record's type is one of the list");
      return expire(state, command, idTag, outcome);
  }
}

function credit(state: State, command: CommandCursor, accountTag: number, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row === 0 && !command.mayOpen) return CODE.ACCOUNT_NOT_FOUND;
  const bar = barred(shown, undefined);
  if (bar !== CODE.OK) return bar;
  const { amountHi: hi, amountLo: lo, partner, currency } = command;
  state.loadWorld(partner, currency);
  const code = checkMovement(state, state.world, at.AVAILABLE, shown, hi, lo);
  if (code !== CODE.OK) return code;
  state.openWorld(partner, currency);
  if (shown.row === 0) state.openAccount(shown, accountTag, command, currency, command.nameStart, command.nameBytes);
  applyMovement(state, state.world, at.AVAILABLE, shown, hi, lo);
  outcome.isChanged = true;
  return CODE.OK;
}

function debit(state: State, command: CommandCursor, outcome: Outcome): number {
  const { shown } = outcome;
  if (shown.row === 0) return CODE.ACCOUNT_NOT_FOUND;
  const bar = barred(shown, undefined);
  if (bar !== CODE.OK) return bar;
  const { amountHi: hi, amountLo: lo, partner, currency } = command;
  state.loadWorld(partner, currency);
  const code = checkMovement(state, shown, at.AVAILABLE, state.world, hi, lo);
  if (code !== CODE.OK) return code;
  state.openWorld(partner, currency);
  applyMovement(state, shown, at.AVAILABLE, state.world, hi, lo);
  outcome.isChanged = true;
  return CODE.OK;
}

function transfer(state: State, command: CommandCursor, accountTag: number, outcome: Outcome): number {
  const { shown, other } = outcome;
  const { words, toStart, toBytes, partner, currency, amountHi: hi, amountLo: lo } = command;
  const toTag = state.accounts.tag(partner, currency, words, toStart, toBytes);
  if (toTag === accountTag && isNamedAgain(command)) return CODE.SAME_ACCOUNT;
  other.load(state.accounts.rows, state.accounts.find(toTag, partner, currency, words, toStart, toBytes));
  if (shown.row === 0 || (other.row === 0 && !command.mayOpen)) return CODE.ACCOUNT_NOT_FOUND;
  const bar = barred(shown, other);
  if (bar !== CODE.OK) return bar;
  const code = checkMovement(state, shown, at.AVAILABLE, other, hi, lo);
  if (code !== CODE.OK) return code;
  if (other.row === 0) state.openAccount(other, toTag, command, currency, toStart, toBytes);
  applyMovement(state, shown, at.AVAILABLE, other, hi, lo);
  outcome.isChanged = true;
  return CODE.OK;
}

/** True if `to` is the same name as the account. */
function isNamedAgain({ words, nameStart, nameBytes, toStart, toBytes }: CommandCursor): boolean {
  return toBytes === nameBytes && equalWords(words, nameStart, words, toStart, nameWords(toBytes));
}
