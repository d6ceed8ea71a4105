/** wrk as a generator: a child process, several times lighter than autocannon. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { runChild, withClock } from "../child.ts";
import { SettingError } from "../environment.ts";
import { DISTRIBUTION, type Load, type Measured, type OnProgress } from "./measured.ts";
import { SHAPES } from "./shapes.ts";

const COMMON = join(import.meta.dirname, "wrk-common.lua");

/** Milliseconds of a slice in wrk-common.lua. */
const SLICE_MS = 100;

/** What `done` of wrk-common.lua prints: latencies in microseconds, `requests` counts all answers, `status` those from 400 on. */
interface Report {
  readonly requests: number;
  readonly durationUs: number;
  readonly bytes: number;
  readonly errors: { readonly connect: number; readonly read: number; readonly write: number; readonly status: number };
  readonly timeouts: number;
  readonly latencyUs: { readonly mean: number; readonly stdev: number; readonly max: number };
  readonly distributionUs: readonly number[];
  readonly rate: { readonly stdev: number; readonly max: number };
  /** Requests sent in each slice. */
  readonly slices: readonly number[];
}

export function hasWrk(): boolean {
  return spawnSync("wrk", ["--version"]).error === undefined;
}

/** Throws SettingError when wrk is not there. */
export function requireWrk(): void {
  if (!hasWrk()) {
    throw new SettingError("GENERATOR=wrk needs wrk, which is not installed; install it or use GENERATOR=autocannon");
  }
}

/** Runs wrk for `load.duration` seconds with one thread. */
export async function driveWrk(load: Load, onProgress: OnProgress): Promise<Measured> {
  return measuredOf(reportIn(await withClock(load.duration, onProgress, () => runWrk(load))));
}

function runWrk(load: Load): Promise<string> {
  const { run, url, key, connections, bucket, accounts, duration, shape } = load;
  const { pathname, search, origin } = new URL(url);
  const env = {
    ...process.env,
    BUCKET: String(bucket),
    ACCOUNTS: String(accounts),
    RUN: String(run),
    COMMON,
    DISTRIBUTION: DISTRIBUTION.join(","),
    PATH_AND_QUERY: pathname + search,
    KEY: key,
  };
  const script = join(import.meta.dirname, SHAPES[shape].script);
  return runChild("wrk", ["-t1", `-c${connections}`, `-d${duration}s`, "--timeout", "15s", "-s", script, origin], env);
}

function reportIn(text: string): Report {
  const found = /^REPORT (.*)$/m.exec(text);
  if (found === null) throw new Error(`wrk printed no report: ${text}`);
  return JSON.parse(found[1]!) as Report;
}

function measuredOf(report: Report): Measured {
  const { requests, durationUs, bytes, errors, timeouts, latencyUs, distributionUs, rate, slices } = report;
  if (distributionUs.length !== DISTRIBUTION.length) throw new Error("wrk's report has one latency a percentile");
  const seconds = durationUs / 1e6;
  return {
    seconds,
    answered: requests,
    accepted: requests - errors.status,
    classes: [0, requests - errors.status, 0, 0, errors.status],
    timeouts,
    errors: errors.connect + errors.read + errors.write,
    rate: { avg: requests / seconds, stdev: rate.stdev, max: rate.max },
    latencyMs: { avg: latencyUs.mean / 1000, stdev: latencyUs.stdev / 1000, max: latencyUs.max / 1000 },
    distributionMs: distributionUs.map((us) => us / 1000),
    samples: slices.map((count, i) => ({ at: ((i + 1) * SLICE_MS) / 1000, rate: (count * 1000) / SLICE_MS })),
    receivedBytes: bytes,
    sentBytes: undefined,
    acknowledged: undefined,
  };
}
