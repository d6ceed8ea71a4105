/**
 * What an atomic bucket may have to take back: old contents of rows, opened rows, marked reversals. Recorded only while an
 * atomic bucket is applied, and played back in reverse order.
 */
import * as accountAt from "./account-row.ts";
import type { Accounts } from "./accounts.ts";
import { copyWords } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import type { Holds } from "./holds.ts";
import type { Remembered } from "./remembered.ts";
import { chunkOf, floatOf, ROW_WORDS, wordOf } from "./rows.ts";

const ACCOUNT_CHANGED = 1;
const ACCOUNT_OPENED = 2;
const HOLD_CHANGED = 3;
const HOLD_OPENED = 4;
const REVERSAL_MARKED = 5;

export class UndoLog {
  readonly #accounts: Accounts;
  readonly #holds: Holds;
  readonly #remembered: Remembered;
  /** Pairs of kind and row (or place). */
  readonly #entries: number[] = [];
  /** One old row an entry, at the entry's number times ROW_WORDS; unused for kinds that need none. */
  #rows = new Int32Array(64 * ROW_WORDS);
  isRecording = false;

  constructor(accounts: Accounts, holds: Holds, remembered: Remembered) {
    this.#accounts = accounts;
    this.#holds = holds;
    this.#remembered = remembered;
  }

  begin(): void {
    this.#entries.length = 0;
    this.isRecording = true;
  }

  /** The bucket stands: nothing can be taken back any more. */
  commit(): void {
    this.isRecording = false;
  }

  accountWillChange(row: number): void {
    this.#save(ACCOUNT_CHANGED, row, this.#accounts.rows.words[chunkOf(row)]!);
  }

  accountOpened(row: number): void {
    this.#entries.push(ACCOUNT_OPENED, row);
  }

  holdWillChange(row: number): void {
    this.#save(HOLD_CHANGED, row, this.#holds.rows.words[chunkOf(row)]!);
  }

  holdOpened(row: number): void {
    this.#entries.push(HOLD_OPENED, row);
  }

  reversalMarked(place: number): void {
    this.#entries.push(REVERSAL_MARKED, place);
  }

  #save(kind: number, row: number, words: Int32Array): void {
    const start = (this.#entries.length / 2) * ROW_WORDS;
    if (start + ROW_WORDS > this.#rows.length) {
      const grown = new Int32Array(Math.max(start + ROW_WORDS, this.#rows.length) * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    copyWords(words, wordOf(row), this.#rows, start, ROW_WORDS);
    this.#entries.push(kind, row);
  }

  /** Takes everything back, the newest first. */
  rollBack(): void {
    this.isRecording = false;
    for (let i = this.#entries.length - 2; i >= 0; i -= 2) {
      const row = this.#entries[i + 1]!;
      const saved = (i / 2) * ROW_WORDS;
      const kind = this.#entries[i]!;
      if (kind === ACCOUNT_CHANGED) this.#restoreAccount(row, saved);
      else if (kind === ACCOUNT_OPENED) this.#accounts.remove(row);
      else if (kind === HOLD_CHANGED) this.#restoreHold(row, saved);
      else if (kind === HOLD_OPENED) {
        this.#holds.unschedule(row);
        this.#holds.remove(row);
      } else this.#remembered.setReversed(row, false);
    }
  }

  #restoreAccount(row: number, saved: number): void {
    const accounts = this.#accounts;
    const words = accounts.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    accounts.hashA = (accounts.hashA - words[w + accountAt.HASH]! + this.#rows[saved + accountAt.HASH]!) | 0;
    accounts.hashB = (accounts.hashB - words[w + accountAt.HASH + 1]! + this.#rows[saved + accountAt.HASH + 1]!) | 0;
    copyWords(this.#rows, saved, words, w, ROW_WORDS);
  }

  #restoreHold(row: number, saved: number): void {
    const holds = this.#holds;
    holds.unschedule(row);
    const words = holds.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    holds.hashA = (holds.hashA - words[w + holdAt.HASH]! + this.#rows[saved + holdAt.HASH]!) | 0;
    holds.hashB = (holds.hashB - words[w + holdAt.HASH + 1]! + this.#rows[saved + holdAt.HASH + 1]!) | 0;
    copyWords(this.#rows, saved, words, w, ROW_WORDS);
    words[w + holdAt.HEAP_PLACE] = 0;
    const isOpen = (words[w + holdAt.STATE]! & holdAt.STATE_MASK) === holdAt.OPEN;
    if (isOpen && holds.rows.floats[chunkOf(row)]![floatOf(row) + holdAt.DUE] !== 0) holds.schedule(row);
  }
}
