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

/** Where blocks come from. */
export interface BlockSource {
  /** A block of zeros. */
  make(bytes: number): ArrayBufferLike;
  /**
   * Told of the part of a block that is likely to be taken next. Whoever maps its pages meanwhile spares the group the wait, and must
   * leave every byte as it is: the part may be in use at any moment.
   */
  willTake(block: ArrayBufferLike, offset: number, bytes: number): void;
  /** The same of a block that is put by, and will be taken some day. */
  willTakeLater(block: ArrayBufferLike, offset: number, bytes: number): void;
}

/** Blocks whose pages are mapped when the group first writes them. */
export const PLAIN_BLOCKS: BlockSource = Object.freeze({
  make: (bytes: number) => new ArrayBuffer(bytes),
  willTake: () => {},
  willTakeLater: () => {},
});

export class Arena {
  readonly #source: BlockSource;
  #block: ArrayBufferLike | undefined;
  /** Blocks put by, the next one first. */
  readonly #reserved: ArrayBufferLike[] = [];
  #used = 0;
  #pieces = 0;

  constructor(source: BlockSource) {
    this.#source = source;
  }

  /** A zeroed piece of `bytes`, a multiple of 128 and at most a block. It is never given back. */
  take(bytes: number): RecordMemory {
    assert(bytes % 128 === 0 && bytes <= BLOCK_BYTES, "a piece is whole pairs of cache lines and fits a block");
    const block = this.#blockFor(bytes);
    const piece = new RecordMemory(block, this.#used, bytes);
    this.#used += bytes;
    // Not behind the first piece: a small group never needs a second one.
    if (++this.#pieces > 1) this.#source.willTake(this.#blockFor(bytes), this.#used, bytes);
    return piece;
  }

  /** Puts by blocks for `bytes` of pieces, so that their memory can be had before it is needed. Returns their bytes. */
  reserve(bytes: number): number {
    const blocks = Math.ceil(bytes / BLOCK_BYTES);
    for (let i = 0; i < blocks; i++) {
      const block = this.#source.make(LEAD_BYTES + BLOCK_BYTES);
      this.#reserved.push(block);
      this.#source.willTakeLater(block, LEAD_BYTES, BLOCK_BYTES);
    }
    return blocks * BLOCK_BYTES;
  }

  /** The block that the next piece comes from. */
  #blockFor(bytes: number): ArrayBufferLike {
    if (this.#block === undefined || this.#used + bytes > LEAD_BYTES + BLOCK_BYTES) {
      this.#block = this.#reserved.shift() ?? this.#source.make(LEAD_BYTES + BLOCK_BYTES);
      this.#used = LEAD_BYTES;
    }
    return this.#block;
  }
}
