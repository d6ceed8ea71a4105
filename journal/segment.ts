/** Segment files: their names and the header sector. FORMAT.md is the specification. */
import { crc32 } from "node:zlib";
import { assert } from "../engine/index.ts";
import { equalBytes, getU64, SECTOR_BYTES, setU64, viewOf } from "./bytes.ts";
import { CHAIN_HASH_BYTES, FORMAT_VERSION } from "./frame.ts";
import { GROUP_BYTES_MAX } from "./limits.ts";

/** Bytes of the header in front of a segment's frames. */
export const SEGMENT_HEADER_BYTES: number = SECTOR_BYTES;

/** Bytes of a journal id. */
export const JOURNAL_ID_BYTES = 16;

const MAGIC = 0x47534652; // "RFSG" as bytes

const AT = Object.freeze({
  version: 4,
  journalId: 8,
  number: 24,
  groupBytes: 28,
  firstSequence: 32,
  segmentBytes: 40,
  chainHash: 48,
  group: 80,
  crc: 508,
});

/** What a segment's header says. */
export interface SegmentHeader {
  readonly journalId: Uint8Array;
  readonly group: string;
  /** From 1 on, without a gap. */
  readonly number: number;
  /** First sequence that the segment may hold. */
  readonly firstSequence: number;
  /** Bytes of the file. */
  readonly segmentBytes: number;
  /** Chain hash of the last frame of the segment before. */
  readonly chainHash: Uint8Array;
}

/** A segment as its file name tells it. */
export interface SegmentName {
  readonly file: string;
  readonly number: number;
  readonly firstSequence: number;
}

/** File name of a segment in use. */
export function segmentFile(number: number, firstSequence: number): string {
  return `${String(number).padStart(8, "0")}-${String(firstSequence).padStart(20, "0")}.seg`;
}

/** File name of a segment that is being filled with zeros. */
export function prepFile(number: number): string {
  return `${String(number).padStart(8, "0")}.prep`;
}

/** What a file name tells, or undefined if it is not exactly a segment's name. */
export function parseSegmentFile(file: string): SegmentName | undefined {
  const match = /^([0-9]{8,})-([0-9]{20})\.seg$/.exec(file);
  if (match === null) return undefined;
  const name = { file, number: Number(match[1]), firstSequence: Number(match[2]) };
  return segmentFile(name.number, name.firstSequence) === file ? name : undefined;
}

export function makeSegmentHeader(header: SegmentHeader): Uint8Array {
  const group = Buffer.from(header.group, "utf8");
  assert(group.byteLength <= GROUP_BYTES_MAX, "a group's name has at most 64 bytes");
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint16(AT.version, FORMAT_VERSION, true);
  bytes.set(header.journalId, AT.journalId);
  view.setUint32(AT.number, header.number, true);
  view.setUint32(AT.groupBytes, group.byteLength, true);
  setU64(view, AT.firstSequence, header.firstSequence);
  setU64(view, AT.segmentBytes, header.segmentBytes);
  bytes.set(header.chainHash, AT.chainHash);
  bytes.set(group, AT.group);
  view.setUint32(AT.crc, crc32(bytes.subarray(0, AT.crc)), true);
  return bytes;
}

/** The header in `bytes`, or what is wrong with it. */
export function parseSegmentHeader(bytes: Uint8Array): SegmentHeader | string {
  if (bytes.byteLength < SEGMENT_HEADER_BYTES) return "a file shorter than a segment header";
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return "no segment magic";
  if (view.getUint32(AT.crc, true) !== crc32(bytes.subarray(0, AT.crc))) return "a segment header whose CRC is wrong";
  const version = view.getUint16(AT.version, true);
  if (version !== FORMAT_VERSION) return `format version ${version}`;
  const groupBytes = Math.min(view.getUint32(AT.groupBytes, true), GROUP_BYTES_MAX);
  const header: SegmentHeader = {
    journalId: bytes.slice(AT.journalId, AT.journalId + JOURNAL_ID_BYTES),
    group: Buffer.from(bytes.subarray(AT.group, AT.group + groupBytes)).toString("utf8"),
    number: view.getUint32(AT.number, true),
    firstSequence: getU64(view, AT.firstSequence),
    segmentBytes: getU64(view, AT.segmentBytes),
    chainHash: bytes.slice(AT.chainHash, AT.chainHash + CHAIN_HASH_BYTES),
  };
  if (Buffer.byteLength(header.group) !== groupBytes) return "a group's name that is not UTF-8";
  // Writing it again must give the same sector: so every zero byte is checked without a list of them.
  const same = equalBytes(makeSegmentHeader(header), bytes.subarray(0, SEGMENT_HEADER_BYTES));
  return same ? header : "a segment header whose zero bytes are not zero";
}
