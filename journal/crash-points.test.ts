import { expect, test } from "vitest";
import { deleteSpent } from "./deletion.ts";
import { trim } from "./retention.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { type CrashScenario, exploreCrashPoints } from "./testing/crash-points.ts";
import { appendNamed, recoverAndGoOn, recoverState } from "./testing/sample-history.ts";
import { DIRECTORY, GROUP, openSample } from "./testing/sample-journal.ts";

/** Frames of one, several and many sectors, so that segments are changed, with restarts between. */
const appendAndRestart: CrashScenario = {
  run(layer, log) {
    for (const sizes of [[40, 1500, 3000, 700, 2600], [2000, 100, 5000, 30_000, 10], []]) {
      const { journal } = openSample(layer);
      for (const bytes of sizes) appendNamed(journal, log, bytes);
      journal.close();
    }
  },
  recover: recoverAndGoOn,
};

test("at every call of a history, no fault loses what was acknowledged or doubles anything", async () => {
  const counts = await exploreCrashPoints(appendAndRestart);
  console.log("crash points, append and restart:", counts);
  expect(counts.faults).toBeGreaterThan(300);
});

/** Snapshots and trimming between appends. */
const snapshotAndTrim: CrashScenario = {
  async run(layer, log) {
    for (let round = 0; round < 4; round++) {
      const { journal, state } = recoverState(layer);
      for (const bytes of [3000, 3000, 3000, 200]) {
        appendNamed(journal, log, bytes);
        state.push(log.attempted.at(-1)!);
      }
      const { position, journalId } = journal;
      const meta = { journalId, group: GROUP, epoch: 1, timeMs: 1, position, stateHash: `${state.length}` };
      const writer = new SnapshotWriter(layer, DIRECTORY, meta);
      await writer.addChunk(1, 0, Buffer.from(state.slice(0, 3).join(" ")));
      appendNamed(journal, log, 900);
      await writer.addChunk(1, 1, Buffer.from(state.slice(3).join(" ")));
      await writer.finish();
      const spent: string[] = [];
      trim({
        directory: DIRECTORY,
        layer,
        keepFromSequence: position.nextSequence,
        publishCursor: position.nextSequence,
        onSnapshot: (path) => spent.push(path),
      });
      for (const path of spent) await deleteSpent(layer, path, 200);
      journal.close();
    }
  },
  recover: recoverAndGoOn,
};

test("at every call of snapshots and trimming, no fault loses what was acknowledged or doubles anything", async () => {
  const counts = await exploreCrashPoints(snapshotAndTrim);
  console.log("crash points, snapshot and trim:", counts);
  expect(counts.faults).toBeGreaterThan(800);
});
