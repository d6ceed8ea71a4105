import { join } from "node:path";
import { expect, test } from "vitest";
import { deleteSpent } from "./deletion.ts";
import { trim } from "./retention.ts";
import { newestSnapshot } from "./snapshot.ts";
import { snapshotFile } from "./snapshot-format.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, GROUP, JOURNAL_ID, openSample } from "./testing/sample-journal.ts";
import { verify } from "./verify.ts";

/** Twenty frames, two in a segment, with snapshots after these sequences. */
async function diskWith(snapshots: readonly number[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  for (let sequence = 1; sequence <= 20; sequence++) {
    appendSample(journal, longText(`f${sequence}`, 3000));
    if (!snapshots.includes(sequence)) continue;
    const meta = {
      journalId: JOURNAL_ID,
      group: GROUP,
      epoch: 1,
      timeMs: 1,
      position: journal.position,
      stateHash: "",
    };
    await new SnapshotWriter(disk, DIRECTORY, meta).finish();
  }
  journal.close();
  return disk;
}

function kept(disk: MemoryDisk): string[] {
  return disk.list(DIRECTORY).sort();
}

function numbers(disk: MemoryDisk): number[] {
  return kept(disk)
    .filter((file) => file.endsWith(".seg"))
    .map((file) => Number(file.slice(0, 8)));
}

test.each([
  // snapshots, keepFromSequence, publishCursor → oldest segment kept (two sequences each), snapshots kept
  { snapshots: [4, 9, 15, 20], keep: 99, published: 99, oldest: 8, left: [15, 20] },
  { snapshots: [4, 9, 15, 20], keep: 6, published: 99, oldest: 3, left: [15, 20] },
  { snapshots: [4, 9, 15, 20], keep: 7, published: 99, oldest: 4, left: [15, 20] },
  { snapshots: [4, 9, 15, 20], keep: 99, published: 7, oldest: 4, left: [15, 20] },
  { snapshots: [4, 9, 15, 20], keep: 99, published: 8, oldest: 5, left: [15, 20] },
  { snapshots: [4, 9, 15, 20], keep: 99, published: 0, oldest: 1, left: [15, 20] },
  { snapshots: [9, 20], keep: 99, published: 99, oldest: 5, left: [9, 20] },
  { snapshots: [20], keep: 99, published: 99, oldest: 1, left: [20] },
  { snapshots: [], keep: 99, published: 99, oldest: 1, left: [] },
])("snapshots $snapshots, keep from $keep, published $published: oldest segment $oldest", async (row) => {
  const disk = await diskWith(row.snapshots);
  const result = trim({ directory: DIRECTORY, layer: disk, keepFromSequence: row.keep, publishCursor: row.published });
  expect(result.oldestSequence).toBe(row.oldest * 2 - 1);
  expect(numbers(disk)).toEqual(Array.from({ length: 11 - row.oldest }, (_, index) => row.oldest + index));
  expect(kept(disk).filter((file) => file.endsWith(".snap"))).toEqual(row.left.map(snapshotFile));
});

test("a trimmed journal starts from its snapshots, verifies, and is refused without them", async () => {
  const disk = await diskWith([4, 9, 15, 18]);
  trim({ directory: DIRECTORY, layer: disk, keepFromSequence: 99, publishCursor: 99 });
  const from = newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk })!.meta.position;
  expect(openSample(disk.clone(), {}, from).names).toEqual(["f19", "f20"]);
  expect(verify(DIRECTORY, { layer: disk })).toMatchObject({ ok: true, firstSequence: 15, sequence: 20, frames: 6 });
  expect(() => openSample(disk.clone())).toThrow(
    /expected segment 1, or a valid snapshot in its place, found segment 8/,
  );
});

test("after a damaged newest snapshot the older kept one still finds its segments", async () => {
  const disk = await diskWith([4, 9, 15, 20]);
  trim({ directory: DIRECTORY, layer: disk, keepFromSequence: 99, publishCursor: 99 });
  disk.place(join(DIRECTORY, snapshotFile(20)), new Uint8Array(1000));
  const from = newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk })!.meta.position;
  expect(openSample(disk, {}, from).names).toEqual(["f16", "f17", "f18", "f19", "f20"]);
});

test("a snapshot with a damaged header does not count as kept", async () => {
  const disk = await diskWith([9, 15, 20]);
  disk.place(join(DIRECTORY, snapshotFile(20)), new Uint8Array(1000));
  expect(trim({ directory: DIRECTORY, layer: disk, keepFromSequence: 99, publishCursor: 99 }).oldestSequence).toBe(9);
});

test("a snapshot that a start has refused does not count as kept, so what the start used stays", async () => {
  const disk = await diskWith([9, 15, 20]);
  const options = { directory: DIRECTORY, layer: disk, keepFromSequence: 99, publishCursor: 99 };
  expect(trim({ ...options, refused: [snapshotFile(15)] }).oldestSequence).toBe(9);
  expect(kept(disk).filter((file) => file.endsWith(".snap"))).toEqual([9, 15, 20].map(snapshotFile));
  expect(trim(options).oldestSequence).toBe(15);
});

test("segments go oldest first, each durably before the next, so that a crash leaves no gap", async () => {
  const disk = await diskWith([15, 20]);
  const { deleted } = trim({ directory: DIRECTORY, layer: disk, keepFromSequence: 99, publishCursor: 99 });
  expect(deleted.map((file) => Number(file.slice(0, 8)))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(numbers(disk.survivor("power", 1))).toEqual([8, 9, 10]);
});

test("snapshots that are to go can be deleted later, and nothing rests on whether they were", async () => {
  const disk = await diskWith([4, 9, 15, 20]);
  const later: string[] = [];
  const { deleted } = trim({
    directory: DIRECTORY,
    layer: disk,
    keepFromSequence: 99,
    publishCursor: 99,
    onSnapshot: (path) => later.push(path),
  });
  expect(later).toEqual([4, 9].map((sequence) => join(DIRECTORY, snapshotFile(sequence))));
  expect(deleted.slice(0, 2)).toEqual([4, 9].map(snapshotFile));
  const before = disk.clone();
  for (const path of later) await deleteSpent(disk, path);
  expect(kept(disk).filter((file) => file.endsWith(".snap"))).toEqual([15, 20].map(snapshotFile));
  for (const left of [before, disk]) {
    const from = newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: left })!.meta.position;
    expect(openSample(left, {}, from).names).toEqual([]);
    expect(trim({ directory: DIRECTORY, layer: left, keepFromSequence: 99, publishCursor: 99 }).oldestSequence).toBe(
      15,
    );
  }
});
