/** Requests that wait for a group's answer, by token, and the room that they have reserved in the reply ring. */
import { REPLY_RING_BYTES, type RecordMemory, ringLayout } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";

/** An answer as it stands in the reply ring; valid during the call only. One object, reused. */
export interface Reply {
  kind: number;
  count: number;
  sequence: number;
  timeMs: number;
  readonly memory: RecordMemory;
  /** The payload's bytes in the memory. */
  start: number;
  end: number;
}

/** The refusal that the answer to a bucket is, if it is one. */
export function replyFault({ kind }: Reply): ApiError | undefined {
  return kind === ringLayout.ENTRY.diskFull ? new ApiError("DISK_FULL") : undefined;
}

/** What a bucket is told when its answer is late or cannot come. */
export function lossOf(why: "late" | "down"): ApiError {
  const detail =
    why === "down" ? "The group failed while the bucket was under way; send the same ids again." : undefined;
  return new ApiError("OUTCOME_UNKNOWN", detail);
}

/** One waiting request. */
export interface Waiting {
  /** Called once with the answer, unless `lost` was. */
  settle(reply: Reply): void;
  /** Called once when no answer came in time, or none can come: the outcome is unknown. */
  lost(why: "late" | "down"): void;
  /** Time on the monotonic clock at which it is late, ms. */
  readonly deadline: number;
}

interface Entry {
  /** Undefined once it is late: the answer may still come, and frees the token then. */
  waiting: Waiting | undefined;
  replyBytes: number;
}

/** Requests in flight: each holds an open socket, and beyond this latency grows without throughput. */
const REQUESTS_MAX = 65_536;

/** An entry that would pass the ring's end leaves a gap as large as itself, so only half of the ring is promised. */
const RESERVED_BYTES_MAX = REPLY_RING_BYTES / 2;

export class PendingRequests {
  readonly #entries: Entry[] = [];
  readonly #free: number[] = [];
  #reservedBytes = 0;

  /** Requests that wait. */
  get size(): number {
    return this.#entries.length - this.#free.length;
  }

  /** True if a request whose answer takes so many bytes at most may be sent. */
  hasRoom(replyBytes: number): boolean {
    if (this.#free.length === 0 && this.#entries.length >= REQUESTS_MAX) return false;
    return this.#reservedBytes + replyBytes <= RESERVED_BYTES_MAX;
  }

  /** Takes a token and reserves room for the answer. */
  add(waiting: Waiting, replyBytes: number): number {
    this.#reservedBytes += replyBytes;
    const token = this.#free.pop();
    if (token === undefined) return this.#entries.push({ waiting, replyBytes }) - 1;
    const entry = this.#entries[token]!;
    entry.waiting = waiting;
    entry.replyBytes = replyBytes;
    return token;
  }

  /** Hands an answer to its request and frees the token. */
  settle(token: number, reply: Reply): void {
    const entry = this.#entries[token]!;
    const { waiting } = entry;
    this.#reservedBytes -= entry.replyBytes;
    entry.waiting = undefined;
    entry.replyBytes = 0;
    this.#free.push(token);
    waiting?.settle(reply);
  }

  /** Tells requests whose deadline has passed. Their tokens stay taken until the answer comes. */
  expire(now: number): void {
    for (const entry of this.#entries) {
      const { waiting } = entry;
      if (waiting === undefined || waiting.deadline > now) continue;
      entry.waiting = undefined;
      waiting.lost("late");
    }
  }

  /** Tells all requests that no answer will come, and forgets every token. */
  loseAll(): void {
    const lost = this.#entries.splice(0);
    this.#free.length = 0;
    this.#reservedBytes = 0;
    for (const { waiting } of lost) waiting?.lost("down");
  }
}
