import { join } from "node:path";
import { expect, test } from "vitest";
import { DamageError } from "./errors.ts";
import { PositionIndex } from "./position-index.ts";
import { JournalReader } from "./reader.ts";
import { segmentFile } from "./segment.ts";
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
