import { expect, test } from "vitest";
import type { FileLayer } from "./file-layer.ts";
import { type CrashScenario, exploreCrashPoints } from "./testing/crash-points.ts";
import { appendNamed, recoverAndGoOn } from "./testing/sample-history.ts";
import { DIRECTORY, openSample } from "./testing/sample-journal.ts";

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
  layer.write(handle, new Uint8Array(512).fill(0x55), offset + 512);
  layer.datasync(handle);
  layer.close(handle);
}

test("at every call of a recovery that cuts, no fault loses what was acknowledged or doubles anything", async () => {
  // Lost and short writes would hit the torn frame itself, which a real process would not have gone on from.
  const counts = await exploreCrashPoints(cutAndGoOn, ["die", "tear", "ENOSPC", "EIO"]);
  console.log("crash points, cut and go on:", counts);
  expect(counts.faults).toBeGreaterThan(150);
});
