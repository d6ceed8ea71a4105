/**
 * Memory for tables, in pieces cut from large blocks. A block is mapped at once but its pages only when they are first written, so
 * it costs what is used of it; and the kernel can back a large block with huge pages (see docs/decisions), which halves the
 * price of a random access.
 */
import { assert } from "./assert.ts";
import { RecordMemory } from "./memory.ts";

/** Bytes of a block: room for sixteen huge pages of 2 MiB. */
const BLOCK_BYTES = 32 << 20;

/**
 * Bytes left out at a block's start. A large block of glibc's begins 16 bytes behind a page's start, so pieces begin at a multiple of
 * 128: a row is then two cache lines and not three. With another allocator it costs nothing but these bytes.
 */
const LEAD_BYTES = 112;

export class Arena {
  #block: ArrayBuffer | undefined;
  #used = 0;

  /** A zeroed piece of `bytes`, a multiple of 128 and at most a block. It is never given back. */
  take(bytes: number): RecordMemory {
    assert(bytes % 128 === 0 && bytes <= BLOCK_BYTES, "a piece is whole pairs of cache lines and fits a block");
    if (this.#block === undefined || this.#used + bytes > LEAD_BYTES + BLOCK_BYTES) {
      this.#block = new ArrayBuffer(LEAD_BYTES + BLOCK_BYTES);
      this.#used = LEAD_BYTES;
    }
    const piece = new RecordMemory(this.#block, this.#used, bytes);
    this.#used += bytes;
    return piece;
  }
}
