import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DamageError, JournalError } from "./errors.ts";
import { FRAME_EXTENT_MAX, FRAME_HEADER_BYTES, frameExtent } from "./frame.ts";
import { Journal } from "./journal.ts";
import { FaultyLayer } from "./testing/faulty-layer.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { override } from "./testing/override.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, kinds, openSample, sampleDisk } from "./testing/sample-journal.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("on a real file system, frames come back in order after a reopen, over many segments", async () => {
  const options = { directory: join(directory, "g0"), group: "g0", segmentBytes: 16 << 10 };
  const journal = Journal.open(options, undefined, () => {});
  const wrote: string[] = [];
  for (let n = 1; n < 120; n++) {
    wrote.push(`${journal.nextSequence}+${n % 5}`);
    appendSample(journal, longText(`f${n}`, (n * 531) % 9000), n % 5);
    journal.idle();
    if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { position, journalId } = journal;
  journal.close();
  const read: string[] = [];
  const again = Journal.open(options, undefined, (info, body) => {
    read.push(`${info.firstSequence}+${info.count}`);
    expect(body.byteOffset % 8).toBe(0);
  });
  expect(read).toEqual(wrote);
  expect(again.position).toEqual(position);
  expect(again.journalId).toEqual(journalId);
  expect(readdirSync(options.directory).length).toBeGreaterThan(20);
  again.close();
});

test("two journals made at the same place have different ids", () => {
  const ids = ["a", "b"].map((name) => {
    const journal = Journal.open(
      { directory: join(directory, name), group: "g0", segmentBytes: 4096 },
      undefined,
      () => {},
    );
    journal.close();
    return Buffer.from(journal.journalId).toString("hex");
  });
  expect(ids[0]).not.toBe(ids[1]);
});

test("opened from a position, it hands out the frames behind it, and only those", () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  const positions = [journal.position];
  for (let n = 0; n < 9; n++) {
    appendSample(journal, longText(`f${n}`, 2000));
    positions.push(journal.position);
  }
  journal.close();
  const all = Array.from({ length: 9 }, (_, n) => `f${n}`);
  positions.forEach((position, index) => {
    const again = openSample(disk.clone(), {}, position);
    expect(again.names).toEqual(all.slice(index));
    expect(again.journal.nextSequence).toBe(10);
  });
});

test("a snapshot position that the journal does not have is refused", () => {
  const source = sampleDisk([2000, 2000, 2000, 2000, 2000]);
  const { journal } = openSample(source.clone());
  appendSample(journal, longText("g", 2000));
  const newer = journal.position;
  expect(() => openSample(source.clone(), {}, newer)).toThrow(DamageError);
  expect(() => openSample(source.clone(), {}, { ...newer, segment: 9 })).toThrow(/segment 9/);
  const { journal: same } = openSample(source.clone());
  const { position } = same;
  expect(openSample(source.clone(), {}, position).names).toEqual([]);
  const wrong = [
    { ...position, chainHash: new Uint8Array(32) },
    { ...position, nextSequence: position.nextSequence + 1 },
    { ...position, offset: position.offset - 512 },
  ];
  for (const from of wrong) expect(() => openSample(source.clone(), {}, from)).toThrow(DamageError);
});

test("snapshots without any segment are refused: they were not alone once", () => {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  disk.place(join(DIRECTORY, "snap-00000000000000000007.snap"), new Uint8Array(8));
  expect(() => openSample(disk)).toThrow(/expected the journal beside its snapshot, found no segment/);
});

test("a frame larger than a segment gets a segment of its own size", () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  for (const [n, bytes] of [100, 70_000, 100, 200_000, 100].entries()) appendSample(journal, longText(`f${n}`, bytes));
  journal.close();
  expect(openSample(disk).names).toEqual(["f0", "f1", "f2", "f3", "f4"]);
});

test("the largest frame goes in, and one with eight bytes more is refused and ends the journal", () => {
  const { journal } = openSample(new MemoryDisk());
  const bodyBytes = 8 << 20;
  expect(frameExtent(bodyBytes)).toBe(FRAME_EXTENT_MAX);
  const frame = new Uint8Array(FRAME_EXTENT_MAX + 512).fill(1);
  const info = { epoch: 1, firstSequence: 1, count: 1, records: 1, timeMs: 1, bodyBytes };
  journal.append(frame, info);
  expect(() => journal.append(frame, { ...info, firstSequence: 2, bodyBytes: bodyBytes + 8 })).toThrow(/at most 8 MiB/);
  expect(() => appendSample(journal, "more")).toThrow(/dead/);
});

test("append refuses a gap, a repeat, an older epoch, a zero sector and a short buffer; nothing reaches the disk", () => {
  const good = { epoch: 1, firstSequence: 2, count: 1, records: 1, timeMs: 1, bodyBytes: 1024 };
  const bad: [typeof good, Uint8Array][] = [
    [{ ...good, firstSequence: 3 }, new Uint8Array(1536).fill(1)],
    [{ ...good, firstSequence: 1 }, new Uint8Array(1536).fill(1)],
    [{ ...good, epoch: 0 }, new Uint8Array(1536).fill(1)],
    [{ ...good, count: 2 }, new Uint8Array(1536).fill(1)],
    [good, new Uint8Array(1536)],
    [good, new Uint8Array(1151).fill(1)],
    [{ ...good, bodyBytes: 1023 }, new Uint8Array(1536).fill(1)],
  ];
  for (const [info, frame] of bad) {
    const disk = sampleDisk([100]);
    const { journal } = openSample(disk);
    const before = disk.content(join(DIRECTORY, "00000001-00000000000000000001.seg"));
    expect(() => journal.append(frame, info)).toThrow();
    expect(disk.content(join(DIRECTORY, "00000001-00000000000000000001.seg"))).toEqual(before);
    expect(() => appendSample(journal, "more")).toThrow(JournalError);
  }
});

test("append touches nothing of the buffer behind the frame's extent", () => {
  const { journal } = openSample(new MemoryDisk());
  const frame = new Uint8Array(4096).fill(3);
  journal.append(frame, { epoch: 1, firstSequence: 1, count: 1, records: 1, timeMs: 1, bodyBytes: 8 });
  expect(frame.subarray(FRAME_HEADER_BYTES + 8, 512).every((byte) => byte === 0)).toBe(true);
  expect(frame.subarray(512).every((byte) => byte === 3)).toBe(true);
});

test("a frame is one write and one sync", () => {
  const layer = new FaultyLayer(new MemoryDisk());
  const { journal } = openSample(layer);
  const before = layer.calls;
  appendSample(journal, longText("f", 3000));
  expect(layer.calls - before).toBe(2);
});

test("after a failed sync the journal is dead: no call reaches the disk again, and the frame may be found later", () => {
  const disk = sampleDisk([100]);
  const counting = new FaultyLayer(disk);
  let syncs = 0;
  const layer = override(counting, {
    datasync: (handle) => {
      if (++syncs === 2) throw Object.assign(new Error("EIO: fdatasync"), { code: "EIO" });
      counting.datasync(handle);
    },
  });
  const { journal } = openSample(layer);
  expect(() => appendSample(journal, "lost")).toThrow(expect.objectContaining({ code: "EIO" }));
  const before = counting.calls;
  expect(() => appendSample(journal, "more")).toThrow(expect.objectContaining({ code: "DEAD" }));
  expect(() => journal.ensureRoom(8)).toThrow(/dead/);
  journal.idle();
  expect(counting.calls).toBe(before);
  expect(journal.failure).toMatchObject({ code: "EIO" });
  expect(openSample(disk).names).toEqual(["f0", "lost"]);
});

test("closing gives back every handle, of a dead journal too", () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  for (let n = 0; n < 9; n++) {
    appendSample(journal, longText(`f${n}`, 3000));
    journal.idle();
  }
  expect(() => appendSample(journal, "zero", -1)).toThrow();
  journal.close();
  journal.close();
  return new Promise((resolve) => setImmediate(resolve)).then(() => expect(disk.openHandles).toBe(0));
});

test("the events tell of the making, the recovery and each segment", () => {
  const disk = new MemoryDisk();
  const { journal, events } = openSample(disk);
  for (let n = 0; n < 4; n++) appendSample(journal, longText(`f${n}`, 3000));
  journal.close();
  expect(kinds(events)).toEqual(["created", "segment"]);
  expect(openSample(disk).events).toEqual([{ kind: "recovered", frames: 4, nextSequence: 5 }]);
});
