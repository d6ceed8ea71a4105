/**
 * Memory for tables, in pieces cut from large blocks. A block is mapped at once but its pages only when they are first written, so
 * it costs what is used of it; and the kernel can back a large block with huge pages (see docs/decisions), which halves the
 * price of a random access.
 */
import { assert } from "./assert.ts";
import { RecordMemory } from "./memory.ts";

/** Bytes of a block: room for sixteen huge pages of 2 MiB. */
const BLOCK_BYTES = 32 << 20;

export class Arena {
  #block: ArrayBuffer | undefined;
  #used = 0;

  /** A zeroed piece of `bytes`, a multiple of 64 and at most a block. It is never given back. */
  take(bytes: number): RecordMemory {
    assert(bytes % 64 === 0 && bytes <= BLOCK_BYTES, "a piece is whole cache lines and fits a block");
    if (this.#block === undefined || this.#used + bytes > BLOCK_BYTES) {
      this.#block = new ArrayBuffer(BLOCK_BYTES);
      this.#used = 0;
    }
    const piece = new RecordMemory(this.#block, this.#used, bytes);
    this.#used += bytes;
    return piece;
  }
}
