/** Snapshot files: names, header, chunk head and trailer. FORMAT.md is the specification; offsets are known here only. */
import { crc32 } from "node:zlib";
import { assert } from "../engine/index.ts";
import { equalBytes, getU64, SECTOR_BYTES, setU64, viewOf } from "./bytes.ts";
import { CHAIN_HASH_BYTES, FORMAT_VERSION } from "./frame.ts";
import { GROUP_BYTES_MAX, STATE_HASH_BYTES_MAX } from "./limits.ts";
import type { Position } from "./scan.ts";
import { JOURNAL_ID_BYTES } from "./segment.ts";

export const SNAPSHOT_HEADER_BYTES: number = SECTOR_BYTES;

/** Bytes before a chunk's content, and of the trailer. */
export const CHUNK_HEAD_BYTES = 16;

/** The trailer's tag; no chunk may have it. */
export const TRAILER_TAG = 0xffffffff;

const MAGIC = 0x4e534652; // "RFSN" as bytes

const AT = Object.freeze({
  version: 4,
  journalId: 8,
  sequence: 24,
  timeMs: 32,
  segment: 40,
  offset: 48,
  nextSequence: 56,
  chainHash: 64,
  epoch: 96,
  groupBytes: 100,
  stateHashBytes: 102,
  group: 104,
  stateHash: 168,
  crc: 508,
});

/** What a snapshot says about itself. */
export interface SnapshotMeta {
  readonly journalId: Uint8Array;
  readonly group: string;
  readonly epoch: number;
  /** Group time of the last frame included, ms since 1970. */
  readonly timeMs: number;
  /** The place right behind the last frame included. */
  readonly position: Position;
  /** Hash of the state as the engine prints it, ASCII, at most 128 bytes. */
  readonly stateHash: string;
}

/** File name of the snapshot after `sequence`. */
export function snapshotFile(sequence: number): string {
  return `snap-${String(sequence).padStart(20, "0")}.snap`;
}

/** Behind the name of a snapshot that is not whole: not yet, or not any more. Recovery removes such files. */
export const UNFINISHED = ".tmp";

/** The sequence that a file name tells, or undefined if it is not exactly a snapshot's name. */
export function parseSnapshotFile(file: string): number | undefined {
  const match = /^snap-([0-9]{20})\.snap$/.exec(file);
  return match === null ? undefined : Number(match[1]);
}

export function makeSnapshotHeader(meta: SnapshotMeta): Uint8Array {
  const group = Buffer.from(meta.group, "utf8");
  const stateHash = Buffer.from(meta.stateHash, "latin1");
  assert(group.byteLength <= GROUP_BYTES_MAX, "a group's name has at most 64 bytes");
  assert(stateHash.byteLength <= STATE_HASH_BYTES_MAX, "a state hash has at most 128 characters");
  const bytes = new Uint8Array(SNAPSHOT_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint16(AT.version, FORMAT_VERSION, true);
  bytes.set(meta.journalId, AT.journalId);
  setU64(view, AT.sequence, meta.position.nextSequence - 1);
  view.setFloat64(AT.timeMs, meta.timeMs, true);
  view.setUint32(AT.segment, meta.position.segment, true);
  setU64(view, AT.offset, meta.position.offset);
  setU64(view, AT.nextSequence, meta.position.nextSequence);
  bytes.set(meta.position.chainHash, AT.chainHash);
  view.setUint32(AT.epoch, meta.epoch, true);
  view.setUint16(AT.groupBytes, group.byteLength, true);
  view.setUint16(AT.stateHashBytes, stateHash.byteLength, true);
  bytes.set(group, AT.group);
  bytes.set(stateHash, AT.stateHash);
  view.setUint32(AT.crc, crc32(bytes.subarray(0, AT.crc)), true);
  return bytes;
}

/** The header in `bytes`, or what is wrong with it. */
export function parseSnapshotHeader(bytes: Uint8Array): SnapshotMeta | string {
  if (bytes.byteLength < SNAPSHOT_HEADER_BYTES) return "a file shorter than a snapshot header";
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return "no snapshot magic";
  if (view.getUint32(AT.crc, true) !== crc32(bytes.subarray(0, AT.crc))) return "a snapshot header whose CRC is wrong";
  const version = view.getUint16(AT.version, true);
  if (version !== FORMAT_VERSION) return `format version ${version}`;
  const text = (at: number, length: number) => Buffer.from(bytes.subarray(at, at + length));
  const groupBytes = Math.min(view.getUint16(AT.groupBytes, true), GROUP_BYTES_MAX);
  const stateHashBytes = Math.min(view.getUint16(AT.stateHashBytes, true), STATE_HASH_BYTES_MAX);
  const meta: SnapshotMeta = {
    journalId: bytes.slice(AT.journalId, AT.journalId + JOURNAL_ID_BYTES),
    group: text(AT.group, groupBytes).toString("utf8"),
    epoch: view.getUint32(AT.epoch, true),
    timeMs: view.getFloat64(AT.timeMs, true),
    position: {
      segment: view.getUint32(AT.segment, true),
      offset: getU64(view, AT.offset),
      nextSequence: getU64(view, AT.nextSequence),
      chainHash: bytes.slice(AT.chainHash, AT.chainHash + CHAIN_HASH_BYTES),
    },
    stateHash: text(AT.stateHash, stateHashBytes).toString("latin1"),
  };
  if (Buffer.byteLength(meta.group) !== groupBytes) return "a group's name that is not UTF-8";
  // Writing it again must give the same sector: so every zero byte is checked without a list of them.
  const same = equalBytes(makeSnapshotHeader(meta), bytes.subarray(0, SNAPSHOT_HEADER_BYTES));
  return same ? meta : "a snapshot header whose zero bytes are not zero";
}

/** Bytes of a chunk's content with its padding. */
export function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** CRC over a chunk's tag, index, length and content; `head` holds the first twelve bytes. */
export function chunkCrc(head: Uint8Array, content: Uint8Array): number {
  return crc32(content, crc32(head.subarray(0, 12)));
}

/** Adds one chunk's CRC to the CRC over all of them, which begins as 0. */
export function addToTotal(total: number, crc: number): number {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, crc, true);
  return crc32(bytes, total);
}

export function makeTrailer(chunks: number, total: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEAD_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, TRAILER_TAG, true);
  view.setUint32(4, chunks, true);
  view.setUint32(8, total, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  return bytes;
}
