/** Server-sent events: results as they become durable, at the pace of the slowest reader. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { ApiError } from "./errors.ts";
import type { ResultLog, ResultPage } from "./group.ts";
import { HEARTBEAT_MS, RESULTS_PAGE_MAX, STALLED_READER_MS } from "./limits.ts";
import { readResults, sequenceOf } from "./results-reader.ts";

export interface EventSourceQuery {
  readonly log: ResultLog;
  readonly partner: number;
  readonly after: number;
  readonly signal: AbortSignal;
  /** False once the key was revoked: the stream ends then, although it was opened in time. */
  readonly mayGoOn: () => boolean;
  /** Milliseconds between heartbeats; HEARTBEAT_MS unless given. */
  readonly heartbeatMs?: number;
}

const eventOf = (result: string) => `id: ${sequenceOf(result)}\ndata: ${result}\n\n`;

/**
 * A comment so that proxies keep the connection, with an id: a client that resumes need not skip the results of others again.
 * Without data it is no event.
 */
const heartbeat = (next: number) => `: heartbeat\nid: ${next}\n\n`;

/**
 * The text of the stream, page by page; ends on abort, when `mayGoOn` says no, and after an `error` event when results were
 * trimmed while the reader was slow. `first` is the page that was read before the reply began.
 */
export async function* eventTexts(query: EventSourceQuery, first: ResultPage): AsyncGenerator<string, void, void> {
  const { log, partner, signal, mayGoOn, heartbeatMs: waitMs = HEARTBEAT_MS } = query;
  let page = first;
  while (!signal.aborted && mayGoOn()) {
    yield page.results.length > 0 ? page.results.map(eventOf).join("") : heartbeat(page.next);
    try {
      page = await readResults(log, { partner, after: page.next, limit: RESULTS_PAGE_MAX, waitMs, signal });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      yield `event: error\ndata: ${JSON.stringify({ code: error.code, oldest: error.oldest })}\n\n`;
      return;
    }
    // A backlog is read from memory and disk without waiting, so others get their turn between pages.
    await turn();
  }
}

interface PacedTexts {
  readonly texts: AsyncGenerator<string, void, void>;
  readonly signal: AbortSignal;
  /** STALLED_READER_MS unless given. */
  readonly stalledMs?: number;
}

async function drained(response: ServerResponse, { signal, stalledMs }: { signal: AbortSignal; stalledMs: number }) {
  const stalled = new AbortController();
  const stop = () => stalled.abort();
  const timer = setTimeout(stop, stalledMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await once(response, "drain", { signal: stalled.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Writes `texts` to the response. The next page is made only when the socket has taken the last one, so that a slow reader
 * costs one page of memory, whatever it misses. Rejects with AbortError on abort, and when a reader takes nothing for
 * `stalledMs`; the caller closes the response.
 */
export async function writePaced(
  response: ServerResponse,
  { texts, signal, stalledMs = STALLED_READER_MS }: PacedTexts,
): Promise<void> {
  for await (const text of texts) {
    if (signal.aborted) break;
    if (!response.write(text)) await drained(response, { signal, stalledMs });
  }
}
