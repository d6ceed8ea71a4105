/**
 * Frame and seal: layout and the check of what is read, and of what is to be written. FORMAT.md is the
 * specification; offsets are known here only.
 */
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert, FRAME_BODY_BYTES_MAX } from "../engine/index.ts";
import { equalBytes, getU64, isZero, SECTOR_BYTES, sectorsUp, setU64, viewOf } from "./bytes.ts";

/** Bytes that the engine leaves free at the start of a frame buffer; the journal fills them. */
export const FRAME_HEADER_BYTES = 128;

/** Bytes of a chain hash (SHA-256). */
export const CHAIN_HASH_BYTES = 32;

/** The chain hash before the first frame. */
export const NO_CHAIN_HASH: Uint8Array = new Uint8Array(CHAIN_HASH_BYTES);

/** Bytes of the largest frame on disk. */
export const FRAME_EXTENT_MAX: number = sectorsUp(FRAME_HEADER_BYTES + FRAME_BODY_BYTES_MAX);

export const FORMAT_VERSION = 1;

const FRAME_MAGIC = 0x52464652; // "RFFR" as bytes
const SEAL_MAGIC = 0x4e454652; // "RFEN" as bytes

const AT = Object.freeze({
  magic: 0,
  version: 4,
  zero: 6,
  journalId: 8,
  groupTag: 24,
  epoch: 28,
  firstSequence: 32,
  timeMs: 40,
  bodyBytes: 48,
  count: 52,
  records: 56,
  bodyCrc: 60,
  previousHash: 64,
  reserved: 96,
  headerCrc: 124,
});

const SEAL_AT = Object.freeze({
  journalId: 8,
  nextSegment: 24,
  zero: 28,
  firstSequence: 32,
  chainHash: 40,
  reserved: 72,
  crc: 508,
});

/** What a frame says about itself. */
export interface FrameInfo {
  /** 1 until groups are replicated. */
  readonly epoch: number;
  /** Sequence of the first sequenced record; with `count` 0, the next sequence to come. */
  readonly firstSequence: number;
  /** Records with a sequence. */
  readonly count: number;
  /** All records, control records too. */
  readonly records: number;
  /** Group time of the batch, ms since 1970. */
  readonly timeMs: number;
  /** Bytes of the records, a multiple of 8, at most FRAME_BODY_BYTES_MAX. */
  readonly bodyBytes: number;
}

/** What ties a frame to its journal and to the frame before it. */
export interface ChainState {
  readonly journalId: Uint8Array;
  readonly groupTag: number;
  nextSequence: number;
  chainHash: Uint8Array;
  /** Epoch of the frame before, 0 before the first. */
  epoch: number;
}

/** Number that stands for a group's name in frames. */
export function groupTag(group: string): number {
  return crc32(group);
}

/** Bytes of a frame on disk: header, body, and padding to a whole sector. */
export function frameExtent(bodyBytes: number): number {
  return sectorsUp(FRAME_HEADER_BYTES + bodyBytes);
}

/** The padding's last byte, where the frame's last sector would otherwise be all zeros. */
const MARK = 0xff;

/**
 * What the padding's last byte must be, for the body that ends at `bodyEnd` in the frame that ends at `end`. Records may end with
 * zeros, such as an empty balance; when only those reach into the last sector, it would look as if it had never been written.
 */
function paddingEnd(bytes: Uint8Array, bodyEnd: number, end: number): number {
  return isZero(bytes, end - SECTOR_BYTES, bodyEnd) ? MARK : 0;
}

/** Fills header and padding. `frame` is exactly the frame's extent. */
export function sealFrame(frame: Uint8Array, info: FrameInfo, chain: ChainState): void {
  assert(frame.byteLength === frameExtent(info.bodyBytes), "a frame is sealed in exactly its extent");
  assert(info.bodyBytes % 8 === 0 && info.bodyBytes <= FRAME_BODY_BYTES_MAX, "a body is at most 8 MiB, in units of 8");
  assert(Number.isInteger(info.count) && info.count >= 0 && info.count <= info.records, "0 <= count <= records");
  const end = FRAME_HEADER_BYTES + info.bodyBytes;
  frame.fill(0, end);
  frame.fill(0, 0, FRAME_HEADER_BYTES);
  const view = viewOf(frame);
  view.setUint32(AT.magic, FRAME_MAGIC, true);
  view.setUint16(AT.version, FORMAT_VERSION, true);
  frame.set(chain.journalId, AT.journalId);
  view.setUint32(AT.groupTag, chain.groupTag, true);
  view.setUint32(AT.epoch, info.epoch, true);
  setU64(view, AT.firstSequence, info.firstSequence);
  view.setFloat64(AT.timeMs, info.timeMs, true);
  view.setUint32(AT.bodyBytes, info.bodyBytes, true);
  view.setUint32(AT.count, info.count, true);
  view.setUint32(AT.records, info.records, true);
  view.setUint32(AT.bodyCrc, crc32(frame.subarray(FRAME_HEADER_BYTES, end)), true);
  frame.set(chain.chainHash, AT.previousHash);
  // After the header: in a frame of one sector it is the header that is not zero.
  if (end < frame.byteLength) frame[frame.byteLength - 1] = paddingEnd(frame, end, frame.byteLength);
  view.setUint32(AT.headerCrc, crc32(frame.subarray(0, AT.headerCrc)), true);
}

/** What is wrong with a frame header, or undefined. `at` must be a sector's start inside `bytes`. */
export function headerFault(bytes: Uint8Array, view: DataView, at: number): string | undefined {
  if (view.getUint32(at + AT.magic, true) !== FRAME_MAGIC) return "no frame magic";
  if (view.getUint32(at + AT.headerCrc, true) !== crc32(bytes.subarray(at, at + AT.headerCrc))) {
    return "a frame header whose CRC is wrong";
  }
  if (view.getUint16(at + AT.version, true) !== FORMAT_VERSION) return "a frame of another format version";
  const bodyBytes = view.getUint32(at + AT.bodyBytes, true);
  if (bodyBytes % 8 !== 0 || bodyBytes > FRAME_BODY_BYTES_MAX)
    return `a frame header that says ${bodyBytes} body bytes`;
  if (view.getUint32(at + AT.count, true) > view.getUint32(at + AT.records, true)) return "more sequences than records";
  if (view.getUint16(at + AT.zero, true) !== 0) return "a frame header whose zero bytes are not zero";
  if (!isZero(bytes, at + AT.reserved, at + AT.headerCrc)) return "a frame header whose zero bytes are not zero";
  return undefined;
}

/** What is wrong behind a valid frame header, or undefined. `limit` is where the segment (or what was read of it) ends. */
export function bodyFault(bytes: Uint8Array, view: DataView, at: number, limit: number): string | undefined {
  const bodyBytes = view.getUint32(at + AT.bodyBytes, true);
  const body = at + FRAME_HEADER_BYTES;
  const end = at + frameExtent(bodyBytes);
  if (end > limit) return "a frame that reaches beyond its segment";
  if (view.getUint32(at + AT.bodyCrc, true) !== crc32(bytes.subarray(body, body + bodyBytes))) {
    return "a frame body whose CRC is wrong";
  }
  const bodyEnd = body + bodyBytes;
  if (bodyEnd === end) return undefined;
  const isPadded = isZero(bytes, bodyEnd, end - 1) && bytes[end - 1] === paddingEnd(bytes, bodyEnd, end);
  return isPadded ? undefined : "frame padding that is not what it must be";
}

/** What is wrong with the frame at `at`, or undefined if it is valid (FORMAT.md, "Frame"). */
export function frameFault(bytes: Uint8Array, view: DataView, at: number, limit: number): string | undefined {
  return headerFault(bytes, view, at) ?? bodyFault(bytes, view, at, limit);
}

/** Why a valid frame does not continue the chain, or undefined if it is linked. */
export function linkFault(bytes: Uint8Array, view: DataView, at: number, chain: ChainState): string | undefined {
  if (!equalBytes(bytes.subarray(at + AT.journalId, at + AT.groupTag), chain.journalId)) {
    return "a frame of another journal";
  }
  if (view.getUint32(at + AT.groupTag, true) !== chain.groupTag) return "a frame of another group";
  const first = getU64(view, at + AT.firstSequence);
  if (first !== chain.nextSequence) return `a frame whose first sequence is ${first}`;
  if (!equalBytes(bytes.subarray(at + AT.previousHash, at + AT.reserved), chain.chainHash)) {
    return "a frame that follows another frame (its previous hash differs)";
  }
  if (view.getUint32(at + AT.epoch, true) < chain.epoch) return "a frame of an older epoch";
  return undefined;
}

/** Reads what a valid frame says about itself. */
export function readInfo(view: DataView, at: number): FrameInfo {
  return {
    epoch: view.getUint32(at + AT.epoch, true),
    firstSequence: getU64(view, at + AT.firstSequence),
    count: view.getUint32(at + AT.count, true),
    records: view.getUint32(at + AT.records, true),
    timeMs: view.getFloat64(at + AT.timeMs, true),
    bodyBytes: view.getUint32(at + AT.bodyBytes, true),
  };
}

/** SHA-256 over header and body of the frame at `at`: the chain hash behind it. */
export function frameHash(bytes: Uint8Array, at: number, bodyBytes: number): Uint8Array {
  return hash("sha256", bytes.subarray(at, at + FRAME_HEADER_BYTES + bodyBytes), "buffer");
}

/** Moves the chain behind a linked frame. */
export function advance(chain: ChainState, info: FrameInfo, hashAfter: Uint8Array): void {
  chain.nextSequence = info.firstSequence + info.count;
  chain.chainHash = hashAfter;
  chain.epoch = info.epoch;
}

/** The sector that ends a segment whose successor is in place. */
export function makeSeal(chain: ChainState, nextSegment: number): Uint8Array {
  const seal = new Uint8Array(SECTOR_BYTES);
  const view = viewOf(seal);
  view.setUint32(AT.magic, SEAL_MAGIC, true);
  view.setUint16(AT.version, FORMAT_VERSION, true);
  seal.set(chain.journalId, SEAL_AT.journalId);
  view.setUint32(SEAL_AT.nextSegment, nextSegment, true);
  setU64(view, SEAL_AT.firstSequence, chain.nextSequence);
  seal.set(chain.chainHash, SEAL_AT.chainHash);
  view.setUint32(SEAL_AT.crc, crc32(seal.subarray(0, SEAL_AT.crc)), true);
  return seal;
}

/** True if a whole seal stands at `at`, whatever it seals. */
export function isSeal(bytes: Uint8Array, view: DataView, at: number): boolean {
  if (at + SECTOR_BYTES > bytes.byteLength || view.getUint32(at, true) !== SEAL_MAGIC) return false;
  return view.getUint32(at + SEAL_AT.crc, true) === crc32(bytes.subarray(at, at + SEAL_AT.crc));
}

/** True if the seal at `at` is the one that belongs there. */
export function sealContinues(bytes: Uint8Array, at: number, chain: ChainState, nextSegment: number): boolean {
  return equalBytes(bytes.subarray(at, at + SECTOR_BYTES), makeSeal(chain, nextSegment));
}
