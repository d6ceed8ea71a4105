/** What one run of a generator against one server gave. */
import type { Acknowledged } from "./acknowledged.ts";

/** What a generator is told. */
export interface Load {
  /** Number of the run, 0 to 999; part of every id. */
  readonly run: number;
  /** Full url of the command route. */
  readonly url: string;
  readonly key: string;
  readonly connections: number;
  readonly bucket: number;
  readonly accounts: number;
  /** Requests to send (autocannon). */
  readonly requests: number;
  /** Seconds to run (wrk). */
  readonly duration: number;
}

export interface Spread {
  readonly avg: number;
  readonly stdev: number;
  readonly max: number;
}

export const PERCENTILES = [50, 75, 90, 95, 99] as const;

export interface Measured {
  readonly seconds: number;
  /** Requests answered. */
  readonly answered: number;
  /** Requests answered 202: autocannon; by wrk those below 400. */
  readonly accepted: number;
  /** Answers by class, 1xx to 5xx. wrk tells only those below 400 (as 2xx) from the rest (as 5xx). */
  readonly classes: readonly number[];
  /** Requests without an answer: timeouts and broken connections. */
  readonly timeouts: number;
  readonly errors: number;
  /** Requests a second: over the whole run, and over its samples of 100 ms. */
  readonly rate: Spread;
  readonly latencyMs: Spread;
  /** In ms, for each of PERCENTILES. */
  readonly percentilesMs: readonly number[];
  readonly receivedBytes: number;
  /** Undefined where the generator does not tell. */
  readonly sentBytes: number | undefined;
  /** Which requests were answered 202; undefined where the generator does not tell. */
  readonly acknowledged: Acknowledged | undefined;
}

/** Called with the part done, 0 to 1. */
export type OnProgress = (part: number) => void;

/** Drives one server once. Rejects when the generator itself fails. */
export type Generator = (load: Load, onProgress: OnProgress) => Promise<Measured>;
