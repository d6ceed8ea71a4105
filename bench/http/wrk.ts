/** wrk as a generator: a child process, several times lighter than autocannon. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { SettingError } from "../environment.ts";
import { type Load, type Measured, type OnProgress, PERCENTILES } from "./measured.ts";

const SCRIPT = join(import.meta.dirname, "bucket.lua");

/** What `done` of bucket.lua prints: latencies in microseconds, `requests` counts all answers, `status` those from 400 on. */
interface Report {
  readonly requests: number;
  readonly durationUs: number;
  readonly bytes: number;
  readonly errors: { readonly connect: number; readonly read: number; readonly write: number; readonly status: number };
  readonly timeouts: number;
  readonly latencyUs: { readonly mean: number; readonly stdev: number; readonly max: number };
  readonly percentilesUs: readonly number[];
  readonly rate: { readonly stdev: number; readonly max: number };
}

/** Throws SettingError when wrk is not there. */
export function requireWrk(): void {
  if (spawnSync("wrk", ["--version"]).error !== undefined) {
    throw new SettingError("GENERATOR=wrk needs wrk, which is not installed; install it or use GENERATOR=autocannon");
  }
}

/** Runs wrk for `load.duration` seconds with one thread. */
export async function driveWrk(load: Load, onProgress: OnProgress): Promise<Measured> {
  const begin = performance.now();
  const timer = setInterval(() => onProgress(Math.min(1, (performance.now() - begin) / load.duration / 1000)), 100);
  try {
    return measuredOf(reportIn(await runWrk(load)));
  } finally {
    clearInterval(timer);
    onProgress(1);
  }
}

function runWrk(load: Load): Promise<string> {
  const { run, url, key, connections, bucket, accounts, duration } = load;
  const { pathname, search, origin } = new URL(url);
  const env = {
    ...process.env,
    BUCKET: String(bucket),
    ACCOUNTS: String(accounts),
    RUN: `w${String(run).padStart(3, "0")}-`,
    PATH_AND_QUERY: pathname + search,
    KEY: key,
  };
  const args = ["-t1", `-c${connections}`, `-d${duration}s`, "--timeout", "15s", "-s", SCRIPT, origin];
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    let text = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      process.removeListener("exit", kill);
      if (code === 0) resolve(text);
      else reject(new Error(`wrk ended with code ${code}: ${complaint || text}`));
    });
  });
}

function reportIn(text: string): Report {
  const found = /^REPORT (.*)$/m.exec(text);
  if (found === null) throw new Error(`wrk printed no report: ${text}`);
  return JSON.parse(found[1]!) as Report;
}

function measuredOf(report: Report): Measured {
  const { requests, durationUs, bytes, errors, timeouts, latencyUs, percentilesUs, rate } = report;
  if (percentilesUs.length !== PERCENTILES.length) throw new Error("wrk's report has one latency a percentile");
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
    percentilesMs: percentilesUs.map((us) => us / 1000),
    receivedBytes: bytes,
    sentBytes: undefined,
    acknowledged: undefined,
  };
}
