/** The rule of reverse: a remembered movement, once, whole, the other way round. */
import type { AccountCursor } from "./account-cursor.ts";
import * as at from "./account-row.ts";
import { CODE } from "./codes.ts";
import { type CommandCursor, namesAccount } from "./command-cursor.ts";
import { copyWords, nameWords } from "./hash.ts";
import type { RecordMemory } from "./memory.ts";
import { applyMovement, barred, checkMovement } from "./movement.ts";
import { OTHER_NAME, type Outcome } from "./outcome.ts";
import { FIELD, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import type { State } from "./state.ts";

export function reverse(state: State, command: CommandCursor, outcome: Outcome): number {
  const { remembered, undo } = state;
  const { partner, words, nameStart, nameBytes, currency } = command;
  const tag = state.idTag(partner, words, nameStart, nameBytes);
  const place = remembered.find(tag, partner, words, nameStart, nameBytes);
  if (place === 0) return CODE.COMMAND_NOT_FOUND;
  const { memory: log, start } = remembered.recordAt(place);
  const w = start >>> 2;
  const type = record.typeOf(log.words, w);
  showUndone(state, partner, log, w, outcome);
  if (!isReversible(type) || record.resultCode(log.words, w) !== CODE.OK) return CODE.NOT_REVERSIBLE;
  if (remembered.isReversed(place)) return CODE.ALREADY_REVERSED;
  if (currency !== 0 && currency !== outcome.currency) return CODE.CURRENCY_MISMATCH;
  const code = moveBack(state, partner, type, outcome);
  if (code !== CODE.OK) return code;
  remembered.setReversed(place, true);
  if (undo.isRecording) undo.reversalMarked(place);
  return CODE.OK;
}

function isReversible(type: number): boolean {
  return type === TYPE.credit || type === TYPE.debit || type === TYPE.transfer || type === TYPE.capture;
}

function moveBack(state: State, partner: number, type: number, outcome: Outcome): number {
  const { shown, other, amountHi: hi, amountLo: lo, currency } = outcome;
  const bar = barred(shown, other);
  if (bar !== CODE.OK) return bar;
  state.loadWorld(partner, currency);
  const far = other.row === 0 ? state.world : other;
  // A credit gave to the account shown, so that one gives now; in all others it receives.
  const source = type === TYPE.credit ? shown : far;
  const target = type === TYPE.credit ? far : shown;
  const code = checkMovement(state, source, at.AVAILABLE, target, hi, lo);
  if (code !== CODE.OK) return code;
  applyMovement(state, source, at.AVAILABLE, target, hi, lo);
  outcome.isChanged = true;
  return CODE.OK;
}

/** Puts the accounts, currency and amount of the remembered command at word `w` into the outcome. */
function showUndone(state: State, partner: number, log: RecordMemory, w: number, outcome: Outcome): void {
  const { words, floats } = log;
  const type = record.typeOf(words, w);
  outcome.resolve(record.currency(words, w), type);
  const resolved = record.resolvedWord(words, w);
  let nameStart = w + record.nameWord(words, w);
  let nameBytes = namesAccount(type) ? record.nameBytes(words, w) : 0;
  let otherStart = w + record.toWord(words, w);
  let otherBytes = record.toBytes(words, w);
  if (resolved !== 0) {
    nameStart = resolved + record.RESOLVED_NAMES;
    nameBytes = record.resolvedNameBytes(words, resolved);
    outcome.currency = words[resolved + 1]! & 0xffff;
    outcome.amountLo = floats[(resolved >>> 1) + 1]!;
    outcome.amountHi = floats[(resolved >>> 1) + 2]!;
    if (type === TYPE.reverse) {
      otherStart = nameStart + nameWords(nameBytes);
      otherBytes = record.resolvedOtherBytes(words, resolved);
    }
  } else if ((record.fields(words, w) & FIELD.AMOUNT) !== 0) {
    outcome.amountLo = floats[(w >>> 1) + 2]!;
    outcome.amountHi = record.isWide(words, w) ? floats[(w >>> 1) + 3]! : 0;
  }
  outcome.nameBytes = nameBytes;
  outcome.otherNameBytes = otherBytes;
  copyWords(words, nameStart, outcome.names, 0, nameWords(nameBytes));
  copyWords(words, otherStart, outcome.names, OTHER_NAME, nameWords(otherBytes));
  loadByName(state, partner, outcome, { cursor: outcome.shown, place: 0, bytes: nameBytes });
  loadByName(state, partner, outcome, { cursor: outcome.other, place: OTHER_NAME, bytes: otherBytes });
}

/** Points a cursor at the account whose name stands at `place` of the outcome's names; at nothing without a name. */
export function loadByName(
  state: State,
  partner: number,
  { names, currency }: Outcome,
  { cursor, place, bytes }: { cursor: AccountCursor; place: number; bytes: number },
): void {
  const { accounts } = state;
  if (bytes === 0) {
    cursor.load(accounts.rows, 0);
    return;
  }
  const tag = accounts.tag(partner, currency, names, place, bytes);
  cursor.load(accounts.rows, accounts.find(tag, partner, currency, names, place, bytes));
}
