/** What one run of a generator against one server gave. */
import type { Acknowledged } from "./acknowledged.ts";
import type { ShapeName } from "./shapes.ts";

/** What a generator is told. */
export interface Load {
  /** Number of the run, 0 to 999; part of every id. */
  readonly run: number;
  /** Full url of the route. */
  readonly url: string;
  /** What the body holds. */
  readonly shape: ShapeName;
  readonly key: string;
  readonly connections: number;
  readonly bucket: number;
  readonly accounts: number;
  /** Requests to send (autocannon). */
  readonly requests: number;
  /** Seconds to run (wrk, open loop). */
  readonly duration: number;
  /** Requests a second, whether or not answers come (open loop). */
  readonly rate: number;
}

export interface Spread {
  readonly avg: number;
  readonly stdev: number;
  readonly max: number;
}

/** Percentiles of latency that a table shows. */
export const PERCENTILES = [50, 75, 90, 95, 99] as const;

/** Percentiles of latency that a generator reports, for plots. */
export const DISTRIBUTION: readonly number[] = [
  1, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100,
];

/** What happened in a tenth of a second of a run. */
export interface Sample {
  /** Seconds since the run's begin, at the sample's end. */
  readonly at: number;
  /** Requests a second. */
  readonly rate: number;
  /** Longest latency among them, ms (open loop); absent without an answer. */
  readonly longestMs?: number;
}

export interface Measured {
  readonly seconds: number;
  /** Requests answered. */
  readonly answered: number;
  /** Requests answered as acknowledged (202; orders: 200); by wrk those below 400. */
  readonly accepted: number;
  /** Answers by class, 1xx to 5xx. wrk tells only those below 400 (as 2xx) from the rest (as 5xx). */
  readonly classes: readonly number[];
  /** Requests without an answer: timeouts and broken connections. */
  readonly timeouts: number;
  readonly errors: number;
  /** Requests a second: over the whole run, and over its samples of 100 ms. */
  readonly rate: Spread;
  readonly latencyMs: Spread;
  /** In ms, for each of DISTRIBUTION. */
  readonly distributionMs: readonly number[];
  /** Requests answered over time; by wrk requests sent. */
  readonly samples: readonly Sample[];
  /** How late requests left by the generator's own fault, ms (open loop); it is part of their latency. */
  readonly lateMs?: { readonly p99: number; readonly max: number };
  /** Processor seconds that the generator took (open loop). */
  readonly cpuSeconds?: number;
  readonly receivedBytes: number;
  /** Undefined where the generator does not tell. */
  readonly sentBytes: number | undefined;
  /** Which requests were acknowledged; undefined where the generator does not tell. */
  readonly acknowledged: Acknowledged | undefined;
}

/** Latency in ms at one of DISTRIBUTION. */
export function percentileMs({ distributionMs }: Measured, percentile: number): number {
  const found = distributionMs[DISTRIBUTION.indexOf(percentile)];
  if (found === undefined) throw new Error(`no generator reports the percentile ${percentile}`);
  return found;
}

/** Called with the part done, 0 to 1. */
export type OnProgress = (part: number) => void;

/** Drives one server once. Rejects when the generator itself fails. */
export type Generator = (load: Load, onProgress: OnProgress) => Promise<Measured>;
