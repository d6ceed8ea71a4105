import { join } from "node:path";
import { expect, test } from "vitest";
import { segmentFile } from "./segment.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, nameOf, openSample, sampleDisk } from "./testing/sample-journal.ts";
import { verify } from "./verify.ts";

const SIZES = [3000, 3000, 3000, 3000];

test("a whole journal verifies, with its counts and its chain hash", () => {
  const disk = sampleDisk(SIZES);
  const { journal } = openSample(disk);
  const { chainHash } = journal;
  const names: string[] = [];
  const result = verify(DIRECTORY, { layer: disk, onFrame: (_info, body) => names.push(nameOf(body)) });
  expect(names).toEqual(["f0", "f1", "f2", "f3"]);
  expect(result).toEqual({
    ok: true,
    journalId: "07".repeat(16),
    group: "g0",
    segments: 2,
    frames: 4,
    records: 4,
    firstSequence: 1,
    sequence: 4,
    chainHash: Buffer.from(chainHash).toString("hex"),
    end: "clean",
    snapshots: [],
  });
});

test("a journal in use is judged up to the durable sequence, whatever is being written behind it", () => {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk);
  for (let n = 0; n < 5; n++) {
    appendSample(journal, longText(`f${n}`, 3000));
    const half = disk.clone();
    const { segment, offset, nextSequence } = journal.position;
    const path = join(DIRECTORY, disk.list(DIRECTORY).find((file) => file.startsWith(`0000000${segment}`))!);
    const bytes = half.content(path);
    bytes[offset + 1] = 0x77;
    half.place(path, bytes);
    const through = nextSequence - 1;
    expect(verify(DIRECTORY, { layer: half, through })).toMatchObject({ ok: true, sequence: n + 1, end: "in use" });
    expect(verify(DIRECTORY, { layer: half })).toMatchObject({ ok: false });
  }
});

test("verify changes nothing and leaves no handle open, be the journal whole or damaged", () => {
  const whole = sampleDisk(SIZES);
  const damaged = whole.clone();
  const path = join(DIRECTORY, segmentFile(1, 1));
  const bytes = damaged.content(path);
  bytes[777]! ^= 1;
  damaged.place(path, bytes);
  for (const disk of [whole, damaged]) {
    const before = disk.list(DIRECTORY).map((file) => disk.content(join(DIRECTORY, file)));
    verify(DIRECTORY, { layer: disk });
    expect(disk.list(DIRECTORY).map((file) => disk.content(join(DIRECTORY, file)))).toEqual(before);
    expect(disk.openHandles).toBe(0);
  }
  expect(verify(DIRECTORY, { layer: damaged })).toMatchObject({
    ok: false,
    message: expect.stringContaining("at byte 512"),
    report: { letter: "E", lastSequence: 0, validAfter: { file: segmentFile(1, 1), offset: 4096 } },
  });
});

test("damaged snapshots are named beside a whole journal", () => {
  const disk = sampleDisk(SIZES);
  disk.place(join(DIRECTORY, "snap-00000000000000000002.snap"), new Uint8Array(9));
  expect(verify(DIRECTORY, { layer: disk })).toMatchObject({
    ok: true,
    snapshots: [{ file: "snap-00000000000000000002.snap", ok: false, message: expect.any(String) }],
  });
});

test("a folder without a journal does not verify", () => {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  expect(verify(DIRECTORY, { layer: disk })).toMatchObject({ ok: false, report: { kind: "missing-segment" } });
});
