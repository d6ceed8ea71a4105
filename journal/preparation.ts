/** The next segment: filled with zeros ahead of its use, a slice at a time, and synced off the thread. */
import { join } from "node:path";
import { assert } from "../engine/index.ts";
import { type FileLayer, type Handle, writeZeros } from "./file-layer.ts";
import { PREPARATION_SYNC_BYTES } from "./limits.ts";
import { prepFile } from "./segment.ts";

export interface PreparationOptions {
  readonly layer: FileLayer;
  readonly directory: string;
  /** Number of the segment to be. */
  readonly number: number;
  readonly segmentBytes: number;
}

/** One segment in the making. Any failure, thrown or found later (`fault`), means: `abandon` it and begin another. */
export class Preparation {
  readonly path: string;
  readonly #layer: FileLayer;
  readonly #handle: Handle;
  #segmentBytes: number;
  #filled = 0;
  #syncedAt = 0;
  #syncing = false;
  #closing = false;
  #fault: unknown;

  /** Creates the file, in place of one left over; throws what the layer throws. */
  constructor({ layer, directory, number, segmentBytes }: PreparationOptions) {
    this.path = join(directory, prepFile(number));
    if (layer.list(directory).includes(prepFile(number))) layer.unlink(this.path);
    this.#layer = layer;
    this.#segmentBytes = segmentBytes;
    this.#handle = layer.open(this.path, "create");
  }

  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  get filled(): number {
    return this.#filled;
  }

  /** True if filled and synced, so that taking it costs one small sync. */
  get ready(): boolean {
    return this.#filled === this.#segmentBytes && this.#syncedAt === this.#segmentBytes;
  }

  /** Why a background sync failed. The file is of no use then: its sync is never tried again (I9). */
  get fault(): unknown {
    return this.#fault;
  }

  /** Writes at most `bytes` of zeros; starts a sync in the background when enough has come together. */
  step(bytes: number): void {
    const to = Math.min(this.#segmentBytes, this.#filled + bytes);
    writeZeros(this.#layer, this.#handle, this.#filled, to);
    this.#filled = to;
    const unsynced = this.#filled - this.#syncedAt;
    const due = unsynced >= PREPARATION_SYNC_BYTES || (unsynced > 0 && this.#filled === this.#segmentBytes);
    if (due && !this.#syncing) this.#sync();
  }

  /** Fills it to the end now, after making it `segmentBytes` large if it was to be smaller. */
  fill(segmentBytes: number): void {
    this.#segmentBytes = Math.max(this.#segmentBytes, segmentBytes);
    writeZeros(this.#layer, this.#handle, this.#filled, this.#segmentBytes);
    this.#filled = this.#segmentBytes;
  }

  /**
   * Hands the filled file over: a new handle, not synced. A handle of its own, because the kernel reports a failed write to
   * one sync call per handle: a background sync still under way must not swallow the error of a frame's sync.
   */
  take(): Handle {
    assert(this.#filled === this.#segmentBytes, "a segment is taken when it is full of zeros");
    const handle = this.#layer.open(this.path, "update");
    this.#close();
    return handle;
  }

  /** Removes the file; never throws, for it is called where something else has failed. */
  abandon(): void {
    try {
      this.#close();
      this.#layer.unlink(this.path);
    } catch {
      // A left-over file is replaced by the next preparation, or deleted on the next start.
    }
  }

  #sync(): void {
    const filled = this.#filled;
    this.#syncing = true;
    this.#layer.datasyncInBackground(this.#handle).then(
      () => this.#synced(filled),
      (error: unknown) => {
        this.#fault = error;
        this.#synced(this.#syncedAt);
      },
    );
  }

  #synced(filled: number): void {
    this.#syncedAt = filled;
    this.#syncing = false;
    if (this.#closing) this.#release();
  }

  /** Closes now, or when the sync under way has ended: its handle's number must not be given to another file before. */
  #close(): void {
    this.#closing = true;
    if (!this.#syncing) this.#release();
  }

  #release(): void {
    try {
      this.#layer.close(this.#handle);
    } catch {
      // Whether its bytes are on the disk is told by the sync of the handle that was taken, not by this.
    }
  }
}
