/** What happened in each tenth of a second of a run. */

export const SLICE_MS = 100;

export interface Slice {
  /** Requests answered. */
  readonly answered: number;
  /** Longest latency among them, ms; 0 without any. */
  readonly longestMs: number;
}

export class Slices {
  readonly #answered: number[] = [];
  readonly #longestMs: number[] = [];

  /** An answer came `atMs` after the run's begin. */
  add(atMs: number, latencyMs: number): void {
    const slice = Math.floor(atMs / SLICE_MS);
    while (this.#answered.length <= slice) {
      this.#answered.push(0);
      this.#longestMs.push(0);
    }
    this.#answered[slice] = this.#answered[slice]! + 1;
    this.#longestMs[slice] = Math.max(this.#longestMs[slice]!, latencyMs);
  }

  all(): Slice[] {
    return this.#answered.map((answered, i) => ({ answered, longestMs: this.#longestMs[i]! }));
  }
}
