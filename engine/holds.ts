/** The holds of a group: rows, the index by (partner, id), and the heap of those that will expire. */
import type { BlockSource } from "./arena.ts";
import { assert } from "./assert.ts";
import { copyWords, equalWords, hashWords, mix32, nameWords } from "./hash.ts";
import * as at from "./hold-row.ts";
import { KeyIndex } from "./key-index.ts";
import { HOLDS_MAX } from "./limits.ts";
import type { TagOf } from "./remembered.ts";
import { chunkOf, floatOf, Rows, wordOf } from "./rows.ts";

export class Holds {
  readonly rows: Rows;
  readonly #index: KeyIndex;
  /** Binary heap of rows by (due, sequence); place 0 is not used, so that 0 means "not in the heap". */
  #heap = new Int32Array(1024);
  #heapSize = 0;
  /** Sum over open holds of their hash, two lanes. */
  hashA = 0;
  hashB = 0;

  constructor(source: BlockSource) {
    this.rows = new Rows(HOLDS_MAX, source);
    this.#index = new KeyIndex(source);
  }

  /** Rows: open holds, and closed ones whose id is remembered. */
  get size(): number {
    return this.rows.size;
  }

  /** The row of this key, or 0. The tag is the command id's own. */
  find(tag: number, partner: number, words: Int32Array, start: number, idBytes: number): number {
    let row = this.#index.find(tag);
    while (row !== 0 && !this.#isKey(row, partner, words, start, idBytes)) row = this.#index.next(tag);
    return row;
  }

  #isKey(row: number, partner: number, words: Int32Array, start: number, idBytes: number): boolean {
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    if (rowWords[w + at.PARTNER] !== partner || rowWords[w + at.ID_BYTES] !== idBytes) return false;
    return equalWords(rowWords, w + at.ID, words, start, nameWords(idBytes));
  }

  /** Adds an open hold. A hold of the same id that was forgotten long ago but is still open cannot be: see `isTaken`. */
  open(tag: number, partner: number, words: Int32Array, start: number, idBytes: number, account: number): number {
    const row = this.rows.add();
    this.rows.willChange(row);
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    rowWords[w + at.ACCOUNT] = account;
    rowWords[w + at.STATE] = at.OPEN;
    rowWords[w + at.PARTNER] = partner;
    rowWords[w + at.ID_BYTES] = idBytes;
    rowWords[w + at.TAG] = tag;
    copyWords(words, start, rowWords, w + at.ID, nameWords(idBytes));
    this.#index.insert(tag, row);
    return row;
  }

  /** Takes a row out for good: an undone hold, or a closed and forgotten one. It is not in the heap. */
  remove(row: number): void {
    const words = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    assert(words[w + at.HEAP_PLACE] === 0, "a removed hold is not in the expiry heap");
    this.hashA = (this.hashA - words[w + at.HASH]!) | 0;
    this.hashB = (this.hashB - words[w + at.HASH + 1]!) | 0;
    this.#index.remove(words[w + at.TAG]!, row);
    this.rows.willChange(row);
    this.rows.remove(row);
  }

  /** To be called after each change of a row: brings the state hash up to date. */
  changed(row: number): void {
    const words = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    const isOpen = (words[w + at.STATE]! & at.STATE_MASK) === at.OPEN;
    const a = isOpen ? contentHash(words, w, 0x2c1b3c6d) : 0;
    const b = isOpen ? contentHash(words, w, 0x297a2d39) : 0;
    this.hashA = (this.hashA - words[w + at.HASH]! + a) | 0;
    this.hashB = (this.hashB - words[w + at.HASH + 1]! + b) | 0;
    words[w + at.HASH] = a;
    words[w + at.HASH + 1] = b;
  }

  /** Row of the hold that is due first, or 0. */
  firstDue(): number {
    return this.#heapSize === 0 ? 0 : this.#heap[1]!;
  }

  /** Time at which the first hold is due, ms since 1970; Infinity when none expires. */
  firstDueTime(): number {
    const row = this.firstDue();
    return row === 0 ? Number.POSITIVE_INFINITY : this.rows.floats[chunkOf(row)]![floatOf(row) + at.DUE]!;
  }

  /** Puts an open hold with a due time into the heap. */
  schedule(row: number): void {
    if (this.#heapSize + 2 > this.#heap.length) {
      const grown = new Int32Array(this.#heap.length * 2);
      grown.set(this.#heap);
      this.#heap = grown;
    }
    this.#heapSize++;
    this.#siftUp(this.#heapSize, row);
  }

  /** Takes a hold out of the heap, if it is in it. */
  unschedule(row: number): void {
    const words = this.rows.words[chunkOf(row)]!;
    const place = words[wordOf(row) + at.HEAP_PLACE]!;
    if (place === 0) return;
    words[wordOf(row) + at.HEAP_PLACE] = 0;
    const last = this.#heap[this.#heapSize]!;
    this.#heapSize--;
    if (last === row) return;
    // The last one fills the gap; it may belong above or below it.
    this.#siftUp(place, last);
    this.#siftDown(this.rows.words[chunkOf(last)]![wordOf(last) + at.HEAP_PLACE]!, last);
  }

  /** After all chunks of rows are loaded: builds the index, the hashes and the expiry heap. */
  finishLoad(tagOf: TagOf): void {
    this.rows.finishLoad((row) => this.rows.words[chunkOf(row)]![wordOf(row) + at.STATE] !== 0);
    this.#index.beginLoad(this.rows.top);
    for (let row = 1; row <= this.rows.top; row++) {
      const words = this.rows.words[chunkOf(row)]!;
      const w = wordOf(row);
      // The place in the heap is not part of a snapshot: rows move in it without being told.
      words[w + at.HEAP_PLACE] = 0;
      if (words[w + at.STATE] === 0) continue;
      // Whoever wrote the snapshot may have made tags otherwise.
      words[w + at.TAG] = tagOf(words[w + at.PARTNER]!, words, w + at.ID, words[w + at.ID_BYTES]!);
      this.#index.append(words[w + at.TAG]!, row);
      this.hashA = (this.hashA + words[w + at.HASH]!) | 0;
      this.hashB = (this.hashB + words[w + at.HASH + 1]!) | 0;
      const isOpen = (words[w + at.STATE]! & at.STATE_MASK) === at.OPEN;
      if (isOpen && this.rows.floats[chunkOf(row)]![floatOf(row) + at.DUE] !== 0) this.schedule(row);
    }
    this.#index.endLoad();
  }

  #siftUp(place: number, row: number): void {
    let hole = place;
    while (hole > 1 && this.#isBefore(row, this.#heap[hole >>> 1]!)) {
      this.#place(hole, this.#heap[hole >>> 1]!);
      hole >>>= 1;
    }
    this.#place(hole, row);
  }

  #siftDown(place: number, row: number): void {
    let hole = place;
    for (;;) {
      let child = hole * 2;
      if (child > this.#heapSize) break;
      if (child < this.#heapSize && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!this.#isBefore(this.#heap[child]!, row)) break;
      this.#place(hole, this.#heap[child]!);
      hole = child;
    }
    this.#place(hole, row);
  }

  #place(place: number, row: number): void {
    this.#heap[place] = row;
    this.rows.words[chunkOf(row)]![wordOf(row) + at.HEAP_PLACE] = place;
  }

  #isBefore(a: number, b: number): boolean {
    const aFloats = this.rows.floats[chunkOf(a)]!;
    const bFloats = this.rows.floats[chunkOf(b)]!;
    const aDue = aFloats[floatOf(a) + at.DUE]!;
    const bDue = bFloats[floatOf(b) + at.DUE]!;
    if (aDue !== bDue) return aDue < bDue;
    return aFloats[floatOf(a) + at.SEQUENCE]! < bFloats[floatOf(b) + at.SEQUENCE]!;
  }
}

/** Hash of an open hold: its rest, due time, sequence, and id. The account's row number is layout, so it stays out. */
function contentHash(words: Int32Array, w: number, lane: number): number {
  const id = hashWords(words, w + at.ID, nameWords(words[w + at.ID_BYTES]!), words[w + at.PARTNER]!);
  return mix32(hashWords(words, w, 8, lane) ^ id);
}
