/** What the generator's process prints, as one line of JSON. */
import type { AcknowledgedJson } from "../http/acknowledged.ts";
import type { Slice } from "./slices.ts";

export interface OpenLoopReport {
  readonly seconds: number;
  readonly answered: number;
  readonly accepted: number;
  readonly classes: readonly number[];
  /** Requests without an answer, those that could not even be sent among them. */
  readonly timeouts: number;
  /** Requests whose connection broke. */
  readonly errors: number;
  /** Why the first connection broke. */
  readonly why: string | undefined;
  readonly latencyUs: { readonly mean: number; readonly stdev: number; readonly max: number };
  /** For each of DISTRIBUTION. */
  readonly distributionUs: readonly number[];
  /** How late requests left though a connection was free: the generator's own share of the latency. */
  readonly lateUs: { readonly p99: number; readonly max: number };
  /** Processor seconds of this process while it drove. */
  readonly cpuSeconds: number;
  readonly slices: readonly Slice[];
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly acknowledged: AcknowledgedJson;
}
