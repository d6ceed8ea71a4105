/**
 * Blocks of memory whose pages another thread maps before the group needs them. The first write to a page stops the writer until the
 * kernel, on a virtual machine the host as well, has found and cleared memory: a sixth of the time of a group whose tables grow.
 */
import type { MessagePort } from "node:worker_threads";
import type { BlockSource } from "../../engine/index.ts";

/** Bytes of the smallest page. */
const PAGE_BYTES = 4096;

/** A part of a shared block. */
export interface BlockPart {
  readonly block: SharedArrayBuffer;
  /** Bytes; `offset` a multiple of 4. */
  readonly offset: number;
  readonly bytes: number;
}

/** A part that is needed some day only: mapped in slices, when no other waits. */
export interface LaterPart extends BlockPart {
  /** One float64, to which mapped bytes are added. */
  readonly mapped: Float64Array;
}

export class PreparedBlocks implements BlockSource {
  readonly #port: MessagePort;
  readonly #mapped: Float64Array;

  /** `port`: of the thread that maps pages. `mapped`: one float64 in shared memory, to which it adds what it has mapped for later. */
  constructor(port: MessagePort, mapped: Float64Array) {
    this.#port = port;
    this.#mapped = mapped;
  }

  make(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(bytes);
  }

  willTake(block: ArrayBufferLike, offset: number, bytes: number): void {
    this.#port.postMessage({ block, offset, bytes });
  }

  willTakeLater(block: ArrayBufferLike, offset: number, bytes: number): void {
    this.#port.postMessage({ block, offset, bytes, mapped: this.#mapped });
  }
}

/** Maps the pages of a part, changing nothing in it, even while its owner writes there. */
export function mapPages({ block, offset, bytes }: BlockPart): void {
  const words = new Int32Array(block, offset, bytes >>> 2);
  // Adding zero atomically is a write to the kernel and none to the owner: no store of the owner's can fall in between.
  for (let w = 0; w < words.length; w += PAGE_BYTES / 4) Atomics.add(words, w, 0);
}
