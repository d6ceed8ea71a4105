import { join } from "node:path";
import { expect, test } from "vitest";
import { JournalError } from "./errors.ts";
import type { JournalEvent } from "./events.ts";
import { newestSnapshot, readSnapshot } from "./snapshot.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { FaultyLayer } from "./testing/faulty-layer.ts";
import { MemoryDisk, SURVIVALS } from "./testing/memory-disk.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, GROUP, JOURNAL_ID, openSample } from "./testing/sample-journal.ts";

function metaAt(nextSequence: number, group = GROUP) {
  const position = { segment: 1, offset: 512, nextSequence, chainHash: new Uint8Array(32).fill(nextSequence) };
  return { journalId: JOURNAL_ID, group, epoch: 2, timeMs: 1234.5, position, stateHash: "f00d" };
}

function emptyDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  return disk;
}

async function write(layer: MemoryDisk | FaultyLayer, nextSequence: number, group = GROUP): Promise<string> {
  const writer = new SnapshotWriter(layer, DIRECTORY, metaAt(nextSequence, group));
  await writer.addChunk(1, 0, Buffer.from(`state ${nextSequence}`));
  return join(DIRECTORY, await writer.finish());
}

test("chunks of any size come back as written, in order, each at a multiple of 8", async () => {
  const disk = emptyDisk();
  const writer = new SnapshotWriter(disk, DIRECTORY, metaAt(9));
  const sizes = [0, 1, 7, 8, 9, 511, 512, 100_000, 5 << 20, 3];
  const content = (size: number) => new Uint8Array(size).map((_, at) => at * 31 + size);
  for (const [index, size] of sizes.entries()) await writer.addChunk(7, index, content(size));
  const path = join(DIRECTORY, await writer.finish());
  const seen: number[] = [];
  const meta = readSnapshot(disk, path, (tag, index, bytes) => {
    expect([tag, index, bytes.byteOffset % 8]).toEqual([7, seen.length, 0]);
    expect(Buffer.compare(bytes, content(sizes[index]!))).toBe(0);
    seen.push(bytes.byteLength);
  });
  expect(seen).toEqual(sizes);
  expect(meta).toEqual(metaAt(9));
  expect(disk.openHandles).toBe(0);
});

test("a chunk is copied at the call: changing it afterwards changes nothing", async () => {
  const disk = emptyDisk();
  const writer = new SnapshotWriter(disk, DIRECTORY, metaAt(9));
  const bytes = Buffer.from("before");
  const added = writer.addChunk(1, 0, bytes);
  bytes.fill("x");
  await added;
  const path = join(DIRECTORY, await writer.finish());
  const texts: string[] = [];
  readSnapshot(disk, path, (_tag, _index, chunk) => texts.push(Buffer.from(chunk).toString()));
  expect(texts).toEqual(["before"]);
});

test("a finished snapshot outlives a power loss, an unfinished one leaves none", async () => {
  const disk = emptyDisk();
  disk.syncDirectory("/disk");
  disk.syncDirectory("/");
  await write(disk, 5);
  const unfinished = new SnapshotWriter(disk, DIRECTORY, metaAt(9));
  await unfinished.addChunk(1, 0, Buffer.from("state"));
  for (const survival of SURVIVALS) {
    const found = newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk.survivor(survival, 4) });
    expect(found?.meta).toEqual(metaAt(5));
  }
});

test("two calls at once are refused", async () => {
  const writer = new SnapshotWriter(emptyDisk(), DIRECTORY, metaAt(9));
  const first = writer.addChunk(1, 0, new Uint8Array(8));
  expect(() => writer.addChunk(1, 1, new Uint8Array(8))).toThrow(/one call under way/);
  await first;
});

test("an unfinished snapshot has no name, and abort leaves no file and no handle", async () => {
  const disk = emptyDisk();
  const writer = new SnapshotWriter(disk, DIRECTORY, metaAt(9));
  await writer.addChunk(1, 0, new Uint8Array(8));
  expect(newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk })).toBe(undefined);
  await writer.abort();
  await writer.abort();
  expect(disk.list(DIRECTORY)).toEqual([]);
  expect(disk.openHandles).toBe(0);
});

test("after a failed call only abort is left, and the next snapshot goes well", async () => {
  const disk = emptyDisk();
  const full = new FaultyLayer(disk, 3, "ENOSPC");
  const writer = new SnapshotWriter(full, DIRECTORY, metaAt(9));
  await expect(writer.addChunk(1, 0, new Uint8Array(8))).rejects.toThrow(JournalError);
  expect(() => writer.addChunk(1, 1, new Uint8Array(8))).toThrow(/not failed/);
  await expect(writer.finish()).rejects.toThrow(/not failed/);
  await writer.abort();
  expect(disk.list(DIRECTORY)).toEqual([]);
  await write(disk, 9);
  expect(newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk })?.meta).toEqual(metaAt(9));
});

test("the newest valid snapshot of the group is taken; a damaged or foreign one is told and passed over", async () => {
  const disk = emptyDisk();
  await write(disk, 5);
  const newest = await write(disk, 9);
  await write(disk, 12, "g1");
  const bytes = disk.content(newest);
  bytes[530]! ^= 4;
  disk.place(newest, bytes);
  const events: JournalEvent[] = [];
  const found = newestSnapshot({
    directory: DIRECTORY,
    group: GROUP,
    layer: disk,
    onEvent: (event) => events.push(event),
  });
  expect(found?.meta.position.nextSequence).toBe(5);
  expect(events.map((event) => event.kind === "snapshot-invalid" && event.file)).toEqual([
    "snap-00000000000000000011.snap",
    "snap-00000000000000000008.snap",
  ]);
});

test("with the newest snapshot damaged, the older one and the journal give the same frames", async () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  const paths: string[] = [];
  for (let n = 0; n < 9; n++) {
    appendSample(journal, longText(`f${n}`, 3000));
    if (n % 3 !== 2) continue;
    const writer = new SnapshotWriter(disk, DIRECTORY, { ...metaAt(1), position: journal.position });
    paths.push(join(DIRECTORY, await writer.finish()));
  }
  journal.close();
  const start = () =>
    openSample(disk.clone(), {}, newestSnapshot({ directory: DIRECTORY, group: GROUP, layer: disk })?.meta.position);
  expect(start().names).toEqual([]);
  disk.place(paths[2]!, new Uint8Array(600));
  expect(start().names).toEqual(["f6", "f7", "f8"]);
  disk.place(paths[1]!, new Uint8Array(600));
  disk.place(paths[0]!, new Uint8Array(600));
  expect(start().names.length).toBe(9);
});
