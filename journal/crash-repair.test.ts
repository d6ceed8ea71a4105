import { expect, test } from "vitest";
import type { FileLayer } from "./file-layer.ts";
import { type CrashScenario, exploreCrashPoints } from "./testing/crash-points.ts";
import { FaultyLayer } from "./testing/faulty-layer.ts";
import { filesIn, MemoryDisk, SURVIVALS } from "./testing/memory-disk.ts";
import { appendSample } from "./testing/sample-frames.ts";
import { appendNamed, recoverAndGoOn } from "./testing/sample-history.ts";
import { DIRECTORY, openSample } from "./testing/sample-journal.ts";

/** A sector of a write that did not come through whole. */
const TORN = Buffer.alloc(512, 0x55);

/** Recovery itself is interrupted: a torn frame stands at the tail, so every start cuts. */
const cutAndGoOn: CrashScenario = {
  run(layer, log) {
    for (const bytes of [1500, 3000]) {
      const { journal } = openSample(layer);
      appendNamed(journal, log, bytes);
      appendNamed(journal, log, 100);
      const { segment, offset, nextSequence } = journal.position;
      journal.close();
      leaveTorn(layer, segment, offset, nextSequence);
    }
    openSample(layer).journal.close();
  },
  recover: recoverAndGoOn,
};

/** A write of three sectors of which the second alone came through. */
function leaveTorn(layer: FileLayer, segment: number, offset: number, nextSequence: number): void {
  const file = layer.list(DIRECTORY).find((name) => name.startsWith(`0000000${segment}-`));
  expect(nextSequence).toBeGreaterThan(1);
  const handle = layer.open(`${DIRECTORY}/${file}`, "update");
  layer.write(handle, TORN, offset + 512);
  layer.datasync(handle);
  layer.close(handle);
}

test("at every call of a recovery that cuts, no fault loses what was acknowledged or doubles anything", async () => {
  // Lost and short writes would hit the torn frame itself, which a real process would not have gone on from.
  const counts = await exploreCrashPoints(cutAndGoOn, (_call, fault) => fault !== "short" && fault !== "lost");
  console.log("crash points, cut and go on:", counts);
  expect(counts.faults).toBeGreaterThan(150);
});

test("what is cut is kept: at every call of the cut, it stands at the tail or in a cut file, even after a power loss", () => {
  const torn = new MemoryDisk();
  const { journal } = openSample(torn);
  appendSample(journal, "f0");
  const { segment, offset, nextSequence } = journal.position;
  journal.close();
  leaveTorn(torn, segment, offset, nextSequence);
  const dry = new FaultyLayer(torn.clone());
  const { events } = openSample(dry);
  expect(events).toMatchObject([{ kind: "cut", torn: true, offset, bytes: 1024, keptIn: "cut-1.bin" }, {}]);
  for (let call = 1; call <= dry.calls; call++) {
    for (const survival of SURVIVALS) {
      const layer = new FaultyLayer(torn.clone(), call, "die");
      expect(() => openSample(layer)).toThrow();
      const left = layer.disk.survivor(survival, call);
      const kept = filesIn(left, DIRECTORY).filter((path) => Buffer.from(left.content(path)).includes(TORN));
      expect(kept.length, `call ${call}, ${survival}`).toBeGreaterThan(0);
    }
  }
});

test("a second cut goes into a file of its own", () => {
  const disk = new MemoryDisk();
  for (let round = 1; round <= 3; round++) {
    const { journal } = openSample(disk);
    appendSample(journal, `f${round}`);
    const { segment, offset, nextSequence } = journal.position;
    journal.close();
    leaveTorn(disk, segment, offset, nextSequence);
  }
  openSample(disk);
  expect(disk.list(DIRECTORY).filter((file) => file.startsWith("cut-"))).toEqual([
    "cut-1.bin",
    "cut-2.bin",
    "cut-3.bin",
  ]);
});
