import { join } from "node:path";
import { SECTOR_BYTES, viewOf } from "./bytes.ts";
import { type FileLayer, type Handle, readFullyInBackground } from "./file-layer.ts";
import { FRAME_EXTENT_MAX } from "./frame.ts";
import { WINDOW_BYTES } from "./limits.ts";
import type { SegmentName } from "./segment.ts";
import { readSegmentEntry, type SegmentEntry } from "./segment-list.ts";

/** An open segment and the part of it that was read last. */
export class SegmentWindow {
  readonly entry: SegmentEntry;
  readonly #layer: FileLayer;
  readonly #handle: Handle;
  #buffer = new Uint8Array(WINDOW_BYTES);
  #from = 0;
  #filled = 0;
  bytes: Uint8Array = this.#buffer;
  view: DataView = viewOf(this.#buffer);

  /** Opens the segment; throws what the layer throws, DamageError for an invalid header. */
  constructor(layer: FileLayer, directory: string, name: SegmentName) {
    this.entry = readSegmentEntry(layer, directory, name);
    this.#layer = layer;
    this.#handle = layer.open(join(directory, name.file), "read");
  }

  /** Where `offset` of the segment stands in `bytes`, if `length` bytes from there were read; else undefined. */
  locate(offset: number, length: number): number | undefined {
    const at = offset - this.#from;
    return at >= 0 && at + length <= this.#filled ? at : undefined;
  }

  /** Reads from `offset` on, at least `length` bytes where the segment has them; what was read before is dropped. */
  async load(offset: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.entry.header.segmentBytes - offset);
    if (this.#buffer.byteLength < wanted) {
      this.#buffer = new Uint8Array(
        Math.min(Math.max(wanted, this.#buffer.byteLength * 2), FRAME_EXTENT_MAX + SECTOR_BYTES),
      );
    }
    this.#filled = 0;
    const filled = await readFullyInBackground(this.#layer, this.#handle, this.#buffer.subarray(0, wanted), offset);
    this.#from = offset;
    this.#filled = filled;
    this.bytes = this.#buffer.subarray(0, filled);
    this.view = viewOf(this.bytes);
  }

  close(): void {
    this.#layer.close(this.#handle);
  }
}
