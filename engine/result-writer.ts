/** Encodes a command with its outcome as a record of the frame; see `record.ts` for the layout. */
import type { AccountCursor } from "./account-cursor.ts";
import * as at from "./account-row.ts";
import { CODE } from "./codes.ts";
import { copyWords, nameWords } from "./hash.ts";
import { copyUnits, type RecordMemory } from "./memory.ts";
import { OTHER_NAME, type Outcome } from "./outcome.ts";
import { FIELD, OUTCOME } from "./record.ts";
import * as record from "./record-words.ts";

/** Copies the command part to word `out`; returns the word behind it, where the result part begins. */
export function writeCommand(from: RecordMemory, start: number, to: RecordMemory, out: number): number {
  const w = start >>> 2;
  const units = record.commandUnits(from.words, w);
  copyUnits(from, w >>> 1, to, out >>> 1, units);
  // A replayed frame's record already has a result: its length is set anew by finishRecord.
  to.words[out + record.CURRENCY] = to.words[out + record.CURRENCY]! & ~(0xff << 16);
  return out + units * 2;
}

/** Writes the result part behind the command part at word `out`; returns the word behind the record. */
export function writeResult(outcome: Outcome, to: RecordMemory, out: number): number {
  const { shown, other } = outcome;
  const r = record.resultWord(to.words, out);
  let flags = 0;
  let statuses = 0;
  let version = 0;
  let end = r + 2;
  if (shown.row !== 0) {
    const hasOther = outcome.isChanged && other.row !== 0;
    const isWide = hasHighLimb(shown) || (hasOther && hasHighLimb(other));
    flags = OUTCOME.BALANCES | (isWide ? OUTCOME.WIDE : 0) | (outcome.isChanged ? OUTCOME.CHANGE_1 : 0);
    statuses = shown.status;
    version = shown.words[shown.w + at.VERSION]!;
    end = writeMoney(shown, at.AVAILABLE, isWide, to, end);
    if (isHolding(shown)) {
      flags |= OUTCOME.HELD;
      end = writeMoney(shown, at.HELD, isWide, to, end);
    }
    if (hasOther) {
      flags |= OUTCOME.CHANGE_2 | (isHolding(other) ? OUTCOME.HELD_2 : 0);
      statuses |= other.status << 8;
      end = writeOther(other, isWide, to, end);
    }
  }
  if (outcome.isResolved) {
    flags |= OUTCOME.RESOLVED;
    end = writeResolved(outcome, to, out, end);
  }
  to.words[r] = outcome.code | (flags << 8) | (statuses << 16);
  to.words[r + 1] = version;
  return finishRecord(to, out, end);
}

function writeOther(other: AccountCursor, isWide: boolean, to: RecordMemory, start: number): number {
  to.words[start] = other.words[other.w + at.VERSION]!;
  to.words[start + 1] = 0;
  const end = writeMoney(other, at.AVAILABLE, isWide, to, start + 2);
  return isHolding(other) ? writeMoney(other, at.HELD, isWide, to, end) : end;
}

/** Writes the first result of a repeated command again, marked as a repeat, at word `out`. */
export function writeDuplicate(
  first: { readonly memory: RecordMemory; readonly start: number; readonly sequence: number; readonly timeMs: number },
  to: RecordMemory,
  out: number,
): number {
  const { memory } = first;
  const w = first.start >>> 2;
  const r = record.resultWord(to.words, out);
  const count = record.resultUnits(memory.words, w) * 2;
  copyWords(memory.words, record.resultWord(memory.words, w), to.words, r, count);
  to.words[r] = to.words[r]! | (OUTCOME.DUPLICATE << 8);
  to.floats[(r + count) >>> 1] = first.sequence;
  to.floats[((r + count) >>> 1) + 1] = first.timeMs;
  return finishRecord(to, out, r + count + 4);
}

function writeResolved(outcome: Outcome, to: RecordMemory, out: number, start: number): number {
  // A refused command shows its own amount only: not the rest of a hold, nor that of the command it wanted to undo.
  const hasOwnAmount = (record.fields(to.words, out) & FIELD.AMOUNT) !== 0;
  const isShown = outcome.code === CODE.OK || hasOwnAmount;
  to.words[start] = outcome.undoneType | (outcome.nameBytes << 8) | (outcome.otherNameBytes << 16);
  to.words[start + 1] = outcome.currency;
  to.floats[(start >>> 1) + 1] = isShown ? outcome.amountLo : 0;
  to.floats[(start >>> 1) + 2] = isShown ? outcome.amountHi : 0;
  let end = start + record.RESOLVED_NAMES;
  copyWords(outcome.names, 0, to.words, end, nameWords(outcome.nameBytes));
  end += nameWords(outcome.nameBytes);
  copyWords(outcome.names, OTHER_NAME, to.words, end, nameWords(outcome.otherNameBytes));
  end += nameWords(outcome.otherNameBytes);
  if ((end & 1) !== 0) to.words[end++] = 0;
  return end;
}

/** Sets the length of the result part, which ends before word `end`. */
function finishRecord(to: RecordMemory, out: number, end: number): number {
  const units = (end - record.resultWord(to.words, out)) >>> 1;
  to.words[out + record.CURRENCY] = to.words[out + record.CURRENCY]! | (units << 16);
  return end;
}

function writeMoney(account: AccountCursor, part: number, isWide: boolean, to: RecordMemory, start: number): number {
  const i = account.f + part;
  to.floats[start >>> 1] = account.floats[i + 1]!;
  if (!isWide) return start + 2;
  to.floats[(start >>> 1) + 1] = account.floats[i]!;
  return start + 4;
}

function hasHighLimb({ floats, f }: AccountCursor): boolean {
  return floats[f + at.AVAILABLE] !== 0 || floats[f + at.HELD] !== 0;
}

function isHolding({ floats, f }: AccountCursor): boolean {
  return floats[f + at.HELD] !== 0 || floats[f + at.HELD + 1] !== 0;
}
