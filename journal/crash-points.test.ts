import { expect, test } from "vitest";
import type { FileLayer } from "./file-layer.ts";
import { Journal } from "./journal.ts";
import { type CrashScenario, exploreCrashPoints, type HistoryLog } from "./testing/crash-points.ts";
import { appendSample, longText, sampleText } from "./testing/sample-frames.ts";

const ID = new Uint8Array(16).fill(7);

function open(layer: FileLayer, seen: string[] = []): Journal {
  return Journal.open(
    { directory: "/disk/g0", group: "g0", segmentBytes: 8 << 10, layer, journalId: ID },
    undefined,
    (_info, body) => {
      seen.push(sampleText(body).split(" ")[0]!);
    },
  );
}

function append(journal: Journal, log: HistoryLog, bytes: number): void {
  const name = `f${log.attempted.length}`;
  log.attempted.push(name);
  appendSample(journal, longText(name, bytes), 3);
  log.acknowledged.push(name);
  journal.idle();
}

/** Frames of one, several and many sectors, so that segments are changed, with a restart between. */
const appendAndRestart: CrashScenario = {
  run(layer, log) {
    for (const sizes of [[40, 1500, 3000, 700, 2600], [2000, 100, 5000], []]) {
      const journal = open(layer);
      for (const bytes of sizes) append(journal, log, bytes);
      journal.close();
    }
  },
  recover(layer) {
    const seen: string[] = [];
    const journal = open(layer, seen);
    const probe = `after${seen.length}`;
    appendSample(journal, probe);
    journal.close();
    const again: string[] = [];
    open(layer, again).close();
    expect(again).toEqual([...seen, probe]);
    return seen;
  },
};

test("at every call of a history, no fault loses what was acknowledged or doubles anything", async () => {
  const counts = await exploreCrashPoints(appendAndRestart);
  console.log("crash points, append and restart:", counts);
  expect(counts.faults).toBeGreaterThan(300);
});
