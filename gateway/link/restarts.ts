/** When a failed group is started again: at once, then with growing pauses, so that a broken disk is not hammered. */

/** First pause and longest pause, ms. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;

export class Restarts {
  #pauseMs = PAUSE_MS_MIN;
  #timer: NodeJS.Timeout | undefined;

  /** Runs `start` after the present pause, and doubles the next. */
  schedule(start: () => void): void {
    this.#timer = setTimeout(start, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
  }

  /** The group serves again. */
  succeeded(): void {
    this.#pauseMs = PAUSE_MS_MIN;
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
