import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SECTOR_BYTES } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { frameExtent, groupTag, makeSeal } from "./frame.ts";
import { decide, HEADS, RESTS, type TailFacts } from "./recovery-table.ts";
import { makeSegmentHeader, SEGMENT_HEADER_BYTES, segmentFile } from "./segment.ts";
import type { MemoryDisk } from "./testing/memory-disk.ts";
import { appendSample, longText } from "./testing/sample-frames.ts";
import { DIRECTORY, GROUP, JOURNAL_ID, openSample, sampleDisk } from "./testing/sample-journal.ts";
import { verify } from "./verify.ts";

const BOTH = [true, false];
const combinations: TailFacts[] = HEADS.flatMap((head) =>
  BOTH.flatMap((zeroSector) =>
    RESTS.flatMap((rest) =>
      BOTH.flatMap((validAfter) => BOTH.map((later) => ({ head, zeroSector, rest, validAfter, later }))),
    ),
  ),
);

/** The rows of FORMAT.md: letter, five facts, decision. */
const rows = readFileSync(join(import.meta.dirname, "FORMAT.md"), "utf8")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter((cells) => cells.length === 9 && /^[A-Z]$/.test(cells[1]!))
  .map((cells) => cells.slice(1, 8));

function fromTable({ head, zeroSector, rest, validAfter, later }: TailFacts) {
  const facts = [head, zeroSector, rest, validAfter, later].map((fact) =>
    typeof fact === "string" ? fact : fact ? "yes" : "no",
  );
  const row = rows.find((cells) => facts.every((fact, index) => ["*", fact].includes(cells[index + 1]!)));
  return { letter: row![0], decision: row![6] };
}

test("the code decides as the table in FORMAT.md, in every combination", () => {
  expect(rows.map((cells) => cells[0]).join("")).toBe("ABCDEFGHIJKLM");
  expect(combinations.length).toBe(120);
  for (const facts of combinations) expect({ facts, ...decide(facts) }).toEqual({ facts, ...fromTable(facts) });
});

test("every row of the table is reached", () => {
  const reached = new Set(combinations.map((facts) => decide(facts).letter));
  expect([...reached].sort().join("")).toBe("ABCDEFGHIJKLM");
});

const SEGMENT_BYTES = 16 << 10;
const NAMES = ["f0", "f1", "f2"];
const firstFile = join(DIRECTORY, segmentFile(1, 1));

/** Three frames, and the fourth as it would stand behind them. */
function base() {
  const disk = sampleDisk([600, 40, 1200], { segmentBytes: SEGMENT_BYTES });
  const { journal } = openSample(disk.clone(), { segmentBytes: SEGMENT_BYTES });
  const { offset: at, chainHash, nextSequence } = journal.position;
  journal.close();
  const longer = disk.clone();
  const again = openSample(longer, { segmentBytes: SEGMENT_BYTES }).journal;
  appendSample(again, longText("f3", 3000));
  again.close();
  const frame = longer.content(firstFile).slice(at, at + frameExtent(3000));
  const chain = { journalId: JOURNAL_ID, groupTag: groupTag(GROUP), nextSequence, chainHash, epoch: 1 };
  return { disk, at, frame, chain };
}

/** A disk whose tail shows these facts, or undefined where bytes cannot. `far` behind zeros is a test of its own. */
function realize(facts: TailFacts): MemoryDisk | undefined {
  const { head, zeroSector, rest, validAfter, later } = facts;
  if (head !== "header" && zeroSector) return undefined;
  if (rest === (head === "header" ? "near" : "far")) return undefined;
  if (validAfter && !later && rest === "none") return undefined;
  const { disk, at, frame, chain } = base();
  const bytes = disk.content(firstFile);
  const oldFrame = bytes.slice(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + frameExtent(600));
  if (head === "seal") bytes.set(makeSeal(chain, 2), at);
  if (head === "unlinked") bytes.set(oldFrame, at);
  if (head === "invalid") bytes.fill(0xaa, at, at + SECTOR_BYTES);
  if (head === "header") {
    bytes.set(frame, at);
    if (zeroSector) bytes.fill(0, at + 2 * SECTOR_BYTES, at + 3 * SECTOR_BYTES);
    else bytes[at + 2000]! ^= 1;
  }
  if (rest !== "none") bytes[bytes.byteLength - 2 * SECTOR_BYTES] = 1;
  if (validAfter && !later) bytes.set(oldFrame, at + 8 * SECTOR_BYTES);
  disk.place(firstFile, bytes);
  if (later) {
    const next = new Uint8Array(SEGMENT_BYTES);
    const header = { journalId: JOURNAL_ID, group: GROUP, number: 2, segmentBytes: SEGMENT_BYTES };
    next.set(makeSegmentHeader({ ...header, firstSequence: chain.nextSequence, chainHash: chain.chainHash }));
    if (validAfter) next.set(frame, SEGMENT_HEADER_BYTES);
    disk.place(join(DIRECTORY, segmentFile(2, chain.nextSequence)), next);
  }
  return disk;
}

function open(disk: MemoryDisk, acceptCut: boolean) {
  const { journal, names, events } = openSample(disk, { segmentBytes: SEGMENT_BYTES, acceptCut });
  appendSample(journal, "probe");
  journal.close();
  const cut = events.find((event) => event.kind === "cut");
  return { names, cut: cut === undefined ? "none" : cut.torn ? "torn" : "accepted" };
}

function damageOf(disk: MemoryDisk, acceptCut: boolean): DamageError {
  try {
    open(disk, acceptCut);
  } catch (error) {
    if (error instanceof DamageError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("a journal whose bytes show the facts is treated as the table says", () => {
  const real = combinations.filter((facts) => realize(facts) !== undefined);
  test.each(real)("$head, zero sector $zeroSector, rest $rest, valid after $validAfter, later $later", (facts) => {
    const { letter, decision } = decide(facts);
    const disk = () => realize(facts)!;
    if (decision === "damage" || decision === "tail damage") {
      const { report } = damageOf(disk(), false);
      expect(report).toMatchObject({ letter, lastSequence: 3, acceptable: decision === "tail damage" });
      expect(verify(DIRECTORY, { layer: disk() })).toMatchObject({ ok: false, report: { letter } });
      if (decision === "damage") expect(damageOf(disk(), true).report.letter).toBe(letter);
      else expect(open(disk(), true)).toEqual({ names: NAMES, cut: "accepted" });
      return;
    }
    const followed = decision === "sealed" && facts.validAfter;
    const names = followed ? [...NAMES, "f3"] : NAMES;
    expect(open(disk(), false)).toEqual({ names, cut: decision === "torn" ? "torn" : "none" });
    const end = decision === "torn" ? "torn" : "clean";
    expect(verify(DIRECTORY, { layer: disk() })).toMatchObject({ ok: true, frames: names.length, end });
  });
});

test("bytes further behind a zero tail than a frame reaches are damage (row J)", () => {
  const segmentBytes = 10 << 20;
  const disk = sampleDisk([600], { segmentBytes });
  const bytes = disk.content(firstFile);
  bytes[(9 << 20) + 77] = 1;
  disk.place(firstFile, bytes);
  expect(() => openSample(disk.clone(), { segmentBytes })).toThrow(DamageError);
  expect(openSample(disk, { segmentBytes, acceptCut: true }).names).toEqual(["f0"]);
  expect(disk.content(firstFile)[(9 << 20) + 77]).toBe(0);
});

test("a seal of another history, and a next segment that does not continue the sealed one, are damage (row D)", () => {
  const facts: TailFacts = { head: "seal", zeroSector: false, rest: "none", validAfter: false, later: true };
  const { at, chain } = base();
  const change = (path: string, make: (bytes: Uint8Array) => void) => {
    const disk = realize(facts)!;
    const bytes = disk.content(path);
    make(bytes);
    disk.place(path, bytes);
    return disk;
  };
  const other = { ...chain, chainHash: new Uint8Array(32) };
  const header = { journalId: JOURNAL_ID, group: GROUP, number: 2, segmentBytes: SEGMENT_BYTES, firstSequence: 4 };
  const changed = [
    change(firstFile, (bytes) => bytes.set(makeSeal(other, 2), at)),
    change(firstFile, (bytes) => bytes.set(makeSeal(chain, 3), at)),
    change(join(DIRECTORY, segmentFile(2, 4)), (bytes) =>
      bytes.set(makeSegmentHeader({ ...header, chainHash: other.chainHash })),
    ),
  ];
  for (const disk of changed) {
    expect(damageOf(disk.clone(), true).report).toMatchObject({ letter: "D", lastSequence: 3 });
    expect(verify(DIRECTORY, { layer: disk })).toMatchObject({ ok: false, report: { letter: "D" } });
  }
});
