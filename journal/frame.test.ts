import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { hasZeroSector, setU64, viewOf } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import {
  type ChainState,
  FRAME_HEADER_BYTES,
  frameExtent,
  frameFault,
  linkFault,
  readInfo,
  sealFrame,
} from "./frame.ts";
import { SEGMENT_HEADER_BYTES, segmentFile } from "./segment.ts";
import type { MemoryDisk } from "./testing/memory-disk.ts";
import { DIRECTORY, JOURNAL_ID, openSample, sampleDisk } from "./testing/sample-journal.ts";

const INFO = { epoch: 3, firstSequence: 41, count: 2, records: 3, timeMs: 1.5, bodyBytes: 1000 };

function chain(): ChainState {
  const chainHash = new Uint8Array(32).fill(5);
  return { journalId: new Uint8Array(16).fill(6), groupTag: 77, nextSequence: 41, chainHash, epoch: 3 };
}

function sealed(): Uint8Array {
  const frame = new Uint8Array(frameExtent(INFO.bodyBytes)).fill(9);
  sealFrame(frame, INFO, chain());
  return frame;
}

/** Makes the CRC right again, so that the rule behind it is what refuses. */
function withCrc(frame: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const view = viewOf(frame);
  change(view);
  view.setUint32(124, crc32(frame.subarray(0, 124)), true);
  return frame;
}

function faultOf(frame: Uint8Array, limit = frame.byteLength): string | undefined {
  return frameFault(frame, viewOf(frame), 0, limit);
}

test("a sealed frame is valid and linked, and says what it was given", () => {
  const frame = sealed();
  expect(faultOf(frame)).toBe(undefined);
  expect(linkFault(frame, viewOf(frame), 0, chain())).toBe(undefined);
  expect(readInfo(viewOf(frame), 0)).toEqual(INFO);
});

test.each<[string, (view: DataView) => void]>([
  ["magic", (view) => view.setUint32(0, 1, true)],
  ["another format version", (view) => view.setUint16(4, 2, true)],
  ["zero bytes", (view) => view.setUint16(6, 1, true)],
  ["zero bytes", (view) => view.setUint8(96, 1)],
  ["zero bytes", (view) => view.setUint8(123, 1)],
  ["1001 body bytes", (view) => view.setUint32(48, 1001, true)],
  ["8388616 body bytes", (view) => view.setUint32(48, (8 << 20) + 8, true)],
  ["beyond its segment", (view) => view.setUint32(48, 4096, true)],
  ["more sequences than records", (view) => view.setUint32(52, 4, true)],
  ["frame body whose CRC", (view) => view.setUint32(60, 1, true)],
  ["frame body whose CRC", (view) => view.setUint8(FRAME_HEADER_BYTES, 1)],
  ["padding", (view) => view.setUint8(FRAME_HEADER_BYTES + INFO.bodyBytes, 1)],
])("a frame is not valid with a wrong %s, though its header's CRC is right", (fault, change) => {
  expect(faultOf(withCrc(sealed(), change))).toContain(fault);
});

/** A frame whose last sector holds `zeros` bytes of the body, all zero. */
function endingInZeros(zeros: number): Uint8Array {
  const bodyBytes = 1024 - FRAME_HEADER_BYTES + zeros;
  const frame = new Uint8Array(frameExtent(bodyBytes)).fill(9);
  frame.fill(0, 1024);
  sealFrame(frame, { ...INFO, bodyBytes }, chain());
  return frame;
}

test("a frame whose last sector holds only zeros of its last record is marked there, and valid", () => {
  for (const zeros of [8, 16, 504]) {
    const frame = endingInZeros(zeros);
    expect(faultOf(frame)).toBe(undefined);
    expect(hasZeroSector(frame, 0, frame.byteLength)).toBe(false);
    expect(frame.subarray(1024).indexOf(0xff)).toBe(511);
  }
});

test("a frame is not valid without the mark where it belongs, or with it where it does not", () => {
  const unmarked = endingInZeros(8);
  unmarked[unmarked.byteLength - 1] = 0;
  const marked = sealed();
  marked[marked.byteLength - 1] = 0xff;
  for (const frame of [unmarked, marked]) expect(faultOf(frame)).toContain("padding");
});

test("a frame whose segment ends before it is not valid", () => {
  const frame = sealed();
  expect(faultOf(frame, frame.byteLength - 512)).toContain("beyond its segment");
});

test.each<[string, (view: DataView) => void]>([
  ["another journal", (view) => view.setUint8(8, 7)],
  ["another group", (view) => view.setUint32(24, 78, true)],
  ["first sequence is 40", (view) => setU64(view, 32, 40)],
  ["first sequence is 42", (view) => setU64(view, 32, 42)],
  ["first sequence is 4294967337", (view) => setU64(view, 32, 2 ** 32 + 41)],
  ["previous hash", (view) => view.setUint8(64, 6)],
  ["previous hash", (view) => view.setUint8(95, 6)],
  ["older epoch", (view) => view.setUint32(28, 2, true)],
])("a valid frame is not linked if it is of %s", (fault, change) => {
  const frame = withCrc(sealed(), change);
  expect(faultOf(frame)).toBe(undefined);
  expect(linkFault(frame, viewOf(frame), 0, chain())).toContain(fault);
});

test("sequences above 2^32 are kept exactly", () => {
  const big = 2 ** 45 + 12_345;
  const frame = new Uint8Array(512).fill(1);
  sealFrame(frame, { ...INFO, firstSequence: big, bodyBytes: 8 }, { ...chain(), nextSequence: big });
  expect(readInfo(viewOf(frame), 0).firstSequence).toBe(big);
});

const FIRST = join(DIRECTORY, segmentFile(1, 1));

/** The sample journal with `change` made to a whole linked frame behind its last one. */
function withNextFrame(bodyBytes: number, change: (frame: Uint8Array) => void): MemoryDisk {
  const disk = sampleDisk([600]);
  const { journal } = openSample(disk.clone());
  const { offset, chainHash, nextSequence } = journal.position;
  const frame = new Uint8Array(frameExtent(bodyBytes)).fill(4);
  const groupTag = crc32("g0");
  const info = { epoch: 1, firstSequence: nextSequence, count: 1, records: 1, timeMs: 1, bodyBytes };
  sealFrame(frame, info, { journalId: JOURNAL_ID, groupTag, nextSequence, chainHash, epoch: 1 });
  change(frame);
  const bytes = disk.content(FIRST);
  bytes.set(frame.subarray(0, bytes.byteLength - offset), offset);
  disk.place(FIRST, bytes);
  return disk;
}

function letterOf(disk: MemoryDisk): string | undefined {
  try {
    openSample(disk);
  } catch (error) {
    if (error instanceof DamageError) return error.report.letter;
    throw error;
  }
  return undefined;
}

test("a whole frame behind the last one is taken, and one of which a sector is missing is cut", () => {
  expect(openSample(withNextFrame(2000, () => {})).names.length).toBe(2);
  const { names, events } = openSample(withNextFrame(2000, (frame) => frame.fill(0, 512, 1024)));
  expect(names.length).toBe(1);
  expect(events[0]).toMatchObject({ kind: "cut", torn: true, report: { letter: "K" } });
});

test("a missing sector under a header that is not of the next frame is damage: no write of ours left that", () => {
  const change = (frame: Uint8Array) => {
    withCrc(frame, (view) => setU64(view, 32, 9));
    frame.fill(0, 512, 1024);
  };
  expect(letterOf(withNextFrame(2000, change))).toBe("M");
});

test("a frame into the last sector is damage, whole or not: that sector is the seal's", () => {
  const room = (8 << 10) - SEGMENT_HEADER_BYTES - frameExtent(600);
  expect(letterOf(withNextFrame(room - FRAME_HEADER_BYTES - 512, () => {}))).toBe(undefined);
  expect(letterOf(withNextFrame(room - FRAME_HEADER_BYTES, () => {}))).toBe("D");
  expect(letterOf(withNextFrame(room - FRAME_HEADER_BYTES, (frame) => frame.fill(0, 512, 1024)))).toBe("M");
});
