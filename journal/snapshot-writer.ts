import { join } from "node:path";
import { assert } from "../engine/index.ts";
import { SECTOR_BYTES, sectorAligned, viewOf } from "./bytes.ts";
import { JournalError } from "./errors.ts";
import { type FileLayer, type Handle, writeFullyInBackground } from "./file-layer.ts";
import { SNAPSHOT_SYNC_BYTES, STAGING_BYTES } from "./limits.ts";
import {
  addToTotal,
  CHUNK_HEAD_BYTES,
  chunkCrc,
  makeSnapshotHeader,
  makeTrailer,
  paddedBytes,
  type SnapshotMeta,
  snapshotFile,
  TRAILER_TAG,
  UNFINISHED,
} from "./snapshot-format.ts";

/**
 * Writes one snapshot beside a running journal: all writes and syncs off the calling thread, and the file is known by its name
 * only when it is whole and durable. Its states: *open*, with at most one call under way; *failed* from the first failure on
 * (a sync is never tried again), when only `abort` is left; *ended*.
 */
export class SnapshotWriter {
  readonly #layer: FileLayer;
  readonly #directory: string;
  readonly #temporary: string;
  readonly #file: string;
  readonly #handle: Handle;
  readonly #header: Uint8Array;
  #staging = sectorAligned(STAGING_BYTES);
  /** Bytes at the staging buffer's start that are not written yet: less than a sector, but for those of the call under way. */
  #waiting = 0;
  /** Bytes written; whole sectors, until the end. */
  #position = 0;
  #syncedAt = 0;
  #chunks = 0;
  #total = 0;
  #underWay: Promise<void> | undefined;
  #state: "open" | "failed" | "ended" = "open";

  /** Makes the temporary file; throws what the layer throws. `meta.position` must be durable in the journal. */
  constructor(layer: FileLayer, directory: string, meta: SnapshotMeta) {
    this.#layer = layer;
    this.#directory = directory;
    this.#file = snapshotFile(meta.position.nextSequence - 1);
    this.#temporary = join(directory, `${this.#file}${UNFINISHED}`);
    if (layer.list(directory).includes(`${this.#file}${UNFINISHED}`)) layer.unlink(this.#temporary);
    this.#handle = layer.open(this.#temporary, "create");
    this.#header = makeSnapshotHeader(meta);
  }

  /**
   * Adds a chunk. `bytes` is copied before this returns, so the caller may go on changing it at once; the next call must wait
   * until the promise has settled. Rejects with JournalError when a file call fails.
   */
  addChunk(tag: number, index: number, bytes: Uint8Array): Promise<void> {
    assert(tag < TRAILER_TAG, "a chunk does not have the trailer's tag");
    const padded = paddedBytes(bytes.byteLength);
    const start = this.#begin(CHUNK_HEAD_BYTES + padded);
    const head = this.#staging.subarray(start, start + CHUNK_HEAD_BYTES);
    const view = viewOf(head);
    view.setUint32(0, tag, true);
    view.setUint32(4, index, true);
    view.setUint32(8, bytes.byteLength, true);
    const crc = chunkCrc(head, bytes);
    view.setUint32(12, crc, true);
    const content = start + CHUNK_HEAD_BYTES;
    this.#staging.set(bytes, content);
    this.#staging.fill(0, content + bytes.byteLength, content + padded);
    this.#chunks++;
    this.#total = addToTotal(this.#total, crc);
    return this.#run(() => this.#write(content + padded));
  }

  /** Completes the snapshot; resolves with its file name when it is durable under it. */
  async finish(): Promise<string> {
    const start = this.#begin(CHUNK_HEAD_BYTES);
    this.#staging.set(makeTrailer(this.#chunks, this.#total), start);
    await this.#run(async () => {
      await this.#write(start + CHUNK_HEAD_BYTES);
      await this.#writeRest();
      await this.#layer.datasyncInBackground(this.#handle);
      this.#layer.close(this.#handle);
      this.#state = "ended";
      this.#layer.rename(this.#temporary, join(this.#directory, this.#file));
      this.#layer.syncDirectory(this.#directory);
    });
    return this.#file;
  }

  /** Removes what was written; for an open or failed writer. Never rejects: a left-over file is removed on the next start. */
  async abort(): Promise<void> {
    // The handle's number must not be given to another file while a call on it is under way.
    await this.#underWay?.catch(() => {});
    if (this.#state === "ended") return;
    this.#state = "ended";
    try {
      this.#layer.close(this.#handle);
      this.#layer.unlink(this.#temporary);
    } catch {
      // Said above.
    }
  }

  /** Makes room for `bytes` in the staging buffer, behind what waits there, or behind the header; returns where they go. */
  #begin(bytes: number): number {
    assert(this.#state === "open", `a snapshot is written while open, not ${this.#state}`);
    assert(this.#underWay === undefined, "a snapshot has at most one call under way");
    const isFirst = this.#position + this.#waiting === 0;
    const start = isFirst ? this.#header.byteLength : this.#waiting;
    if (this.#staging.byteLength < start + bytes) {
      const larger = sectorAligned(start + bytes + SECTOR_BYTES);
      larger.set(this.#staging.subarray(0, this.#waiting));
      this.#staging = larger;
    }
    if (isFirst) this.#staging.set(this.#header);
    return start;
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#underWay = work();
    try {
      await this.#underWay;
    } catch (error) {
      if (this.#state === "open") this.#state = "failed";
      throw JournalError.from(error, "the snapshot was not written");
    } finally {
      this.#underWay = undefined;
    }
  }

  /**
   * Writes the staging buffer's first `bytes`, but for the last ones that fill no sector: whole sectors can go past the page cache, where a
   * gigabyte would cost the memory of readers, and on a virtual machine seconds of a processor to get pages for it.
   */
  async #write(bytes: number): Promise<void> {
    const whole = bytes - (bytes % SECTOR_BYTES);
    await writeFullyInBackground(this.#layer, this.#handle, this.#staging.subarray(0, whole), this.#position);
    this.#position += whole;
    this.#staging.copyWithin(0, whole, bytes);
    this.#waiting = bytes - whole;
    if (this.#position - this.#syncedAt < SNAPSHOT_SYNC_BYTES) return;
    await this.#layer.datasyncInBackground(this.#handle);
    this.#syncedAt = this.#position;
  }

  /** Writes what fills no sector, when nothing comes behind it. */
  async #writeRest(): Promise<void> {
    const rest = this.#staging.subarray(0, this.#waiting);
    await writeFullyInBackground(this.#layer, this.#handle, rest, this.#position);
  }
}
