/**
 * Three views over one buffer, so that a record can be read and written by byte, by 32-bit word and by float64. One class for all
 * memories that hold records, so that the code reading them sees one shape and stays monomorphic.
 */
export class RecordMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  /** For copying only: eight bytes a step, and the compiler makes no BigInt of what is loaded and stored at once. */
  readonly longs: BigInt64Array;

  /** `offset` and `length` in bytes, multiples of 8. */
  constructor(buffer: ArrayBufferLike, offset: number, length: number) {
    this.bytes = new Uint8Array(buffer, offset, length);
    this.words = new Int32Array(buffer, offset, length >>> 2);
    this.floats = new Float64Array(buffer, offset, length >>> 3);
    this.longs = new BigInt64Array(buffer, offset, length >>> 3);
  }
}

/** Copies `units` of 8 bytes between two memories; places in units. Half the time of copying words. */
export function copyUnits(
  from: RecordMemory,
  fromStart: number,
  to: RecordMemory,
  toStart: number,
  units: number,
): void {
  const source = from.longs;
  const target = to.longs;
  for (let i = 0; i < units; i++) target[toStart + i] = source[fromStart + i]!;
}

/** Views over a whole buffer. Its length is a multiple of 8. */
export function viewMemory(buffer: ArrayBufferLike): RecordMemory {
  return new RecordMemory(buffer, 0, buffer.byteLength);
}

/** Bytes of a cache line. */
const LINE_BYTES = 64;

/**
 * Loads `bytes` from byte `start` on, as far as there are any, into the cache. Returns a mix of them, so that the loads are not optimised
 * away.
 */
export function touchLines({ words }: RecordMemory, start: number, bytes: number): number {
  const end = Math.min((start + bytes) >>> 2, words.length);
  let mix = 0;
  for (let w = start >>> 2; w < end; w += LINE_BYTES / 4) mix ^= words[w]!;
  return mix;
}
