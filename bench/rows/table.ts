/** Every row of the benchmark with its goal: the one place where goals are written. docs/PERFORMANCE.md is held equal by a test. */
import type { Environment } from "../environment.ts";

export interface Goal {
  readonly compare: "≥" | "≤";
  /** In the row's unit. */
  readonly value: number;
  /** A condition beside the value. */
  readonly also?: string;
}

/** Which part of the benchmark runs the row. */
export type RowPart =
  /** Pairs of HTTP runs; `figure` says what of them is the value. */
  | { readonly kind: "http"; readonly figure: "ratio" | "rate" | "latency"; readonly settings: Environment }
  /** A micro-benchmark; the value is the median of one of its figures (the greatest of several), less `less`. */
  | { readonly kind: "micro"; readonly row: string; readonly figures: readonly string[]; readonly less?: number }
  | { readonly kind: "kafka" };

export interface BenchmarkRow {
  readonly id: string;
  /** What runs, in one line. */
  readonly what: string;
  readonly unit: string;
  readonly goal: Goal;
  readonly part: RowPart;
  /** Settings that a full run has unless others are given. */
  readonly defaults?: Environment;
}

const least = (value: number): Goal => ({ compare: "≥", value });
const most = (value: number): Goal => ({ compare: "≤", value });

const NULL_PARTS = "of the null server";

function ratio(id: string, what: string, goal: number, settings: Environment): BenchmarkRow {
  return { id, what, unit: NULL_PARTS, goal: least(goal), part: { kind: "http", figure: "ratio", settings } };
}

function latency(id: string, what: string, goal: number, settings: Environment): BenchmarkRow {
  const part = { kind: "http", figure: "latency", settings: { GENERATOR: "open", BUCKET: "20", ...settings } } as const;
  return { id, what, unit: "ms above the null server", goal: most(goal), part };
}

/** Ids of the micro-benchmarks have 20 bytes. */
const ID_BYTES = 20;

const wrk = (connections: number, bucket: number): Environment => ({
  GENERATOR: "wrk",
  CONNECTIONS: String(connections),
  BUCKET: String(bucket),
});

/** In the order in which they run. */
export const BENCHMARK_ROWS: readonly BenchmarkRow[] = [
  ratio("bucket-20", "20 commands a request, wrk, 64 connections", 0.85, wrk(64, 20)),
  ratio("bucket-20-c600", "20 commands a request, wrk, 600 connections", 0.95, wrk(600, 20)),
  ratio("bucket-20-autocannon", "20 commands a request, autocannon, 64 connections", 0.65, {
    GENERATOR: "autocannon",
    CONNECTIONS: "64",
    BUCKET: "20",
  }),
  ratio("request-balance-20", "20 orders of two partners a request, wrk, 600 connections", 0.9, {
    ...wrk(600, 20),
    BODY: "orders",
  }),
  ratio("single", "1 command a request, wrk, 64 connections", 0.95, wrk(64, 1)),
  {
    id: "bucket-1000",
    what: "1,000 commands a request, wrk, 64 connections",
    unit: "M commands/s",
    goal: least(2.3),
    part: { kind: "http", figure: "rate", settings: wrk(64, 1000) },
    // Two million commands a second are read again by the checks, so a run is shorter.
    defaults: { DURATION: "2" },
  },
  {
    id: "in-process",
    what: "ring, apply, fsynced frame, answer; a million accounts at random, id horizon full",
    unit: "M commands/s",
    goal: least(3),
    part: { kind: "micro", row: "in-process", figures: ["accounts at random"] },
  },
  {
    id: "apply",
    what: "apply with encoding, a million accounts at random",
    unit: "M commands/s",
    goal: least(4.5),
    part: { kind: "micro", row: "apply", figures: ["accounts at random"] },
  },
  {
    id: "apply-hot",
    what: "apply with encoding, one account",
    unit: "M commands/s",
    goal: least(8.5),
    part: { kind: "micro", row: "apply-hot", figures: ["one account"] },
  },
  latency("latency-5k", "p99, open loop of 5,000 requests/s of 20 commands", 2, { RATE: "5000" }),
  latency("latency-half", "p99, open loop of 20 commands a request at half of capacity", 5, { RATE: "half" }),
  {
    id: "snapshot-stall",
    what: "longest gap between answers while a snapshot is taken (a million accounts, 16 million ids), and while tables grow",
    unit: "ms",
    goal: most(20),
    part: { kind: "micro", row: "snapshot-stall", figures: ["answers, snapshot", "tables growing"] },
  },
  {
    id: "replay",
    what: "a journal opened and every frame applied again",
    unit: "M commands/s",
    goal: least(3),
    part: { kind: "micro", row: "replay", figures: ["commands"] },
  },
  {
    id: "restart",
    what: "a million accounts and 16 million ids from a snapshot, then 10 million commands",
    unit: "s",
    goal: most(5),
    part: { kind: "micro", row: "restart", figures: ["snapshot of"] },
    // Each round reads gigabytes again, and the rounds hardly differ.
    defaults: { ROUNDS: "5" },
  },
  {
    id: "journal-bytes",
    what: "a command with its result on disk, 20-byte id, 12-byte account, frames of 5,000",
    unit: "bytes",
    goal: most(80),
    part: { kind: "micro", row: "journal-bytes", figures: ["5000 commands: on disk"] },
  },
  {
    id: "memory-id",
    what: "a remembered command, beside the id's own bytes",
    unit: "bytes",
    goal: most(64),
    part: { kind: "micro", row: "memory", figures: ["a remembered command"], less: ID_BYTES },
  },
  {
    id: "memory-account",
    what: "an account, all told",
    unit: "bytes",
    goal: most(160),
    part: { kind: "micro", row: "memory", figures: ["an account"] },
  },
  {
    id: "two-groups",
    what: "two groups on two threads from full rings, id horizons full",
    unit: "times one group",
    goal: least(1.6),
    part: { kind: "micro", row: "two-groups", figures: ["in parts of one"] },
  },
  {
    id: "with-kafka",
    what: "publishing to a broker on this machine at half of capacity: until the lag is drained",
    unit: "s",
    goal: { compare: "≤", value: 30, also: "no shedding" },
    part: { kind: "kafka" },
  },
];

export function benchmarkRow(id: string): BenchmarkRow | undefined {
  return BENCHMARK_ROWS.find((row) => row.id === id);
}

/** `≥ 0.85`, without the unit; what else the goal asks for stands behind a comma. */
export function limitText({ goal }: BenchmarkRow): string {
  return `${goal.compare} ${goal.value}${goal.also === undefined ? "" : `, ${goal.also}`}`;
}

/** `≥ 0.85 of the null server`. */
export function goalText({ goal, unit }: BenchmarkRow): string {
  return `${goal.compare} ${goal.value} ${unit}${goal.also === undefined ? "" : `, ${goal.also}`}`;
}

export function isMet({ goal }: BenchmarkRow, value: number): boolean {
  return goal.compare === "≥" ? value >= goal.value : value <= goal.value;
}
