/** Finding and reading snapshots. */
import { basename, dirname, join } from "node:path";
import { equalBytes, isZero, readBuffer, sectorsUp, viewOf } from "./bytes.ts";
import { DamageError, errorText } from "./errors.ts";
import type { JournalEvent } from "./events.ts";
import { type FileLayer, type Handle, readFully } from "./file-layer.ts";
import { READ_BYTES } from "./limits.ts";
import { nodeLayer } from "./node-layer.ts";
import {
  addToTotal,
  CHUNK_HEAD_BYTES,
  chunkCrc,
  makeTrailer,
  paddedBytes,
  parseSnapshotFile,
  parseSnapshotHeader,
  SNAPSHOT_HEADER_BYTES,
  type SnapshotMeta,
  TRAILER_TAG,
} from "./snapshot-format.ts";

/**
 * Takes one chunk; `bytes` starts at a multiple of 8 of its buffer and is valid during the call only. `left`: bytes of the file behind
 * it.
 */
export type OnChunk = (tag: number, index: number, bytes: Uint8Array, left: number) => void;

/** Files named as snapshots, newest first; nothing is said about their content. */
export function findSnapshots(layer: FileLayer, directory: string): { file: string; sequence: number }[] {
  const found: { file: string; sequence: number }[] = [];
  for (const file of layer.list(directory)) {
    const sequence = parseSnapshotFile(file);
    if (sequence !== undefined) found.push({ file, sequence });
  }
  return found.sort((a, b) => b.sequence - a.sequence);
}

export interface NewestSnapshotOptions {
  readonly directory: string;
  readonly group: string;
  readonly layer?: FileLayer;
  readonly onEvent?: (event: JournalEvent) => void;
}

/**
 * The newest valid snapshot of the group, read whole; an invalid one is told by an event and passed over. Undefined if there
 * is none: then the journal must be whole, and `Journal.open` refuses if it is not.
 */
export function newestSnapshot(options: NewestSnapshotOptions): { path: string; meta: SnapshotMeta } | undefined {
  const { directory, group, layer = nodeLayer, onEvent } = options;
  layer.mkdir(directory);
  for (const { file } of findSnapshots(layer, directory)) {
    const path = join(directory, file);
    try {
      const meta = readSnapshot(layer, path, () => {});
      if (meta.group === group) return { path, meta };
      onEvent?.({ kind: "snapshot-invalid", file, message: `It is of group ${meta.group}.` });
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      onEvent?.({ kind: "snapshot-invalid", file, message: errorText(error) });
    }
  }
  return undefined;
}

/** Reads and checks a snapshot's header alone; undefined if it is not valid. */
export function readSnapshotHeader(layer: FileLayer, path: string): SnapshotMeta | undefined {
  const handle = layer.open(path, "read");
  try {
    const bytes = new Uint8Array(SNAPSHOT_HEADER_BYTES);
    const meta = parseSnapshotHeader(bytes.subarray(0, readFully(layer, handle, bytes, 0)));
    return typeof meta === "string" ? undefined : meta;
  } finally {
    layer.close(handle);
  }
}

/**
 * Reads a snapshot whole and checks every byte of it. Chunks are handed out before the trailer is checked: what was built
 * from them counts only when this returns. Throws DamageError if it is not valid, and the system's ENOENT if it is not there, or was
 * taken away by retention meanwhile.
 */
export function readSnapshot(layer: FileLayer, path: string, onChunk: OnChunk): SnapshotMeta {
  const handle = layer.open(path, "read");
  try {
    return readParts(new BlockReader(layer, handle), basename(path), onChunk);
  } catch (error) {
    // Retention takes a spent snapshot's name away before it cuts the first byte off: that is no damage.
    const isGone = error instanceof DamageError && !layer.list(dirname(path)).includes(basename(path));
    throw isGone
      ? Object.assign(new Error(`ENOENT: ${path} was deleted while it was read`), { code: "ENOENT" })
      : error;
  } finally {
    layer.close(handle);
  }
}

function readParts(reader: BlockReader, file: string, onChunk: OnChunk): SnapshotMeta {
  const refuse = (expected: string, found: string): never => {
    throw new DamageError({
      kind: "snapshot",
      file,
      offset: reader.offset,
      expected,
      found,
      lastSequence: 0,
      acceptable: false,
    });
  };
  const take = (bytes: number) => reader.take(bytes) ?? refuse("more bytes", "the end of the file");
  const meta = parseSnapshotHeader(take(SNAPSHOT_HEADER_BYTES));
  if (typeof meta === "string") return refuse("a valid snapshot header", meta);
  const sequence = meta.position.nextSequence - 1;
  if (parseSnapshotFile(file) !== sequence)
    refuse(`the name of the snapshot after sequence ${sequence}`, "another name");
  let total = 0;
  for (let chunks = 0; ; chunks++) {
    const head = take(CHUNK_HEAD_BYTES).slice();
    const view = viewOf(head);
    const [tag, index, bytes, crc] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
      number,
      number,
      number,
      number,
    ];
    if (tag === TRAILER_TAG) {
      if (!equalBytes(head, makeTrailer(chunks, total))) refuse("the trailer of the chunks before it", "another one");
      if (reader.left > 0) refuse("the end of the file", `${reader.left} more bytes`);
      return meta;
    }
    const padded = take(paddedBytes(bytes));
    const content = padded.subarray(0, bytes);
    if (chunkCrc(head, content) !== crc) refuse("a chunk with the CRC that its head says", "another CRC");
    if (!isZero(padded, bytes, padded.byteLength)) refuse("zeros behind a chunk", "other bytes");
    total = addToTotal(total, crc);
    onChunk(tag, index, content, reader.left);
  }
}

/**
 * Reads a file in large blocks and hands it out in pieces; a multiple of 8 in the file is one in the buffer. Blocks begin at multiples of
 * a sector in the file and in the buffer, as reading past the page cache asks.
 */
class BlockReader {
  readonly #layer: FileLayer;
  readonly #handle: Handle;
  readonly #size: number;
  #buffer: Uint8Array = new Uint8Array(0);
  /** Where in the buffer the next piece begins, and where what was read ends. */
  #at = 0;
  #end = 0;
  /** Bytes from the file's start to what is read next. */
  #position = 0;

  constructor(layer: FileLayer, handle: Handle) {
    this.#layer = layer;
    this.#handle = handle;
    this.#size = layer.size(handle);
  }

  /** Bytes from the file's start to what is handed out next. */
  get offset(): number {
    return this.#position - (this.#end - this.#at);
  }

  get left(): number {
    return this.#size - this.offset;
  }

  /** The next `bytes` (a multiple of 8), or undefined if the file is shorter. Valid until the next call. */
  take(bytes: number): Uint8Array | undefined {
    if (bytes > this.left) return undefined;
    if (this.#end - this.#at < bytes && !this.#refill(bytes)) return undefined;
    const piece = this.#buffer.subarray(this.#at, this.#at + bytes);
    this.#at += bytes;
    return piece;
  }

  #refill(bytes: number): boolean {
    const kept = this.#buffer.subarray(this.#at, this.#end);
    // What is kept goes right before the place of the next block.
    const start = sectorsUp(kept.byteLength);
    const wanted = Math.min(Math.max(sectorsUp(bytes - kept.byteLength), READ_BYTES), sectorsUp(this.#size));
    const buffer = this.#buffer.byteLength < start + wanted ? readBuffer(start + wanted) : this.#buffer;
    buffer.set(kept, start - kept.byteLength);
    const read = readFully(this.#layer, this.#handle, buffer.subarray(start, start + wanted), this.#position);
    this.#buffer = buffer;
    this.#at = start - kept.byteLength;
    this.#end = start + read;
    this.#position += read;
    return this.#end - this.#at >= bytes;
  }
}
