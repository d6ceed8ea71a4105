/** What the rules found out about one command. One object, reused for every command: nothing is allocated a command. */
import { AccountCursor } from "./account-cursor.ts";

/** First word of the other side's name in `names`. */
export const OTHER_NAME = 16;

export class Outcome {
  /** Number of the result code. */
  code = 0;
  /** The account that the result shows. */
  readonly shown = new AccountCursor();
  /** The other side of the movement; of meaning only when something changed. */
  readonly other = new AccountCursor();
  /** The command changed the account shown, so the result has a change for it (and for the other side). */
  isChanged = false;
  /** The account is not named by the command itself (capture, release, expire, reverse): the result must name it. */
  isResolved = false;
  /** Currency of a resolved account. */
  currency = 0;
  /** Amount of a resolved command; zero when the result has none. */
  amountHi = 0;
  amountLo = 0;
  /** Type of the command undone by a reversal, else 0. */
  undoneType = 0;
  /** Name of the resolved account and of the other side, zero-padded words of at most 64 bytes each. */
  readonly names = new Int32Array(32);
  nameBytes = 0;
  otherNameBytes = 0;

  /** Forgets the last command. What only a resolved outcome has is set whenever `isResolved` is. */
  reset(): void {
    this.code = 0;
    this.shown.row = 0;
    this.other.row = 0;
    this.isChanged = false;
    this.isResolved = false;
  }

  /** Begins to tell of an account that the command does not name. */
  resolve(currency: number, undoneType: number): void {
    this.isResolved = true;
    this.currency = currency;
    this.undoneType = undoneType;
    this.amountHi = 0;
    this.amountLo = 0;
    this.nameBytes = 0;
    this.otherNameBytes = 0;
  }

  /** Takes over what another outcome tells of a command that does not name its account itself. */
  copyResolved(from: Outcome): void {
    this.isResolved = from.isResolved;
    this.currency = from.currency;
    this.amountHi = from.amountHi;
    this.amountLo = from.amountLo;
    this.undoneType = from.undoneType;
    this.names.set(from.names);
    this.nameBytes = from.nameBytes;
    this.otherNameBytes = from.otherNameBytes;
  }
}
