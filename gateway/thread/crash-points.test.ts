/**
 * Crash points of the whole path of a command: ring, Pipeline, Journal, Snapshotter, recovery, on a disk in memory that fails,
 * tears and forgets. `journal/crash-points.test.ts` tries every call of the journal alone; here a share of them, for a recovery
 * builds a whole engine.
 */
import { expect, test } from "vitest";
import { type CrashCounts, exploreCrashPoints } from "../../journal/testing/crash-points.ts";
import { CrashHistory, type CrashHistoryOptions } from "./testing/crash-history.ts";

/** `CRASH_SHARE=1` tries every crash point of every history: some minutes. */
const SHARE = Number(process.env.CRASH_SHARE ?? 0);

/** Explores one in `share` of the crash points of each seed, others for each, and prints what was tried. */
async function explore(title: string, options: Omit<CrashHistoryOptions, "seed">, seeds: number, share: number) {
  const sum: CrashCounts = { calls: 0, faults: 0, recoveries: 0, interrupted: 0, refused: 0 };
  let results = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const history = await CrashHistory.make({ ...options, seed });
    let turn = seed;
    const counts = await exploreCrashPoints(history, () => turn++ % (SHARE || share) === 0);
    for (const name of Object.keys(sum) as (keyof CrashCounts)[]) sum[name] += counts[name];
    results += history.checkedResults;
  }
  console.log(`crash points, ${title}:`, { ...sum, results });
  return sum;
}

test("a group that dies at any file call comes back with every answered command, once, and no half bucket", async () => {
  const counts = await explore("engine and journal", { turns: 12, rounds: 2 }, 4, 29);
  expect(counts.faults).toBeGreaterThan(30);
}, 900_000);

test("the same holds while a snapshot is written, renamed, and old segments are trimmed", async () => {
  const options = { turns: 14, rounds: 3, snapshotTurns: 6 };
  const counts = await explore("with snapshots and trimming", options, 3, 97);
  expect(counts.faults).toBeGreaterThan(15);
}, 900_000);
