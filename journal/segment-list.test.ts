import { join } from "node:path";
import { expect, test } from "vitest";
import { DamageError, type DamageReport } from "./errors.ts";
import { segmentFile } from "./segment.ts";
import { filesIn, type MemoryDisk } from "./testing/memory-disk.ts";
import { appendSample } from "./testing/sample-frames.ts";
import { DIRECTORY, openSample, sampleDisk } from "./testing/sample-journal.ts";
import { verify } from "./verify.ts";

const SIZES = [3000, 3000, 3000, 3000, 3000, 3000, 3000];

function refusal(disk: MemoryDisk): DamageReport {
  const verdict = verify(DIRECTORY, { layer: disk });
  try {
    openSample(disk);
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    // From segment 1 on both read the same; `verify` alone accepts a trimmed journal.
    if (!verdict.ok) expect(verdict.message).toBe(error.message);
    return error.report;
  }
  throw new Error("was not refused");
}

function segments(disk: MemoryDisk): string[] {
  return filesIn(disk, DIRECTORY).filter((path) => path.endsWith(".seg"));
}

test("a missing segment is refused, be it the oldest, one between, or the newest", () => {
  const count = segments(sampleDisk(SIZES)).length;
  expect(count).toBe(4);
  const found = Array.from({ length: count }, (_, index) => {
    const disk = sampleDisk(SIZES);
    disk.unlink(segments(disk)[index]!);
    const { kind, letter } = refusal(disk);
    return letter ?? kind;
  });
  expect(found).toEqual(["missing-segment", "missing-segment", "missing-segment", "B"]);
});

test("a segment twice under two names is refused", () => {
  const disk = sampleDisk(SIZES);
  disk.place(join(DIRECTORY, segmentFile(2, 99)), disk.content(segments(disk)[1]!));
  expect(refusal(disk).kind).toBe("duplicate-segment");
});

test("renamed segments are refused: another number, another sequence, two exchanged, no segment's name", () => {
  for (const name of [segmentFile(4, 8), "4.seg", "copy of 1.seg"]) {
    const disk = sampleDisk(SIZES);
    disk.rename(segments(disk).at(-1)!, join(DIRECTORY, name));
    expect(refusal(disk).kind).toBe("renamed-segment");
  }
  const gap = sampleDisk(SIZES);
  gap.rename(segments(gap).at(-1)!, join(DIRECTORY, segmentFile(5, 7)));
  expect(refusal(gap).kind).toBe("missing-segment");
  const disk = sampleDisk(SIZES);
  const [, second, third] = segments(disk);
  const bytes = disk.content(second!);
  disk.place(second!, disk.content(third!));
  disk.place(third!, bytes);
  expect(refusal(disk).kind).toBe("renamed-segment");
});

test("a segment of another journal or another group is refused", () => {
  const id = new Uint8Array(16).fill(8);
  for (const options of [{ journalId: id }, { group: "g1" }]) {
    const disk = sampleDisk(SIZES);
    const other = sampleDisk(SIZES, options);
    const path = segments(disk)[2]!;
    disk.place(path, other.content(path));
    expect(refusal(disk).kind).toBe("foreign-segment");
  }
  expect(() => openSample(sampleDisk(SIZES), { group: "g1" })).toThrow(/expected group g1, found group g0/);
});

test("a segment with the right header and another history is refused", () => {
  const disk = sampleDisk(SIZES);
  const other = sampleDisk([3001, ...SIZES.slice(1)]);
  const path = segments(disk)[1]!;
  disk.place(path, other.content(path));
  expect(refusal(disk)).toMatchObject({ letter: "D", lastSequence: 2 });
});

test("a newer segment that a restored older copy does not continue is refused", () => {
  const disk = sampleDisk(SIZES);
  const [first] = segments(disk);
  disk.place(first!, sampleDisk(SIZES.slice(0, 1)).content(first!));
  expect(refusal(disk)).toMatchObject({ letter: "D", lastSequence: 1 });
});

test("the message is one sentence with file, offset, what was expected and what was found", () => {
  const disk = sampleDisk(SIZES);
  const path = segments(disk)[1]!;
  const bytes = disk.content(path);
  bytes[700]! ^= 1;
  disk.place(path, bytes);
  expect(() => openSample(disk)).toThrow(
    "00000002-00000000000000000003.seg at byte 512: expected a frame with sequence 3, or zeros to the end of the journal, " +
      "found a frame header whose CRC is wrong, with a valid frame behind it.".replace(
        "a frame header whose",
        "a frame body whose",
      ),
  );
});

test("files that are no segments do not matter", () => {
  const disk = sampleDisk(SIZES);
  disk.place(join(DIRECTORY, "cut-7.bin"), new Uint8Array(3));
  disk.place(join(DIRECTORY, "00000009.prep"), new Uint8Array(3));
  const { journal, names } = openSample(disk);
  appendSample(journal, "probe");
  expect(names.length).toBe(SIZES.length);
  expect(disk.list(DIRECTORY)).not.toContain("00000009.prep");
});
