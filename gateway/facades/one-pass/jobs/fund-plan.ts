/**
 * How to empty a fund whose content cannot be asked for. By full amounts, several at once, until one is refused: then it holds less
 * than a full amount, and halving finds the rest in some 20 draws. Pure: the same draws and outcomes give the same plan, so a plan is
 * restored by telling it what the journal has.
 */
import { assert } from "../../../../engine/index.ts";

/** Cents of the most that one call may draw: 10,000.00. */
export const FULL_CENTS = 1_000_000;

/** Full draws of one fund that may be open at once: as many as there are calls in flight at most. */
const WINDOW_MAX = 60;

export interface PlannedDraw {
  /** 1 to FULL_CENTS. */
  readonly cents: number;
  /**
   * The first draw of less than a full amount was once seen to succeed wrongly: it is believed only when a repeat of the same
   * transactionId is answered alike.
   */
  readonly isDoubted: boolean;
}

export class FundPlan {
  /** Full draws that may be open: one more with each that is paid, so that a small fund costs no more than one in vain. */
  #window = 1;
  #open = 0;
  /** A full draw was refused, so the fund holds less. */
  #isHalving = false;
  /** The most that the fund can hold while halving. */
  #boundCents = FULL_CENTS - 1;
  #isDone = false;

  /** True once a draw of one cent was refused: the fund is empty. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Draws without an outcome. */
  get open(): number {
    return this.#open;
  }

  /** A draw that may be made now and counts as open from here on; undefined: wait for an open one, or it is done. */
  next(): PlannedDraw | undefined {
    if (this.#isDone) return undefined;
    if (!this.#isHalving) {
      if (this.#open >= this.#window) return undefined;
      return this.#opened(FULL_CENTS);
    }
    // A full draw that is still open may take money, and each half depends on what became of the one before.
    if (this.#open > 0) return undefined;
    // A bound of zero is proved by a cent that is refused: whoever put money into the fund meanwhile is noticed.
    return this.#opened(this.#boundCents === 0 ? 1 : Math.ceil((this.#boundCents + 1) / 2));
  }

  /** Takes a draw over from the journal as open. Draws must come in the order in which they were planned. */
  reopen(cents: number): PlannedDraw {
    return this.#opened(cents);
  }

  #opened(cents: number): PlannedDraw {
    assert(cents >= 1 && cents <= FULL_CENTS, "a draw is 1 cent to 10,000.00");
    this.#open++;
    return { cents, isDoubted: cents < FULL_CENTS && this.#boundCents === FULL_CENTS - 1 };
  }

  /** Tells what a definite reply said of an open draw. */
  settle(cents: number, isPaid: boolean): void {
    assert(this.#open > 0, "a draw was settled that was not open");
    this.#open--;
    if (cents === FULL_CENTS) {
      if (isPaid) this.#window = Math.min(this.#window + 1, WINDOW_MAX);
      else this.#isHalving = true;
    } else if (!isPaid) {
      this.#boundCents = Math.min(this.#boundCents, cents - 1);
      if (cents === 1) this.#isDone = true;
    } else if (this.#boundCents === 0) {
      this.#startAgain();
    } else {
      this.#boundCents -= cents;
      assert(this.#boundCents >= 0, "a fund held more than its bound");
    }
  }

  /** The fund gave a cent that it could not have: somebody put money into it. */
  #startAgain(): void {
    this.#isHalving = false;
    this.#boundCents = FULL_CENTS - 1;
    this.#window = 1;
  }

  /** Tells that the third party does not know the user of an open draw: nothing can be drawn. */
  giveUp(): void {
    assert(this.#open > 0, "a draw was given up that was not open");
    this.#open--;
    this.#isDone = true;
  }
}
