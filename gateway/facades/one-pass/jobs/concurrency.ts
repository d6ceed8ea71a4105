/** Calls in flight at a time, between 10 and 60: more while the third party answers, fewer while it does not. */

export const CALLS_MIN = 10;
export const CALLS_MAX = 60;

/** Replies after which the success rate is looked at. */
const REPLIES_A_LOOK = 20;

const STEP_UP = 10;
const FACTOR_DOWN = 0.75;
const RATE_GOOD = 0.9;
const RATE_BAD = 0.7;

export class Concurrency {
  #limit = CALLS_MIN;
  #replies = 0;
  #successes = 0;

  /** Calls that may be in flight; CALLS_MIN to CALLS_MAX. */
  get limit(): number {
    return this.#limit;
  }

  /** Counts a reply. `isSuccess`: it was definite, whether or not it paid. */
  count(isSuccess: boolean): void {
    this.#replies++;
    if (isSuccess) this.#successes++;
    if (this.#replies < REPLIES_A_LOOK) return;
    const rate = this.#successes / this.#replies;
    if (rate >= RATE_GOOD) this.#limit = Math.min(CALLS_MAX, this.#limit + STEP_UP);
    else if (rate < RATE_BAD) this.#limit = Math.max(CALLS_MIN, Math.floor(this.#limit * FACTOR_DOWN));
    this.#replies = 0;
    this.#successes = 0;
  }
}
