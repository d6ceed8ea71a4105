/**
 * How fast the embedded store follows. It keeps up with some tens of thousands of results a second; when more come for long, running
 * as fast as it can would not bring it up, and takes processor time from those who set the pace: a sixth of the service's rate on two
 * cores. So while it is outrun it rests between its transactions, and catches up when the rush is over.
 */

/** Results behind which it counts as outrun: half a second of its work. */
const OUTRUN_RESULTS = 30_000;

/** While results come, it rests this many times as long as it worked: a twentieth of a processor, and it would fall behind anyhow. */
const REST = 19;

/** Without news for so long, ms, the rush is over. News come with every turn of the HTTP thread. */
const RUSH_MS = 50;

/** The longest rest, ms: reads and the end of the service do not wait for it, but lag is told only in between. */
const REST_MS_MAX = 500;

export class Pace {
  #newsMs = Number.NEGATIVE_INFINITY;

  /** More results are durable. */
  news(nowMs: number): void {
    this.#newsMs = nowMs;
  }

  /** True while results come: then commands want the processors too. */
  isRush(nowMs: number): boolean {
    return nowMs - this.#newsMs <= RUSH_MS;
  }

  /** Milliseconds to rest behind a transaction that took `tookMs` and left the store `behind` results behind; 0: go on. */
  restMs({
    behind,
    tookMs,
    nowMs,
  }: {
    readonly behind: number;
    readonly tookMs: number;
    readonly nowMs: number;
  }): number {
    if (behind < OUTRUN_RESULTS || !this.isRush(nowMs)) return 0;
    return Math.min(REST_MS_MAX, tookMs * REST);
  }
}
