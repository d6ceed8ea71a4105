/**
 * Hashes of keys, over 32-bit words: a key is at most 16 words, and names are zero-padded to whole words, so no tail has to be handled.
 */

/** Finalizer of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit. Returns an int32. */
export function mix32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Tag of a key for an index: hash of `count` words from word `start`. Each word is mixed with the seed before it is taken in, because
 * names differ in few digits: words that differ in the same few bits would else cancel each other out, in one number in ten of a row of
 * them, and whatever the seed. Returns an int32.
 */
export function tagWords(words: Int32Array, start: number, count: number, seed: number): number {
  let h = seed;
  for (let i = start; i < start + count; i++) {
    const word = Math.imul(words[i]! ^ seed, 0xcc9e2d51);
    h = Math.imul(h ^ word ^ (word >>> 15), 0x1b873593);
    h = (h << 13) | (h >>> 19);
  }
  return mix32(h ^ count);
}

/**
 * Hash of `count` words from word `start`, begun with `seed`, for the state hash: journals and snapshots hold it, so it stays as it is.
 * Returns an int32.
 */
export function hashWords(words: Int32Array, start: number, count: number, seed: number): number {
  let h = seed;
  for (let i = start; i < start + count; i++) {
    h = Math.imul(h ^ words[i]!, 0xcc9e2d51);
    h = (h << 15) | (h >>> 17);
  }
  return mix32(h ^ count);
}

/** Words that a name of `bytes` bytes takes when padded. */
export function nameWords(bytes: number): number {
  return (bytes + 3) >>> 2;
}

/** True if `count` words are equal. */
export function equalWords(a: Int32Array, aStart: number, b: Int32Array, bStart: number, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

/** Copies `count` words; faster than `set` with a subarray up to some 40 words, and allocates nothing. */
export function copyWords(from: Int32Array, fromStart: number, to: Int32Array, toStart: number, count: number): void {
  for (let i = 0; i < count; i++) to[toStart + i] = from[fromStart + i]!;
}
