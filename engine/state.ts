/** The state of a group, and the only ways in which rules change it: each tells the undo log and a running snapshot first. */
import { AccountCursor } from "./account-cursor.ts";
import { Accounts } from "./accounts.ts";
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import type { CommandCursor } from "./command-cursor.ts";
import { nameWords, tagWords } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import { Holds } from "./holds.ts";
import * as record from "./record-words.ts";
import { Remembered, type TagOf } from "./remembered.ts";
import { chunkOf, wordOf } from "./rows.ts";
import { UndoLog } from "./undo.ts";

export interface StateOptions {
  readonly horizonCommands: number;
  readonly seed: number;
  /** Where the tables get their memory. */
  readonly blocks?: BlockSource;
}

export class State {
  readonly seed: number;
  readonly accounts: Accounts;
  readonly holds: Holds;
  readonly remembered: Remembered;
  readonly undo: UndoLog;
  /** The `@world` account of the movement in hand; see `loadWorld`. */
  readonly world = new AccountCursor();
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

  constructor(options: StateOptions) {
    const { seed, horizonCommands, blocks = PLAIN_BLOCKS } = options;
    this.seed = seed;
    this.horizonCommands = horizonCommands;
    this.accounts = new Accounts(seed, blocks);
    this.holds = new Holds(blocks);
    this.remembered = new Remembered(blocks);
    this.undo = new UndoLog(this.accounts, this.holds, this.remembered);
  }

  /** Tag of a command id, for the remembered commands and for holds alike. */
  idTag(partner: number, words: Int32Array, start: number, idBytes: number): number {
    return tagWords(words, start, nameWords(idBytes), this.seed ^ Math.imul(partner, 0x9e3779b1));
  }

  /** Tag of the id of the record at word `w`. */
  idTagAt(words: Int32Array, w: number): number {
    return this.idTag(words[w + record.PARTNER]!, words, w + record.idWord(words, w), record.idBytes(words, w));
  }

  /** `idTag`, to be handed on. */
  readonly tagOf: TagOf = (partner, words, start, idBytes) => this.idTag(partner, words, start, idBytes);

  /** Must precede each change of an account's row. */
  willChange(account: AccountCursor): void {
    if (this.undo.isRecording) this.undo.accountWillChange(account.row);
    this.accounts.rows.willChange(account.row);
  }

  /** Must precede each change of a hold's row. */
  holdWillChange(row: number): void {
    if (this.undo.isRecording) this.undo.holdWillChange(row);
    this.holds.rows.willChange(row);
  }

  /** Opens an account whose name stands in the command, and points `account` at it. */
  openAccount(
    account: AccountCursor,
    tag: number,
    { words, partner }: CommandCursor,
    currency: number,
    nameStart: number,
    nameBytes: number,
  ): void {
    const row = this.accounts.open(tag, partner, currency, words, nameStart, nameBytes);
    if (this.undo.isRecording) this.undo.accountOpened(row);
    account.load(this.accounts.rows, row);
  }

  /** Points `world` at the `@world` account of this partner and currency, or at nothing if it is not open yet. */
  loadWorld(partner: number, currency: number): void {
    this.world.load(this.accounts.rows, this.accounts.findWorld(partner, currency));
  }

  /** Opens the `@world` account if `loadWorld` found none. */
  openWorld(partner: number, currency: number): void {
    if (this.world.row !== 0) return;
    const row = this.accounts.openWorld(partner, currency);
    if (this.undo.isRecording) this.undo.accountOpened(row);
    this.world.load(this.accounts.rows, row);
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
