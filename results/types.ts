/** What is asked of the journal and what comes back. Plain data, so that it passes between threads. */
import type { AccountStatus, Money } from "../engine/index.ts";

/** A group and the folder of its journal and snapshots. */
export interface GroupFolder {
  readonly name: string;
  readonly directory: string;
}

/** After the command with this sequence, or after the last one in a frame stamped at or before this time (ms since 1970). */
export type PointInTime = { readonly sequence: number } | { readonly timeMs: number };

export interface PageQuery {
  /** Index of the partner whose results are asked for. */
  readonly partner: number;
  /** The page begins behind this sequence. */
  readonly after: number;
  /** Results at most. */
  readonly limit: number;
  /** What is behind this sequence is not shown, for it may be readable before it is durable. */
  readonly durable: number;
}

export interface ResultPage {
  /** JSON texts of one line, in order, each beginning `{"sequence":<digits>`. */
  readonly results: readonly string[];
  /** Highest sequence scanned, at least `after`; a page is empty with `next === after` only at the durable end. */
  readonly next: number;
  /** First sequence that retention kept; where `after + 1` is below it, the page is empty and to be ignored. */
  readonly oldest: number;
}

/** An account by indexes and name; `@world` too. */
export interface AccountKey {
  readonly partner: number;
  readonly currency: number;
  readonly account: string;
}

export interface BalanceQuery extends AccountKey {
  readonly at: PointInTime;
  readonly durable: number;
  /** The group's present time at least: a point behind it is not known yet. */
  readonly nowMs: number;
}

/** An account as it was at `sequence`; money in minor units. */
export interface PastAccount {
  readonly account: string;
  readonly currency: number;
  readonly available: Money;
  readonly held: Money;
  readonly status: AccountStatus;
  readonly minBalance: Money;
  readonly maxBalance?: Money;
  /** Counts the account's changes. */
  readonly version: number;
  readonly sequence: number;
}

/**
 * The account; undefined if it was not open then; `trimmed` with the first sequence that can be asked for; `beyond` with the
 * durable sequence.
 */
export type BalanceAnswer = PastAccount | { readonly trimmed: number } | { readonly beyond: number } | undefined;

export interface VerifyQuery {
  /** Frames behind this sequence are not judged; undefined: the journal is not in use, and all of it is. */
  readonly through?: number;
  /**
   * Group time at that sequence, where the caller knows it: records that define names move it without taking a sequence, and the
   * state hash takes it in.
   */
  readonly timeMs?: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Frames whose bytes and links were checked. */
  readonly frames: number;
  /** The last sequence replayed. */
  readonly sequence: number;
  /** Currency code → sum over all accounts with `@world`, in major units. */
  readonly trialBalance: Readonly<Record<string, string>>;
  /** Of the replayed state, lower-case hex. */
  readonly stateHash: string;
  /** What is wrong, when `ok` is false. */
  readonly report?: string;
}
