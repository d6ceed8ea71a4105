import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FrameInfo } from "./frame.ts";
import { Journal } from "./journal.ts";
import { newestSnapshot, readSnapshot } from "./snapshot.ts";
import { GOLDEN_CHUNKS, GOLDEN_GROUP, GOLDEN_TEXTS, makeGolden } from "./testing/make-golden.ts";
import { filesIn, MemoryDisk } from "./testing/memory-disk.ts";
import { sampleText } from "./testing/sample-frames.ts";
import { verify } from "./verify.ts";

const GOLDEN = join(import.meta.dirname, "testdata/v1");
const DIRECTORY = "/golden";

/** A copy, for opening a journal writes to it. */
function goldenDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  for (const file of readdirSync(GOLDEN))
    disk.place(join(DIRECTORY, file), new Uint8Array(readFileSync(join(GOLDEN, file))));
  return disk;
}

test("the golden journal of version 1 is read: every frame with what it says about itself", () => {
  const read: [FrameInfo, string][] = [];
  const options = { directory: DIRECTORY, group: GOLDEN_GROUP, layer: goldenDisk() };
  Journal.open(options, undefined, (info, body) => read.push([info, sampleText(body)]));
  expect(read.map(([, text]) => text)).toEqual(GOLDEN_TEXTS);
  expect(read[4]![0]).toEqual({
    epoch: 1,
    firstSequence: 7,
    count: 4,
    records: 4,
    timeMs: 1_700_000_000_007,
    bodyBytes: 3000,
  });
});

test("the golden journal of version 1 verifies to the figures of the day it was made", () => {
  expect(verify(GOLDEN)).toEqual({
    ok: true,
    journalId: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    group: "golden",
    segments: 5,
    frames: 6,
    records: 15,
    firstSequence: 1,
    sequence: 15,
    chainHash: "962b9ff6fc4915ead00f67428e32da7ffa634dbd462601e8302006ff0b83c80a",
    end: "clean",
    snapshots: [{ file: "snap-00000000000000000003.snap", ok: true }],
  });
});

test("the golden snapshot of version 1 is read, and the journal goes on from it", () => {
  const layer = goldenDisk();
  const snapshot = newestSnapshot({ directory: DIRECTORY, group: GOLDEN_GROUP, layer })!;
  const chunks: string[] = [];
  readSnapshot(layer, snapshot.path, (tag, index, bytes) => {
    expect(tag).toBe(index + 1);
    chunks.push(Buffer.from(bytes).toString());
  });
  expect(chunks).toEqual(GOLDEN_CHUNKS);
  expect(snapshot.meta).toMatchObject({ epoch: 1, group: "golden", timeMs: 1_700_000_000_001, stateHash: "0123abcd" });
  const texts: string[] = [];
  const options = { directory: DIRECTORY, group: GOLDEN_GROUP, layer };
  Journal.open(options, snapshot.meta.position, (_info, body) => texts.push(sampleText(body)));
  expect(texts).toEqual(GOLDEN_TEXTS.slice(3));
});

test("while version 1 is the present one, the code writes the golden files byte for byte", async () => {
  const disk = new MemoryDisk();
  await makeGolden(disk, DIRECTORY);
  const golden = goldenDisk();
  expect(filesIn(disk, DIRECTORY)).toEqual(filesIn(golden, DIRECTORY));
  for (const path of filesIn(golden, DIRECTORY))
    expect(Buffer.compare(disk.content(path), golden.content(path))).toBe(0);
});
