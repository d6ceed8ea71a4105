import { join } from "node:path";
import { expect, test } from "vitest";
import { DamageError } from "./errors.ts";
import { frameExtent } from "./frame.ts";
import { Journal } from "./journal.ts";
import { PositionIndex } from "./position-index.ts";
import { JournalReader } from "./reader.ts";
import { segmentFile } from "./segment.ts";
import { listSegmentNames } from "./segment-list.ts";
import { FaultyLayer } from "./testing/faulty-layer.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { seeded } from "./testing/random.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, nameOf, openSample, sampleDisk } from "./testing/sample-journal.ts";

function readerOf(layer: MemoryDisk | FaultyLayer, index?: PositionIndex): JournalReader {
  return JournalReader.open({ directory: DIRECTORY, layer, ...(index === undefined ? {} : { index }) });
}

async function drain(reader: JournalReader, durable: number): Promise<string[]> {
  const names: string[] = [];
  for (let frame = await reader.next(durable); frame !== undefined; frame = await reader.next(durable)) {
    names.push(nameOf(frame.body));
  }
  return names;
}

test("a reader beside the writer sees every durable frame once, over segments, and none before its time", async () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  const reader = readerOf(disk);
  const wrote: string[] = [];
  const read: string[] = [];
  const random = seeded(3);
  for (let n = 0; n < 300; n++) {
    const count = Math.floor(random() * 4);
    appendSample(journal, longText(`f${n}`, 40 + Math.floor(random() * 5000)), count);
    wrote.push(`f${n}`);
    if (random() < 0.4) read.push(...(await drain(reader, journal.nextSequence - 1)));
    expect(wrote.slice(0, read.length)).toEqual(read);
  }
  appendSample(journal, "last");
  read.push(...(await drain(reader, journal.nextSequence - 1)));
  expect(read).toEqual([...wrote, "last"]);
});

test("frames above the given durable sequence are not handed out, though they stand there", async () => {
  const disk = sampleDisk([100, 100, 3000, 100, 100]);
  const reader = readerOf(disk);
  expect(await drain(reader, 0)).toEqual([]);
  expect(await drain(reader, 2)).toEqual(["f0", "f1"]);
  expect(await drain(reader, 2)).toEqual([]);
  expect(await drain(reader, 5)).toEqual(["f2", "f3", "f4"]);
});

test("a seek to any sequence goes before the frame that holds it", async () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  const holder: string[] = [""];
  for (let n = 0; n < 60; n++) {
    appendSample(journal, longText(`f${n}`, 900), n % 4);
    for (let record = 0; record < n % 4; record++) holder.push(`f${n}`);
  }
  const durable = journal.nextSequence - 1;
  const index = new PositionIndex();
  const order = Array.from({ length: durable }, (_, at) => ((at * 37) % durable) + 1);
  for (const sequence of order) {
    const reader = readerOf(disk, index);
    await reader.seek(sequence, durable);
    let frame = await reader.next(durable);
    // Control records alone may stand before it.
    while (frame !== undefined && frame.info.count === 0) frame = await reader.next(durable);
    expect(nameOf(frame!.body)).toBe(holder[sequence]);
    reader.close();
  }
  const reader = readerOf(disk);
  await reader.seek(durable + 1, durable);
  expect(await reader.next(durable)).toBe(undefined);
  appendSample(journal, "next");
  expect(await drain(reader, durable + 1)).toEqual(["next"]);
});

test("with an index, a seek in a large segment reads a small part of it", async () => {
  const segmentBytes = 8 << 20;
  const disk = sampleDisk(
    Array.from({ length: 1500 }, () => 4000),
    { segmentBytes },
  );
  const layer = new FaultyLayer(disk);
  const index = new PositionIndex();
  await drain(readerOf(layer, index), 1500);
  const whole = layer.calls;
  const reader = readerOf(layer, index);
  await reader.seek(1400, 1500);
  await reader.next(1500);
  expect(layer.calls - whole).toBeLessThan(10);
  expect(whole).toBeGreaterThan(20);
});

test("below what retention kept, a seek and a slow reader are told what the oldest is", async () => {
  const disk = sampleDisk([3000, 3000, 3000, 3000, 3000, 3000]);
  const slow = readerOf(disk);
  await slow.next(6);
  disk.unlink(join(DIRECTORY, segmentFile(1, 1)));
  disk.unlink(join(DIRECTORY, segmentFile(2, 3)));
  const reader = readerOf(disk);
  expect(reader.oldestSequence()).toBe(5);
  await expect(reader.seek(4, 6)).rejects.toMatchObject({ code: "TRIMMED" });
  await expect(drain(slow, 6)).rejects.toMatchObject({ code: "TRIMMED" });
  await reader.seek(5, 6);
  expect(await drain(reader, 6)).toEqual(["f4", "f5"]);
});

test("a flipped byte in a durable frame is refused, never handed out", async () => {
  const source = sampleDisk([600, 600, 600]);
  const path = join(DIRECTORY, segmentFile(1, 1));
  for (let at = 512; at < 512 + 3 * 1024; at += 7) {
    const disk = source.clone();
    const bytes = disk.content(path);
    bytes[at]! ^= 2;
    disk.place(path, bytes);
    await expect(drain(readerOf(disk), 3), `byte ${at}`).rejects.toThrow(DamageError);
  }
});

test("segments of another journal are refused", async () => {
  const disk = sampleDisk([600]);
  const reader = JournalReader.open({ directory: DIRECTORY, layer: disk, journalId: new Uint8Array(16) });
  await expect(reader.next(1)).rejects.toThrow(/another journal/);
});

test("two calls at once are refused, for the first one's frame would be overwritten", async () => {
  const reader = readerOf(sampleDisk([600, 600]));
  const first = reader.next(2);
  await expect(reader.next(2)).rejects.toThrow(/one call at a time/);
  expect(nameOf((await first)!.body)).toBe("f0");
});

test("short reads are gone on from", async () => {
  const disk = sampleDisk([3000, 3000, 3000]);
  for (let call = 1; call < 20; call++) {
    expect(await drain(readerOf(new FaultyLayer(disk, call, "short", call)), 3)).toEqual(["f0", "f1", "f2"]);
  }
});

test("a segment of control records alone is read, from the start and on the way to the first sequence", async () => {
  const disk = new MemoryDisk();
  const segmentBytes = 16 << 10;
  const journal = Journal.open({ directory: DIRECTORY, group: "g", segmentBytes, layer: disk }, undefined, () => {});
  const append = (count: number, bodyBytes: number) =>
    journal.append(new Uint8Array(frameExtent(bodyBytes)).fill(7), {
      epoch: 1,
      firstSequence: 1,
      count,
      records: 10,
      timeMs: 1,
      bodyBytes,
    });
  append(0, 8 << 10);
  append(10, 12 << 10);
  journal.close();
  for (const seeks of [false, true]) {
    const reader = readerOf(disk);
    if (seeks) await reader.seek(1, 10);
    const counts: number[] = [];
    for (let frame = await reader.next(10); frame !== undefined; frame = await reader.next(10))
      counts.push(frame.info.count);
    reader.close();
    expect(counts.at(-1)).toBe(10);
    if (!seeks) expect(counts).toEqual([0, 10]);
  }
});

test("a reader that follows forgets the places in segments that retention takes away", async () => {
  const disk = new MemoryDisk();
  const journal = Journal.open(
    { directory: DIRECTORY, group: "g", segmentBytes: 256 << 10, layer: disk },
    undefined,
    () => {},
  );
  const index = new PositionIndex();
  const reader = readerOf(disk, index);
  const bodyBytes = 80 << 10;
  for (let sequence = 1; sequence <= 40; sequence++) {
    const frame = new Uint8Array(frameExtent(bodyBytes)).fill(7);
    journal.append(frame, { epoch: 1, firstSequence: sequence, count: 1, records: 1, timeMs: 1, bodyBytes });
    while ((await reader.next(sequence)) !== undefined);
    for (const { file } of listSegmentNames(disk, DIRECTORY).slice(0, -2)) disk.unlink(join(DIRECTORY, file));
  }
  const oldest = listSegmentNames(disk, DIRECTORY)[0]!.number;
  reader.close();
  journal.close();
  expect(oldest).toBeGreaterThan(5);
  // Of the last that went it has not heard yet: it looks when it enters the next.
  const known = Array.from({ length: oldest - 2 }, (_, i) => index.find(i + 1, 40)).filter((one) => one !== undefined);
  expect(known).toEqual([]);
});
