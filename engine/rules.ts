/**
 * The rules of each command: check everything, then change (promise I6). A rule leaves in the outcome the result's code
 * and the accounts that it shows. The order of checks is that of `codes.ts`.
 */
import * as at from "./account-row.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import * as holdAt from "./hold-row.ts";
import type { RecordMemory } from "./memory.ts";
import { ZERO } from "./money.ts";
import { applyMovement, checkMovement, checkOpenAndThawed, type Movement, statusOf, TO_OPEN } from "./movement.ts";
import { OTHER_NAME, type Outcome } from "./outcome.ts";
import { CONTEXT, FIELD, STATUS, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { wordOf as logWordOf } from "./remembered.ts";
import { chunkOf, floatOf, wordOf } from "./rows.ts";
import type { State } from "./state.ts";

const MAY_NOT_OPEN = CONTEXT.STRICT;

export class Rules {
  readonly #state: State;
  readonly #move: Movement = { partner: 0, currency: 0, hi: 0, lo: 0, source: 0, part: 0, target: 0 };
  // The command in hand.
  #words: Int32Array = new Int32Array(0);
  #floats: Float64Array = new Float64Array(0);
  #w = 0;
  #partner = 0;
  #currency = 0;
  #accountTag = 0;

  constructor(state: State) {
    this.#state = state;
  }

  /**
   * Decides and applies the command at byte `start`. `outcome.row` holds the row of the account that the command names, if it
   * does and the account exists; `accountTag` is that account's tag, `idTag` that of the command's id.
   */
  run(from: RecordMemory, start: number, accountTag: number, idTag: number, outcome: Outcome): void {
    this.#words = from.words;
    this.#floats = from.floats;
    this.#w = start >>> 2;
    this.#partner = from.words[this.#w + record.PARTNER]!;
    this.#currency = record.currency(from.words, this.#w);
    this.#accountTag = accountTag;
    outcome.code = this.#decide(record.typeOf(from.words, this.#w), idTag, outcome);
  }

  #decide(type: number, idTag: number, outcome: Outcome): number {
    switch (type) {
      case TYPE.credit:
        return this.#credit(outcome);
      case TYPE.debit:
        return this.#debit(outcome);
      case TYPE.transfer:
        return this.#transfer(outcome);
      case TYPE.hold:
        return this.#hold(outcome, idTag);
      case TYPE.capture:
        return this.#capture(outcome);
      case TYPE.release:
        return this.#release(outcome);
      case TYPE.reverse:
        return this.#reverse(outcome);
      case TYPE.open:
        return this.#open(outcome);
      case TYPE.limits:
        return this.#limits(outcome);
      case TYPE.freeze:
        return this.#setStatus(outcome, STATUS.frozen);
      case TYPE.unfreeze:
        return this.#setStatus(outcome, STATUS.active);
      case TYPE.close:
        return this.#close(outcome);
      default:
        assert(type === TYPE.expire, "a record's type is one of the list");
        return this.#expire(outcome, idTag);
    }
  }

  #credit(outcome: Outcome): number {
    if (outcome.row === 0 && !this.#mayOpen()) return CODE.ACCOUNT_NOT_FOUND;
    const barred = checkOpenAndThawed(this.#state, outcome.row, 0);
    if (barred !== CODE.OK) return barred;
    const move = this.#movement(0, at.AVAILABLE, outcome.row === 0 ? TO_OPEN : outcome.row);
    const code = checkMovement(this.#state, move);
    if (code !== CODE.OK) return code;
    if (outcome.row === 0) {
      const nameStart = this.#w + record.nameWord(this.#words, this.#w);
      const nameBytes = record.nameBytes(this.#words, this.#w);
      outcome.row = this.#openAccount(this.#accountTag, this.#currency, nameStart, nameBytes);
      move.target = outcome.row;
    }
    applyMovement(this.#state, move);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #debit(outcome: Outcome): number {
    if (outcome.row === 0) return CODE.ACCOUNT_NOT_FOUND;
    const barred = checkOpenAndThawed(this.#state, outcome.row, 0);
    if (barred !== CODE.OK) return barred;
    const move = this.#movement(outcome.row, at.AVAILABLE, 0);
    const code = checkMovement(this.#state, move);
    if (code !== CODE.OK) return code;
    applyMovement(this.#state, move);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #transfer(outcome: Outcome): number {
    const words = this.#words;
    const w = this.#w;
    const toStart = w + record.toWord(words, w);
    const toBytes = record.toBytes(words, w);
    const nameBytes = record.nameBytes(words, w);
    const tag = this.#state.accounts.tag(this.#partner, this.#currency, words, toStart, toBytes);
    if (tag === this.#accountTag && toBytes === nameBytes) {
      if (isSameName(words, w + record.nameWord(words, w), toStart, toBytes)) return CODE.SAME_ACCOUNT;
    }
    const to = this.#state.accounts.find(tag, this.#partner, this.#currency, words, toStart, toBytes);
    return this.#moveTo(outcome, at.AVAILABLE, tag, to, this.#currency);
  }

  /** The rest of a transfer or a capture to an account: from `outcome.row` to `to`, which is opened if 0. */
  #moveTo(outcome: Outcome, part: number, toTag: number, to: number, currency: number): number {
    const source = outcome.row;
    if (source === 0 || (to === 0 && !this.#mayOpen())) return CODE.ACCOUNT_NOT_FOUND;
    // A frozen account may be captured from, but not receive.
    const barred = checkOpenAndThawed(this.#state, part === at.HELD ? 0 : source, to);
    if (barred !== CODE.OK) return barred;
    if (part === at.HELD && this.#isExceeded) return CODE.HOLD_EXCEEDED;
    const move = this.#movement(source, part, to === 0 ? TO_OPEN : to);
    move.currency = currency;
    const code = checkMovement(this.#state, move);
    if (code !== CODE.OK) return code;
    const toStart = this.#w + record.toWord(this.#words, this.#w);
    outcome.otherRow =
      to === 0 ? this.#openAccount(toTag, currency, toStart, record.toBytes(this.#words, this.#w)) : to;
    move.target = outcome.otherRow;
    applyMovement(this.#state, move);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #hold(outcome: Outcome, idTag: number): number {
    const state = this.#state;
    const row = outcome.row;
    if (row === 0) return CODE.ACCOUNT_NOT_FOUND;
    const barred = checkOpenAndThawed(state, row, 0);
    if (barred !== CODE.OK) return barred;
    const move = this.#movement(row, at.AVAILABLE, 0);
    if (!state.hasFloor(row, move.hi, move.lo)) return CODE.INSUFFICIENT_BALANCE;
    if (!state.canHold(row, move.hi, move.lo)) return CODE.AMOUNT_OUT_OF_RANGE;
    state.accountWillChange(row);
    state.subtract(row, at.AVAILABLE, move.hi, move.lo);
    state.add(row, at.HELD, move.hi, move.lo);
    state.accounts.changed(row);
    this.#openHold(row, idTag);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #openHold(account: number, idTag: number): void {
    const { holds, undo } = this.#state;
    const words = this.#words;
    const w = this.#w;
    const idStart = w + record.idWord(words, w);
    const hold = holds.open(idTag, this.#partner, words, idStart, record.idBytes(words, w), account);
    if (undo.isRecording) undo.holdOpened(hold);
    const f = holds.rows.floats[chunkOf(hold)]!;
    const i = floatOf(hold);
    f[i + holdAt.REST] = this.#move.hi;
    f[i + holdAt.REST + 1] = this.#move.lo;
    f[i + holdAt.SEQUENCE] = this.#state.sequence;
    if ((record.fields(words, w) & FIELD.EXPIRES_IN) !== 0) {
      f[i + holdAt.DUE] = this.#state.timeMs + this.#number(FIELD.EXPIRES_IN) * 1000;
      holds.schedule(hold);
    }
    holds.changed(hold);
  }

  /** Set by `#capture` for `#moveTo`: the amount is above the hold's rest. Its check comes after those of accounts. */
  #isExceeded = false;

  #capture(outcome: Outcome): number {
    const hold = this.#findHold(outcome);
    if (hold === 0) return CODE.HOLD_NOT_FOUND;
    const usable = this.#checkHold(hold, outcome);
    if (usable !== CODE.OK) return usable;
    const f = this.#state.holds.rows.floats[chunkOf(hold)]!;
    const i = floatOf(hold);
    const restHi = f[i + holdAt.REST]!;
    const restLo = f[i + holdAt.REST + 1]!;
    if ((record.fields(this.#words, this.#w) & FIELD.AMOUNT) === 0) {
      outcome.amountHi = restHi;
      outcome.amountLo = restLo;
    }
    const hi = outcome.amountHi;
    const lo = outcome.amountLo;
    this.#isExceeded = hi > restHi || (hi === restHi && lo > restLo);
    const code = this.#captureMoney(outcome);
    if (code !== CODE.OK) return code;
    this.#shrinkHold(hold, hi, lo, hi === restHi && lo === restLo);
    return CODE.OK;
  }

  #captureMoney(outcome: Outcome): number {
    const words = this.#words;
    const w = this.#w;
    const accounts = this.#state.accounts;
    const toBytes = record.toBytes(words, w);
    this.#move.hi = outcome.amountHi;
    this.#move.lo = outcome.amountLo;
    if (toBytes !== 0) {
      const toStart = w + record.toWord(words, w);
      const tag = accounts.tag(this.#partner, outcome.currency, words, toStart, toBytes);
      const to = accounts.find(tag, this.#partner, outcome.currency, words, toStart, toBytes);
      return to === outcome.row ? CODE.SAME_ACCOUNT : this.#moveTo(outcome, at.HELD, tag, to, outcome.currency);
    }
    if (this.#isExceeded) return CODE.HOLD_EXCEEDED;
    const move = this.#movement(outcome.row, at.HELD, 0);
    move.currency = outcome.currency;
    const code = checkMovement(this.#state, move);
    if (code !== CODE.OK) return code;
    applyMovement(this.#state, move);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #shrinkHold(hold: number, hi: number, lo: number, isWhole: boolean): void {
    const state = this.#state;
    state.holdWillChange(hold);
    const f = state.holds.rows.floats[chunkOf(hold)]!;
    const i = floatOf(hold) + holdAt.REST;
    const rest = f[i + 1]! - lo;
    f[i + 1] = rest < 0 ? rest + 1e15 : rest;
    f[i] = f[i]! - hi - (rest < 0 ? 1 : 0);
    if (isWhole) state.closeHold(hold, holdAt.CLOSED);
    state.holds.changed(hold);
  }

  #release(outcome: Outcome): number {
    const hold = this.#findHold(outcome);
    if (hold === 0) return CODE.HOLD_NOT_FOUND;
    const usable = this.#checkHold(hold, outcome);
    if (usable !== CODE.OK) return usable;
    this.#giveBack(hold, outcome, holdAt.CLOSED);
    return CODE.OK;
  }

  #expire(outcome: Outcome, idTag: number): number {
    const words = this.#words;
    const w = this.#w;
    const idStart = w + record.idWord(words, w);
    const hold = this.#state.holds.find(idTag, this.#partner, words, idStart, record.idBytes(words, w));
    assert(hold !== 0 && this.#isDue(hold), "an expire record names an open hold that is due");
    this.#showHold(hold, outcome);
    this.#giveBack(hold, outcome, holdAt.EXPIRED);
    return CODE.OK;
  }

  /** Moves what a hold still holds back to available and closes it. */
  #giveBack(hold: number, outcome: Outcome, endState: number): void {
    const state = this.#state;
    const f = state.holds.rows.floats[chunkOf(hold)]!;
    const i = floatOf(hold);
    outcome.amountHi = f[i + holdAt.REST]!;
    outcome.amountLo = f[i + holdAt.REST + 1]!;
    state.accountWillChange(outcome.row);
    state.subtract(outcome.row, at.HELD, outcome.amountHi, outcome.amountLo);
    state.add(outcome.row, at.AVAILABLE, outcome.amountHi, outcome.amountLo);
    state.accounts.changed(outcome.row);
    state.holdWillChange(hold);
    f[i + holdAt.REST] = 0;
    f[i + holdAt.REST + 1] = 0;
    state.closeHold(hold, endState);
    state.holds.changed(hold);
    outcome.isChanged = true;
  }

  /** The hold that capture or release names, with its account in the outcome; 0 when there is none. */
  #findHold(outcome: Outcome): number {
    const words = this.#words;
    const w = this.#w;
    const start = w + record.nameWord(words, w);
    const bytes = record.nameBytes(words, w);
    const tag = this.#state.idTag(this.#partner, words, start, bytes);
    const hold = this.#state.holds.find(tag, this.#partner, words, start, bytes);
    if (hold !== 0) this.#showHold(hold, outcome);
    return hold;
  }

  #showHold(hold: number, outcome: Outcome): void {
    const state = this.#state;
    const row = state.holds.rows.words[chunkOf(hold)]![wordOf(hold) + holdAt.ACCOUNT]!;
    outcome.row = row;
    outcome.isResolved = true;
    outcome.currency = state.accounts.rows.words[chunkOf(row)]![wordOf(row) + at.CURRENCY]!;
    outcome.nameBytes = state.accounts.copyName(row, outcome.names, 0);
    if ((record.fields(this.#words, this.#w) & FIELD.AMOUNT) !== 0) {
      this.#readAmount();
      outcome.amountHi = this.#move.hi;
      outcome.amountLo = this.#move.lo;
    }
  }

  /** CURRENCY_MISMATCH, HOLD_CLOSED, HOLD_EXPIRED or OK. */
  #checkHold(hold: number, outcome: Outcome): number {
    if (this.#currency !== 0 && this.#currency !== outcome.currency) return CODE.CURRENCY_MISMATCH;
    const state = this.#state.holds.rows.words[chunkOf(hold)]![wordOf(hold) + holdAt.STATE]! & holdAt.STATE_MASK;
    if (state === holdAt.CLOSED) return CODE.HOLD_CLOSED;
    return state === holdAt.EXPIRED || this.#isDue(hold) ? CODE.HOLD_EXPIRED : CODE.OK;
  }

  #isDue(hold: number): boolean {
    const due = this.#state.holds.rows.floats[chunkOf(hold)]![floatOf(hold) + holdAt.DUE]!;
    return due !== 0 && due <= this.#state.timeMs;
  }

  #reverse(outcome: Outcome): number {
    const words = this.#words;
    const w = this.#w;
    const { remembered } = this.#state;
    const start = w + record.nameWord(words, w);
    const bytes = record.nameBytes(words, w);
    const place = remembered.find(
      this.#state.idTag(this.#partner, words, start, bytes),
      this.#partner,
      words,
      start,
      bytes,
    );
    if (place === 0) return CODE.COMMAND_NOT_FOUND;
    const log = remembered.chunkOf(place);
    const type = this.#showUndone(log, logWordOf(place), outcome);
    if (!isReversible(type) || record.resultCode(log.words, logWordOf(place)) !== CODE.OK) return CODE.NOT_REVERSIBLE;
    if (remembered.isReversed(place)) return CODE.ALREADY_REVERSED;
    if (this.#currency !== 0 && this.#currency !== outcome.currency) return CODE.CURRENCY_MISMATCH;
    const code = this.#moveBack(type, outcome);
    if (code !== CODE.OK) return code;
    remembered.setReversed(place, true);
    if (this.#state.undo.isRecording) this.#state.undo.reversalMarked(place);
    return CODE.OK;
  }

  #moveBack(type: number, outcome: Outcome): number {
    const state = this.#state;
    const barred = checkOpenAndThawed(state, outcome.row, outcome.otherRow);
    if (barred !== CODE.OK) return barred;
    const move = this.#move;
    move.partner = this.#partner;
    move.currency = outcome.currency;
    move.hi = outcome.amountHi;
    move.lo = outcome.amountLo;
    move.part = at.AVAILABLE;
    // A credit gave to the account shown, so that one gives now; in all others it receives, from the other side or `@world`.
    move.source = type === TYPE.credit ? outcome.row : outcome.otherRow;
    move.target = type === TYPE.credit ? 0 : outcome.row;
    const code = checkMovement(state, move);
    if (code !== CODE.OK) return code;
    applyMovement(state, move);
    outcome.isChanged = true;
    return CODE.OK;
  }

  /** Puts the accounts, currency and amount of the remembered command into the outcome; returns its type. */
  #showUndone(log: RecordMemory, w: number, outcome: Outcome): number {
    const words = log.words;
    const type = record.typeOf(words, w);
    const resolved = record.resolvedWord(words, w);
    outcome.isResolved = true;
    outcome.undoneType = type;
    let nameStart = w + record.nameWord(words, w);
    let nameBytes = namesAccount(type) ? record.nameBytes(words, w) : 0;
    let otherStart = w + record.toWord(words, w);
    let otherBytes = record.toBytes(words, w);
    outcome.currency = record.currency(words, w);
    if (resolved !== 0) {
      nameStart = resolved + record.RESOLVED_NAMES;
      nameBytes = record.resolvedNameBytes(words, resolved);
      outcome.currency = words[resolved + 1]! & 0xffff;
      outcome.amountLo = log.floats[(resolved >>> 1) + 1]!;
      outcome.amountHi = log.floats[(resolved >>> 1) + 2]!;
      if (type === TYPE.reverse) {
        otherStart = nameStart + ((nameBytes + 3) >>> 2);
        otherBytes = record.resolvedOtherBytes(words, resolved);
      }
    } else if ((record.fields(words, w) & FIELD.AMOUNT) !== 0) {
      const i = w >>> 1;
      outcome.amountLo = log.floats[i + 2]!;
      outcome.amountHi = record.isWide(words, w) ? log.floats[i + 3]! : 0;
    }
    outcome.nameBytes = nameBytes;
    outcome.otherNameBytes = otherBytes;
    outcome.row = this.#resolve(words, nameStart, nameBytes, outcome, 0);
    outcome.otherRow = this.#resolve(words, otherStart, otherBytes, outcome, OTHER_NAME);
    return type;
  }

  /** Copies a name to the outcome and finds its account; 0 when there is no name or no such account. */
  #resolve(words: Int32Array, start: number, bytes: number, outcome: Outcome, place: number): number {
    if (bytes === 0) return 0;
    const count = (bytes + 3) >>> 2;
    for (let i = 0; i < count; i++) outcome.names[place + i] = words[start + i]!;
    const { accounts } = this.#state;
    const tag = accounts.tag(this.#partner, outcome.currency, words, start, bytes);
    return accounts.find(tag, this.#partner, outcome.currency, words, start, bytes);
  }

  #open(outcome: Outcome): number {
    if (outcome.row !== 0) return CODE.ACCOUNT_EXISTS;
    const start = this.#w + record.nameWord(this.#words, this.#w);
    const row = this.#openAccount(this.#accountTag, this.#currency, start, record.nameBytes(this.#words, this.#w));
    outcome.row = row;
    this.#writeLimits(row);
    this.#state.accounts.changed(row);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #limits(outcome: Outcome): number {
    const row = outcome.row;
    if (row === 0) return CODE.ACCOUNT_NOT_FOUND;
    if (statusOf(this.#state, row) === STATUS.closed) return CODE.ACCOUNT_CLOSED;
    const state = this.#state;
    const f = state.accounts.rows.floats[chunkOf(row)]!;
    const words = state.accounts.rows.words[chunkOf(row)]!;
    const i = floatOf(row);
    const w = wordOf(row);
    const old = [f[i + at.MIN]!, f[i + at.MIN + 1]!, f[i + at.MAX]!, f[i + at.MAX + 1]!, words[w + at.STATE]!] as const;
    state.accountWillChange(row);
    this.#writeLimits(row);
    // The new limits are judged in place, for floors and ceilings are read from the row; a refusal puts the old ones back.
    if (!state.hasFloor(row, ZERO.hi, ZERO.lo) || !state.hasCeiling(row, ZERO.hi, ZERO.lo)) {
      f[i + at.MIN] = old[0];
      f[i + at.MIN + 1] = old[1];
      f[i + at.MAX] = old[2];
      f[i + at.MAX + 1] = old[3];
      words[w + at.STATE] = old[4];
      return CODE.BALANCE_LIMIT;
    }
    state.accounts.changed(row);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #writeLimits(row: number): void {
    const { accounts } = this.#state;
    const fields = record.fields(this.#words, this.#w);
    const f = accounts.rows.floats[chunkOf(row)]!;
    const words = accounts.rows.words[chunkOf(row)]!;
    const i = floatOf(row);
    const state = wordOf(row) + at.STATE;
    if ((fields & (FIELD.MIN_SET | FIELD.MIN_NULL)) !== 0) {
      const place = (fields & FIELD.MIN_SET) === 0 ? -1 : this.#place(FIELD.MIN_SET);
      f[i + at.MIN + 1] = place < 0 ? 0 : this.#floats[place]!;
      f[i + at.MIN] = place < 0 ? 0 : this.#floats[place + 1]!;
    }
    if ((fields & (FIELD.MAX_SET | FIELD.MAX_NULL)) !== 0) {
      const place = (fields & FIELD.MAX_SET) === 0 ? -1 : this.#place(FIELD.MAX_SET);
      f[i + at.MAX + 1] = place < 0 ? 0 : this.#floats[place]!;
      f[i + at.MAX] = place < 0 ? 0 : this.#floats[place + 1]!;
      words[state] = place < 0 ? words[state]! & ~at.HAS_MAX : words[state]! | at.HAS_MAX;
    }
    if (fields !== 0) words[state] = words[state]! | at.HAS_LIMITS;
  }

  #setStatus(outcome: Outcome, status: number): number {
    const row = outcome.row;
    if (row === 0) return CODE.ACCOUNT_NOT_FOUND;
    const present = statusOf(this.#state, row);
    if (present === STATUS.closed) return CODE.ACCOUNT_CLOSED;
    if (present === status) return CODE.OK;
    this.#writeStatus(row, status);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #close(outcome: Outcome): number {
    const row = outcome.row;
    if (row === 0) return CODE.ACCOUNT_NOT_FOUND;
    const present = statusOf(this.#state, row);
    if (present === STATUS.closed) return CODE.ACCOUNT_CLOSED;
    const f = this.#state.accounts.rows.floats[chunkOf(row)]!;
    const i = floatOf(row);
    if (f[i] !== 0 || f[i + 1] !== 0 || f[i + 2] !== 0 || f[i + 3] !== 0) return CODE.ACCOUNT_NOT_EMPTY;
    this.#writeStatus(row, STATUS.closed);
    outcome.isChanged = true;
    return CODE.OK;
  }

  #writeStatus(row: number, status: number): void {
    const { accounts } = this.#state;
    this.#state.accountWillChange(row);
    const words = accounts.rows.words[chunkOf(row)]!;
    const w = wordOf(row) + at.STATE;
    words[w] = (words[w]! & ~at.STATUS_MASK) | status;
    accounts.changed(row);
  }

  #openAccount(tag: number, currency: number, nameStart: number, nameBytes: number): number {
    const { accounts, undo } = this.#state;
    const row = accounts.open(tag, this.#partner, currency, this.#words, nameStart, nameBytes);
    if (undo.isRecording) undo.accountOpened(row);
    return row;
  }

  #mayOpen(): boolean {
    const words = this.#words;
    const isRefused = record.fields(words, this.#w) & FIELD.NO_OPEN;
    return isRefused === 0 && (record.context(words, this.#w) & MAY_NOT_OPEN) === 0;
  }

  #movement(source: number, part: number, target: number): Movement {
    const move = this.#move;
    move.partner = this.#partner;
    move.currency = this.#currency;
    if (part !== at.HELD) this.#readAmount();
    move.source = source;
    move.part = part;
    move.target = target;
    return move;
  }

  #readAmount(): void {
    const i = (this.#w >>> 1) + 2;
    this.#move.lo = this.#floats[i]!;
    this.#move.hi = record.isWide(this.#words, this.#w) ? this.#floats[i + 1]! : 0;
  }

  #number(field: number): number {
    return this.#floats[this.#place(field)]!;
  }

  #place(field: number): number {
    return (this.#w >>> 1) + record.numberFloat(this.#words, this.#w, field);
  }
}

function isReversible(type: number): boolean {
  return type === TYPE.credit || type === TYPE.debit || type === TYPE.transfer || type === TYPE.capture;
}

/** True if the command's name is an account: all but capture and release (a hold) and reverse (a command). */
export function namesAccount(type: number): boolean {
  return type < TYPE.capture || (type > TYPE.reverse && type < TYPE.expire);
}

function isSameName(words: Int32Array, a: number, b: number, bytes: number): boolean {
  const count = (bytes + 3) >>> 2;
  for (let i = 0; i < count; i++) if (words[a + i] !== words[b + i]) return false;
  return true;
}
