import { join } from "node:path";
import { expect, test } from "vitest";
import { deleteSpent } from "./deletion.ts";
import { findSnapshots, readSnapshot } from "./snapshot.ts";
import { snapshotFile } from "./snapshot-format.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { FAULTS, FaultyLayer } from "./testing/faulty-layer.ts";
import { MemoryDisk, SURVIVALS } from "./testing/memory-disk.ts";
import { override } from "./testing/override.ts";
import { DIRECTORY, GROUP, JOURNAL_ID, openSample } from "./testing/sample-journal.ts";
import { verify } from "./verify.ts";

/** Bytes taken off at once: the snapshot goes in five parts. */
const STEP = 512;

/** A journal with a snapshot of some 2.6 KB, which is spent. */
async function diskWithSpent(): Promise<{ disk: MemoryDisk; path: string }> {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  const { position } = journal;
  const writer = new SnapshotWriter(disk, DIRECTORY, {
    journalId: JOURNAL_ID,
    group: GROUP,
    epoch: 1,
    timeMs: 1,
    position,
    stateHash: "",
  });
  await writer.addChunk(1, 0, new Uint8Array(2000).fill(7));
  const path = join(DIRECTORY, await writer.finish());
  journal.close();
  return { disk, path };
}

const snapshotsOf = (disk: MemoryDisk) => findSnapshots(disk, DIRECTORY).map(({ file }) => file);

test("it goes in parts, and nothing of it is left", async () => {
  const { disk, path } = await diskWithSpent();
  const sizes: number[] = [];
  const layer = override(disk, {
    truncateInBackground: async (handle, bytes) => {
      expect(snapshotsOf(disk)).toEqual([]);
      await disk.truncateInBackground(handle, bytes);
      sizes.push(bytes);
    },
  });
  const { size } = disk.fileOf(disk.open(path, "read"));
  await deleteSpent(layer, path, STEP);
  expect(sizes).toEqual([1, 2, 3, 4, 5].map((step) => size - step * STEP).filter((bytes) => bytes > 0));
  expect(sizes.length).toBeGreaterThan(3);
  expect(disk.list(DIRECTORY).filter((file) => file.startsWith("snap"))).toEqual([]);
});

test("whatever call fails or is the last, a snapshot's name stands for a whole one, and a start removes what is left", async () => {
  let tried = 0;
  for (const fault of FAULTS) {
    for (let at = 1; ; at++) {
      const { disk, path } = await diskWithSpent();
      const layer = new FaultyLayer(disk, at, fault, at);
      await deleteSpent(layer, path, STEP).catch(() => {});
      if (layer.calls < at) break;
      if (!layer.struck) continue;
      for (const survival of SURVIVALS) {
        for (let seed = 1; seed <= 4; seed++) {
          const left = disk.survivor(survival, seed);
          expect(verify(DIRECTORY, { layer: left })).toMatchObject({ ok: true });
          for (const file of snapshotsOf(left)) readSnapshot(left, join(DIRECTORY, file), () => {});
          openSample(left).journal.close();
          expect(left.list(DIRECTORY).filter((file) => file.endsWith(".tmp"))).toEqual([]);
          tried++;
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(300);
});

test("who reads it meanwhile finds it gone, not damaged, and verifying passes it over", async () => {
  const { disk, path } = await diskWithSpent();
  let isCut = false;
  // The reader has the file open when it is cut.
  const reader = override(disk, {
    read: (handle, target, position) => {
      if (!isCut) {
        isCut = true;
        disk.rename(path, `${path}.tmp`);
        disk.fileOf(handle).truncate(600);
      }
      return disk.read(handle, target, position);
    },
  });
  expect(() => readSnapshot(reader, path, () => {})).toThrow(expect.objectContaining({ code: "ENOENT" }));

  const other = await diskWithSpent();
  const verified = override(other.disk, {
    open: (file, mode) => {
      if (file.endsWith(".snap")) other.disk.unlink(file);
      return other.disk.open(file, mode);
    },
  });
  expect(verify(DIRECTORY, { layer: verified })).toMatchObject({ ok: true, snapshots: [] });
});

test("a cut snapshot under its own name is damage still", async () => {
  const { disk, path } = await diskWithSpent();
  disk.fileOf(disk.open(path, "update")).truncate(600);
  expect(() => readSnapshot(disk, path, () => {})).toThrow(snapshotFile(0));
});
