/** Reads a partner's results on from a sequence: waits at the durable end, skips what belongs to others. */
import { setImmediate as turn } from "node:timers/promises";
import { ApiError } from "./errors.ts";
import type { ResultLog, ResultPage } from "./group.ts";

export interface ReadQuery {
  /** Index of the partner. */
  readonly partner: number;
  readonly after: number;
  readonly limit: number;
  /** Longest wait at the durable end, in milliseconds; 0 does not wait. */
  readonly waitMs: number;
  /** Ends the wait; what was found by then is returned. */
  readonly signal: AbortSignal;
}

/**
 * The next page: with results, or empty at the durable end once the wait is over; its `next` is where to go on. Throws
 * RESULTS_TRIMMED with `oldest` when results after `after` are not kept any more.
 */
export async function readResults(log: ResultLog, query: ReadQuery): Promise<ResultPage> {
  const { partner, limit, waitMs, signal } = query;
  const end = performance.now() + waitMs;
  let { after } = query;
  for (;;) {
    const page = await log.read({ partner, after, limit });
    if (after + 1 < page.oldest) throw new ApiError("RESULTS_TRIMMED", undefined, { oldest: page.oldest });
    if (page.results.length > 0 || signal.aborted) return page;
    if (page.next > after) {
      after = page.next;
      // Much may belong to others; the requests between must not wait for all of it.
      await turn();
      continue;
    }
    const restMs = end - performance.now();
    if (restMs <= 0) return page;
    await log.waitFor(after, restMs, signal);
  }
}

const SEQUENCE = /^\{"sequence":([0-9]+)/;

/** The sequence that a result's JSON text begins with. */
export function sequenceOf(result: string): number {
  const digits = SEQUENCE.exec(result)?.[1];
  if (digits === undefined) throw new Error("a result's text does not begin with its sequence");
  return Number(digits);
}
