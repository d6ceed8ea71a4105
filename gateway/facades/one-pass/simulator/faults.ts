/** What goes wrong on the way: decided call by call from a seed, so that a run's mixture can be had again. */

/** How the third party behaves. Rates are from 0 to 1. */
export interface Behaviour {
  readonly seed: number;
  /** Milliseconds from a request's arrival to its answer. */
  readonly delayMs: number;
  /** Milliseconds added to the delay at random, at most. */
  readonly jitterMs: number;
  /** HTTP 504 and nothing done. */
  readonly rate504: number;
  /** HTTP 504 though it was done. */
  readonly ratePaid504: number;
  /** Done, and answered with what another request was answered, its request id and all. */
  readonly rateCrossed: number;
  /** The network delivers the request a second time, a delay later. */
  readonly rateDuplicate: number;
  /** Done, and answered after `slowMs`. */
  readonly rateSlow: number;
  readonly slowMs: number;
  /** The first draw of less than 10,000.00 from each fund is answered with 200 though nothing was done. */
  readonly falseHalf: boolean;
}

export const BEHAVIOUR_DEFAULT: Behaviour = Object.freeze({
  seed: 1,
  delayMs: 5,
  jitterMs: 0,
  rate504: 0,
  ratePaid504: 0,
  rateCrossed: 0,
  rateDuplicate: 0,
  rateSlow: 0,
  slowMs: 4000,
  falseHalf: false,
});

/** What becomes of one call. At most one of `isLost`, `is504`, `isCrossed` is true. */
export interface Fate {
  /** Answered with 504 before anything was done. */
  readonly isLost: boolean;
  /** Answered with 504 after it was done. */
  readonly is504: boolean;
  readonly isCrossed: boolean;
  readonly isDuplicated: boolean;
  readonly delayMs: number;
}

export class Fates {
  readonly #behaviour: Behaviour;
  #state: number;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#state = behaviour.seed | 0;
  }

  next(): Fate {
    const { rate504, ratePaid504, rateCrossed, rateDuplicate, rateSlow, slowMs, delayMs, jitterMs } = this.#behaviour;
    const drawn = this.#random();
    const isLost = drawn < rate504;
    const is504 = !isLost && drawn < rate504 + ratePaid504;
    const isCrossed = !isLost && !is504 && drawn < rate504 + ratePaid504 + rateCrossed;
    const isDuplicated = this.#random() < rateDuplicate;
    const waitMs = this.#random() < rateSlow ? slowMs : delayMs + Math.round(this.#random() * jitterMs);
    return { isLost, is504, isCrossed, isDuplicated, delayMs: waitMs };
  }

  /** In [0, 1); mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
