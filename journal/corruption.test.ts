import { join } from "node:path";
import { expect, test } from "vitest";
import { DamageError } from "./errors.ts";
import { readSnapshot } from "./snapshot.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { filesIn, MemoryDisk } from "./testing/memory-disk.ts";
import { seeded } from "./testing/random.ts";
import { DIRECTORY, GROUP, JOURNAL_ID, openSample, sampleDisk } from "./testing/sample-journal.ts";

const SMALL = { segmentBytes: 4 << 10 };
const NAMES = ["f0", "f1", "f2", "f3"];

function withFiles(files: readonly (readonly [string, Uint8Array])[]): MemoryDisk {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  for (const [path, bytes] of files) disk.place(path, bytes);
  return disk;
}

/** Opens; says what happened: refused, or reported as a cut with all frames there. Anything else is a broken promise. */
function judge(disk: MemoryDisk): "refused" | "cut" {
  try {
    const { journal, names, events } = openSample(disk, SMALL);
    journal.close();
    const cut = events.some(({ kind }) => kind === "cut");
    if (!cut || names.join() !== NAMES.join()) throw new Error(`opened with ${names.join()}, cut ${cut}`);
    return "cut";
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    expect(error.message.split("\n").length).toBe(1);
    expect(error.report.file).not.toBe("");
    return "refused";
  }
}

test("one bit flipped in any byte of a journal: refused, or an unused tail cut and reported; never other frames", () => {
  const source = sampleDisk([700, 900, 600, 300], SMALL);
  const files = filesIn(source, DIRECTORY).map((path) => [path, source.content(path)] as const);
  expect(files.length).toBe(2);
  const random = seeded(1);
  const counts = { refused: 0, cut: 0 };
  for (const [path, bytes] of files) {
    for (let at = 0; at < bytes.byteLength; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << Math.floor(random() * 8);
      const disk = withFiles(files.map(([other, content]) => [other, other === path ? flipped : content]));
      counts[judge(disk)]++;
    }
  }
  console.log("bytes flipped in a journal:", counts);
  expect(counts.refused + counts.cut).toBe(8 << 10);
  expect(counts.cut).toBeGreaterThan(0);
});

test("a segment that was cut short or made longer is refused", () => {
  const source = sampleDisk([700, 900, 600, 300], SMALL);
  const files = filesIn(source, DIRECTORY).map((path) => [path, source.content(path)] as const);
  for (const [path, bytes] of files) {
    for (const length of [0, 1, 511, 512, 1024, 4095, 4097, 8192]) {
      const changed = new Uint8Array(length);
      changed.set(bytes.subarray(0, length));
      const disk = withFiles(files.map(([other, content]) => [other, other === path ? changed : content]));
      expect(judge(disk)).toBe("refused");
    }
  }
});

async function snapshotBytes(): Promise<{ path: string; bytes: Uint8Array }> {
  const disk = new MemoryDisk();
  disk.mkdir(DIRECTORY);
  const position = { segment: 3, offset: 4096, nextSequence: 43, chainHash: new Uint8Array(32).fill(9) };
  const meta = { journalId: JOURNAL_ID, group: GROUP, epoch: 1, timeMs: 5, position, stateHash: "0a1b" };
  const writer = new SnapshotWriter(disk, DIRECTORY, meta);
  await writer.addChunk(1, 0, Buffer.from("accounts".repeat(9)));
  await writer.addChunk(2, 0, Buffer.from("odd"));
  await writer.addChunk(2, 1, new Uint8Array(0));
  const path = join(DIRECTORY, await writer.finish());
  return { path, bytes: disk.content(path) };
}

test("a bit flipped in any byte of a snapshot, and any other length: refused", async () => {
  const { path, bytes } = await snapshotBytes();
  expect(readSnapshot(withFiles([[path, bytes]]), path, () => {}).position.nextSequence).toBe(43);
  for (let at = 0; at < bytes.byteLength; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << bit;
      expect(() => readSnapshot(withFiles([[path, flipped]]), path, () => {}), `byte ${at}`).toThrow(DamageError);
    }
    const short = bytes.subarray(0, at);
    expect(() => readSnapshot(withFiles([[path, short]]), path, () => {}), `${at} bytes`).toThrow(DamageError);
  }
  const long = new Uint8Array(bytes.byteLength + 1);
  long.set(bytes);
  expect(() => readSnapshot(withFiles([[path, long]]), path, () => {})).toThrow(DamageError);
  console.log("bits flipped in a snapshot:", bytes.byteLength * 8);
});
