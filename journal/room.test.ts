import { expect, test } from "vitest";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { override } from "./testing/override.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { kinds, openSample } from "./testing/sample-journal.ts";

const SEGMENT = 64 << 10;
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a segment prepared while idle is taken without further zero-filling", async () => {
  const { journal, events } = openSample(new MemoryDisk(), { segmentBytes: SEGMENT });
  for (let n = 0; n < 100; n++) {
    journal.idle();
    await turn();
    appendSample(journal, longText(`f${n}`, 3000));
  }
  const taken = events.filter((event) => event.kind === "segment");
  expect(taken.length).toBeGreaterThan(4);
  expect(taken.every((event) => event.ready)).toBe(true);
});

test("zero-filling keeps ahead of the largest frames", async () => {
  const segmentBytes = 16 << 20;
  const { journal, events } = openSample(new MemoryDisk(), { segmentBytes });
  for (let n = 0; n < 50; n++) {
    journal.idle();
    await turn();
    appendSample(journal, longText(`f${n}`, 1 << 20));
  }
  const taken = events.filter((event) => event.kind === "segment");
  expect(taken.map((event) => event.ready)).toEqual([true, true, true]);
});

test("a full disk does not end the journal while its segment has room, and ensureRoom says when it has not", () => {
  const disk = new MemoryDisk();
  const { journal, events } = openSample(disk, { segmentBytes: SEGMENT });
  disk.capacityBytes = SEGMENT + 1000;
  expect(journal.freeBytes()).toBe(1000);
  let appended = 0;
  while (journal.ensureRoom(3600)) {
    appendSample(journal, longText(`f${appended++}`, 3600));
    journal.idle();
  }
  expect(appended).toBe(Math.floor((SEGMENT - 1024) / 4096));
  expect(kinds(events)).toEqual(["created", "prepare-failed"]);
  expect(events.at(-1)).toMatchObject({ code: "ENOSPC" });
  expect(journal.failure).toBe(undefined);
  appendSample(journal, "small");

  disk.capacityBytes = 4 * SEGMENT;
  expect(journal.ensureRoom(3600)).toBe(true);
  appendSample(journal, longText("later", 3600));
  journal.close();
  expect(openSample(disk).names.slice(-2)).toEqual(["small", "later"]);
});

test("append without room ends the journal with the system's code, and loses nothing", () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk, { segmentBytes: SEGMENT });
  disk.capacityBytes = SEGMENT;
  const fill = () => {
    for (;;) appendSample(journal, longText("f", 3000));
  };
  expect(fill).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  const acknowledged = journal.nextSequence - 1;
  expect(() => appendSample(journal, "small")).toThrow(/dead/);
  disk.capacityBytes = 4 * SEGMENT;
  expect(openSample(disk).names.length).toBe(acknowledged);
});

test("a failed background sync is not tried again: another file is prepared", async () => {
  const disk = new MemoryDisk();
  const layer = override(disk, {
    datasyncInBackground: () => Promise.reject(Object.assign(new Error("EIO: fdatasync"), { code: "EIO" })),
  });
  const { journal, events } = openSample(layer, { segmentBytes: SEGMENT });
  journal.idle();
  await turn();
  // Whoever needs the segment next finds the fault: here the loop's idle call, below the append itself.
  journal.idle();
  expect(events.at(-1)).toMatchObject({ kind: "prepare-failed", code: "EIO" });
  for (let n = 0; n < 40; n++) appendSample(journal, longText(`f${n}`, 3000));
  expect(openSample(disk).names.length).toBe(40);
});

test("a segment whose background sync failed is not taken by an append either", async () => {
  const disk = new MemoryDisk();
  const made: string[] = [];
  const layer = override(disk, {
    open: (path, mode) => {
      if (mode === "create") made.push(path);
      return disk.open(path, mode);
    },
    datasyncInBackground: () => Promise.reject(Object.assign(new Error("EIO: fdatasync"), { code: "EIO" })),
  });
  const { journal } = openSample(layer, { segmentBytes: SEGMENT });
  journal.idle();
  await turn();
  for (let n = 0; n < 40; n++) appendSample(journal, longText(`f${n}`, 3000));
  expect(made.filter((path) => path.endsWith("00000002.prep")).length).toBe(2);
});

test("where the disk takes less than it said was free, ensureRoom is false and tells why", () => {
  const disk = new MemoryDisk();
  const layer = override(disk, { freeBytes: () => 1e9 });
  const { journal, events } = openSample(layer, { segmentBytes: SEGMENT });
  disk.capacityBytes = SEGMENT + 1000;
  expect(journal.ensureRoom(SEGMENT)).toBe(false);
  expect(events.at(-1)).toMatchObject({ kind: "prepare-failed", code: "ENOSPC" });
  expect(journal.failure).toBe(undefined);
});
