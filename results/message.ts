/** A record of the results topic: what a consumer reads. `docs/asyncapi.yaml` describes the same. */

/** `ce_type` of the records of this version. */
export const MESSAGE_TYPE = "ringfence.results.v1";

/** Header names. The first five are those of CloudEvents in binary mode. */
export const HEADER = Object.freeze({
  specversion: "ce_specversion",
  id: "ce_id",
  type: "ce_type",
  source: "ce_source",
  time: "ce_time",
  contentType: "content-type",
  journal: "rf_journal",
  first: "rf_first",
  count: "rf_count",
});

/** What one account had after a command. Money is in major units. */
export interface Change {
  readonly account: string;
  readonly currency: string;
  /** Signed change of `available + held`. */
  readonly delta: string;
  readonly available: string;
  readonly held: string;
  readonly status: "active" | "frozen" | "closed";
  /** Counts the account's changes. */
  readonly version: number;
}

/** The result of one command, as over HTTP. */
export interface Result {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly status: "applied" | "rejected";
  readonly code: string;
  /** RFC 3339. */
  readonly at: string;
  readonly partner: string;
  /** null, as the account and its balances, where a hold or a command that was named is not known. */
  readonly currency: string | null;
  readonly account: string | null;
  readonly amount?: string;
  readonly to?: string;
  readonly hold?: string;
  readonly command?: string;
  readonly memo?: string;
  readonly available: string | null;
  readonly held: string | null;
  readonly changes: readonly Change[];
  readonly duplicate?: true;
  /** Sequence of the first result, with `duplicate`. */
  readonly of?: number;
}

/** The value of a record: results `first` to `first + count - 1` of one frame of a group. */
export interface ResultsMessage {
  readonly group: string;
  readonly epoch: number;
  readonly first: number;
  readonly count: number;
  /** Time of the frame, RFC 3339. */
  readonly at: string;
  readonly results: readonly Result[];
}
