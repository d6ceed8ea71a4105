/** The open-loop generator, run as a process of its own. */
import { join } from "node:path";
import { runChild, withClock } from "../child.ts";
import type { OpenLoopReport } from "../open-loop/report.ts";
import { SLICE_MS } from "../open-loop/slices.ts";
import { standardDeviation } from "../statistics.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { Load, Measured, OnProgress } from "./measured.ts";

const MAIN = join(import.meta.dirname, "..", "open-loop", "main.ts");

/** Sends `load.rate` requests a second for `load.duration` seconds, whether or not answers come. */
export async function driveOpenLoop(load: Load, onProgress: OnProgress): Promise<Measured> {
  const text = await withClock(load.duration, onProgress, () =>
    runChild(process.execPath, [MAIN, JSON.stringify(load)], process.env),
  );
  return measuredOf(JSON.parse(text) as OpenLoopReport);
}

function measuredOf(report: OpenLoopReport): Measured {
  const { latencyUs, distributionUs, slices, lateUs, seconds, answered } = report;
  const samples = slices.map(({ answered: count, longestMs }, i) => ({
    at: ((i + 1) * SLICE_MS) / 1000,
    rate: (count * 1000) / SLICE_MS,
    // Without an answer there is no latency: a zero would look like a good one in the middle of a stall.
    ...(count > 0 ? { longestMs } : {}),
  }));
  // The last slice is cut off by the run's end, so its rate says nothing, unless it is the only one.
  const whole = samples.length > 1 ? samples.slice(0, -1) : samples;
  const rates = whole.map(({ rate }) => rate);
  return {
    ...report,
    rate: { avg: answered / seconds, stdev: standardDeviation(rates), max: Math.max(...rates) },
    latencyMs: { avg: latencyUs.mean / 1000, stdev: latencyUs.stdev / 1000, max: latencyUs.max / 1000 },
    distributionMs: distributionUs.map((us) => us / 1000),
    samples: whole,
    lateMs: { p99: lateUs.p99 / 1000, max: lateUs.max / 1000 },
    acknowledged: Acknowledged.from(report.acknowledged),
  };
}
