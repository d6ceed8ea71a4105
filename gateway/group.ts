/** The ports to a partner group: its writer, its results, its past. The gateway's cold routes know no more of it. */
import type { AccountStatus, Money } from "../engine/index.ts";
import type { PublisherStats } from "../results/index.ts";

/** What a group last said of itself; read without asking it, so it may be some milliseconds old. */
export interface GroupStats {
  readonly name: string;
  readonly index: number;
  readonly state: "recovering" | "serving" | "down";
  /** Why it is down, for the operator. */
  readonly reason?: string;
  /** Last sequence applied, last one durable, last one published. `published <= durable <= sequence`. */
  readonly sequence: number;
  readonly durable: number;
  readonly published: number;
  /** How publishing to Kafka goes; absent where it is not configured, and the journal alone publishes. */
  readonly publisher?: PublisherStats;
  readonly ringBytes: number;
  readonly ringUsedBytes: number;
  readonly accounts: number;
  readonly holds: number;
  /** Commands remembered by id, and the age of the oldest of them. */
  readonly remembered: number;
  readonly idHorizonSeconds: number;
  /** Since the process started: frames and commands written, bytes of journal, syncs and their time. */
  readonly frames: number;
  readonly commands: number;
  readonly journalBytes: number;
  readonly syncs: number;
  readonly syncMsTotal: number;
  readonly syncMsMax: number;
  /** Sequence of the newest snapshot; 0 if there is none. */
  readonly snapshotSequence: number;
  /** Free bytes on the journal's disk. */
  readonly freeBytes: number;
  /** Memory put by for remembered commands, those of a snapshot or to come (RINGFENCE_MEMORY_AHEAD), and what of it is mapped. */
  readonly aheadBytes: number;
  readonly aheadMappedBytes: number;
}

/** An account at a sequence; money in minor units of the currency with index `currency`. */
export interface AccountView {
  readonly account: string;
  readonly currency: number;
  readonly available: Money;
  readonly held: Money;
  readonly status: AccountStatus;
  readonly minBalance: Money;
  readonly maxBalance?: Money;
  /** Counts the account's changes. */
  readonly version: number;
  /** The group's sequence at which this was read. */
  readonly sequence: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly frames: number;
  readonly sequence: number;
  /** Currency code → sum over all accounts with `@world`, in major units; zero everywhere in a sound group. */
  readonly trialBalance: Readonly<Record<string, string>>;
  /** Lower-case hex. */
  readonly stateHash: string;
  /** What is wrong, when `ok` is false. */
  readonly report?: string;
}

/**
 * One partner group. Its promises are answered once what they saw is durable, and reject with an ApiError: GROUP_DOWN,
 * OVERLOADED, DISK_FULL, STOPPING.
 */
export interface Group {
  readonly name: string;
  /** Given once by the registry; see GroupEntry. */
  readonly index: number;
  stats(): GroupStats;
  /** The account now; `partner` and `currency` are indexes. Undefined if it was never opened. */
  account(partner: number, currency: number, name: string): Promise<AccountView | undefined>;
  /** As `account` for many, all as of one sequence, in the order asked. */
  lookup(partner: number, currency: number, names: readonly string[]): Promise<(AccountView | undefined)[]>;
  /** JSON text of the first result of the partner's command `id`; undefined if none is remembered. */
  command(partner: number, id: string): Promise<string | undefined>;
  /** Writes a snapshot now; resolves when it is durable. */
  snapshot(): Promise<{ sequence: number }>;
  /** Reads the journal's chain again, and compares its replay with the state. */
  verify(): Promise<VerifyReport>;
  /** Lower-case hex, as of the last sequence applied. */
  stateHash(): Promise<string>;
}

export interface GroupDirectory {
  byName(name: string): Group | undefined;
  /** All groups of this process, in the order configured. */
  all(): readonly Group[];
}

export interface ResultPage {
  /** JSON texts of one line, in order, each beginning `{"sequence":<digits>`. */
  readonly results: readonly string[];
  /** Highest sequence scanned: where the next read goes on. At least `after`. */
  readonly next: number;
  /** First sequence that retention kept; 1 while nothing was trimmed. */
  readonly oldest: number;
}

/** The durable results of one group. */
export interface ResultLog {
  /**
   * At most `limit` results of `partner` (an index) after sequence `after`. May stop early to be short: only a page with no
   * result and `next === after` says that the durable end is reached. Where `after + 1 < oldest` the page is ignored.
   */
  read(query: { partner: number; after: number; limit: number }): Promise<ResultPage>;
  /** Resolves once a sequence above `sequence` is durable, after `timeoutMs`, or on abort, whichever is first. */
  waitFor(sequence: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export interface ResultLogs {
  byGroup(name: string): ResultLog | undefined;
}

/** A point in time: after the command with this sequence, or after the last one stamped at or before this time. */
export type PointInTime = { readonly sequence: number } | { readonly timeMs: number };

export interface PastAccountQuery {
  readonly group: string;
  readonly partner: number;
  readonly account: string;
  readonly currency: number;
  readonly at: PointInTime;
}

/** Rebuilds what was, from snapshots and the journal. */
export interface History {
  /**
   * The account as it was; undefined if it was not open then; `trimmed` with the first sequence still kept, or `beyond` with
   * the durable sequence, if the point lies outside what is known.
   */
  balanceAt(
    query: PastAccountQuery,
  ): Promise<AccountView | { readonly trimmed: number } | { readonly beyond: number } | undefined>;
}
