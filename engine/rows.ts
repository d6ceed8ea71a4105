/**
 * Rows of 128 bytes, two cache lines, in chunks of 1 MiB: a table grows by a chunk, never by copying. Rows are numbered
 * from 1, so that 0 can mean "none". A freed row is reused, last freed first.
 */
import { Arena, type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { copyWords } from "./hash.ts";

const CHUNK_SHIFT = 13;
/** Rows in a chunk. */
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ROWS - 1;
/** Bytes, float64s and words of a row. */
export const ROW_BYTES = 128;
export const ROW_FLOATS = ROW_BYTES / 8;
export const ROW_WORDS = ROW_BYTES / 4;

interface Capture {
  readonly top: number;
  /** Chunks copied so far. */
  chunksDone: number;
  /** By chunk: old contents of the rows that changed before their chunk was copied. */
  readonly shadows: (Shadow | undefined)[];
}

interface Shadow {
  readonly saved: Uint8Array;
  readonly words: Int32Array;
}

export class Rows {
  readonly #limit: number;
  readonly #arena: Arena;
  /** By chunk: the views. Public, for the tables on top index them without a call. */
  readonly floats: Float64Array[] = [];
  readonly words: Int32Array[] = [];
  readonly bytes: Uint8Array[] = [];
  readonly #free: number[] = [];
  /** Highest row number ever used. */
  #top = 0;
  #capture: Capture | undefined;

  /** At most `limit` rows. */
  constructor(limit: number, source: BlockSource = PLAIN_BLOCKS) {
    this.#limit = limit;
    this.#arena = new Arena(source);
  }

  /** Rows in use. */
  get size(): number {
    return this.#top - this.#free.length;
  }

  /** Highest row number in use or freed. */
  get top(): number {
    return this.#top;
  }

  /** A zeroed row. The gateway refuses work before the table is full, so being full here is a broken rule. */
  add(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    assert(this.#top < this.#limit, "a table is refused new rows by the gateway before it is full");
    this.#top++;
    if (chunkOf(this.#top) === this.words.length) this.#addChunk();
    return this.#top;
  }

  /** Gives a row back; it is zeroed. */
  remove(row: number): void {
    const start = wordOf(row);
    this.words[chunkOf(row)]!.fill(0, start, start + ROW_WORDS);
    this.#free.push(row);
  }

  /** Rows as of now, to be copied chunk by chunk while the table changes; until `endCapture`. */
  beginCapture(): void {
    assert(this.#capture === undefined, "one snapshot at a time");
    this.#capture = { top: this.#top, chunksDone: 0, shadows: [] };
  }

  /**
   * To be called before a row changes. During a capture it keeps the row's old content, once, unless its chunk was copied
   * already: 128 bytes a changed row instead of a stall for the whole table.
   */
  willChange(row: number): void {
    const capture = this.#capture;
    if (capture === undefined || row > capture.top) return;
    const chunk = chunkOf(row);
    if (chunk < capture.chunksDone) return;
    let shadow = capture.shadows[chunk];
    if (shadow === undefined) {
      // Fresh pages are mapped by the kernel only when touched, so this costs what the saved rows cost.
      shadow = { saved: new Uint8Array(CHUNK_ROWS), words: new Int32Array(CHUNK_ROWS * ROW_WORDS) };
      capture.shadows[chunk] = shadow;
    }
    const place = (row - 1) & CHUNK_MASK;
    if (shadow.saved[place] === 1) return;
    shadow.saved[place] = 1;
    copyWords(this.words[chunk]!, wordOf(row), shadow.words, wordOf(row), ROW_WORDS);
  }

  /** Copies the next chunk as it was at `beginCapture` into `target` (1 MiB); false when there is none. */
  captureChunk(target: Int32Array): boolean {
    const capture = this.#capture;
    assert(capture !== undefined, "a capture has begun");
    const chunk = capture.chunksDone;
    if (chunk * CHUNK_ROWS >= capture.top) return false;
    target.set(this.words[chunk]!);
    const shadow = capture.shadows[chunk];
    for (let place = 0; shadow !== undefined && place < CHUNK_ROWS; place++) {
      if (shadow.saved[place] === 0) continue;
      copyWords(shadow.words, place * ROW_WORDS, target, place * ROW_WORDS, ROW_WORDS);
    }
    const inUse = capture.top - chunk * CHUNK_ROWS;
    if (inUse < CHUNK_ROWS) target.fill(0, inUse * ROW_WORDS);
    capture.shadows[chunk] = undefined;
    capture.chunksDone++;
    return true;
  }

  endCapture(): void {
    this.#capture = undefined;
  }

  /** Adds a chunk of a snapshot to a table that is being loaded. */
  loadChunk(bytes: Uint8Array): void {
    assert(bytes.length === CHUNK_ROWS * ROW_BYTES, "a snapshot holds whole chunks of rows");
    this.#addChunk();
    this.bytes[this.bytes.length - 1]!.set(bytes);
  }

  /** After the chunks: `isUsed` tells a row in use, the others below the last one in use become free. */
  finishLoad(isUsed: (row: number) => boolean): void {
    this.#top = this.words.length * CHUNK_ROWS;
    while (this.#top > 0 && !isUsed(this.#top)) this.#top--;
    for (let row = this.#top; row >= 1; row--) if (!isUsed(row)) this.#free.push(row);
  }

  #addChunk(): void {
    const memory = this.#arena.take(CHUNK_ROWS * ROW_BYTES);
    this.floats.push(memory.floats);
    this.words.push(memory.words);
    this.bytes.push(memory.bytes);
  }
}

/** Chunk of a row. */
export function chunkOf(row: number): number {
  return (row - 1) >>> CHUNK_SHIFT;
}

/** First float64 of a row in its chunk. */
export function floatOf(row: number): number {
  return ((row - 1) & CHUNK_MASK) * ROW_FLOATS;
}

/** First word of a row in its chunk. */
export function wordOf(row: number): number {
  return ((row - 1) & CHUNK_MASK) * ROW_WORDS;
}
