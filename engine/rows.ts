/**
 * Rows of 128 bytes, two cache lines, in chunks of 8,192: a table grows by a chunk, never by copying. Rows are numbered
 * from 1, so that 0 can mean "none". A freed row is reused, last freed first.
 */
import { Arena, type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { SavedRows } from "./saved-rows.ts";

const CHUNK_SHIFT = 13;
/** Rows in a chunk. */
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ROWS - 1;
/** Words of a cache line. */
const LINE_WORDS = 16;
/** Bytes, float64s and words of a row. */
export const ROW_BYTES = 128;
export const ROW_FLOATS = ROW_BYTES / 8;
export const ROW_WORDS = ROW_BYTES / 4;
/** Bytes a row beside it: see `#slots`. */
const SLOT_BYTES = 4;

interface Capture {
  readonly top: number;
  /** Chunks copied so far. */
  chunksDone: number;
}

export class Rows {
  readonly #limit: number;
  readonly #arena: Arena;
  /** By chunk: the views. Public, for the tables on top index them without a call. */
  readonly floats: Float64Array[] = [];
  readonly words: Int32Array[] = [];
  readonly bytes: Uint8Array[] = [];
  /** By chunk and row: where the row was saved when it last was; `SavedRows.has` tells whether it still is. */
  readonly #slots: Int32Array[] = [];
  /** Rows that have changed since a capture began, before their chunk was copied. */
  readonly #saved = new SavedRows(ROW_WORDS);
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
    this.#capture = { top: this.#top, chunksDone: 0 };
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
    const slots = this.#slots[chunk]!;
    const place = (row - 1) & CHUNK_MASK;
    if (this.#saved.has(slots[place]!, row)) return;
    slots[place] = this.#saved.save(row, this.words[chunk]!, wordOf(row));
  }

  /** Copies the next chunk as it was at `beginCapture` into `target` (1 MiB); false when there is none. */
  captureChunk(target: Int32Array): boolean {
    const capture = this.#capture;
    assert(capture !== undefined, "a capture has begun");
    const chunk = capture.chunksDone;
    if (chunk * CHUNK_ROWS >= capture.top) return false;
    target.set(this.words[chunk]!);
    const slots = this.#slots[chunk]!;
    const first = chunk * CHUNK_ROWS + 1;
    for (let place = 0; place < CHUNK_ROWS; place++) {
      const slot = slots[place]!;
      if (this.#saved.has(slot, first + place)) this.#saved.copyTo(target, place * ROW_WORDS, slot);
    }
    const inUse = capture.top - chunk * CHUNK_ROWS;
    if (inUse < CHUNK_ROWS) target.fill(0, inUse * ROW_WORDS);
    capture.chunksDone++;
    return true;
  }

  endCapture(): void {
    this.#capture = undefined;
    this.#saved.clear();
  }

  /** Loads both cache lines of many rows, but of those that are 0; see `KeyIndex.touchAll`. */
  touchAll(rows: Int32Array, count: number): number {
    const chunks = this.words;
    let mix = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      if (row === 0) continue;
      const words = chunks[chunkOf(row)]!;
      const w = wordOf(row);
      mix ^= words[w]! ^ words[w + LINE_WORDS]!;
    }
    return mix;
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
    const { floats, words, bytes } = this.#arena.take(CHUNK_ROWS * (ROW_BYTES + SLOT_BYTES));
    this.floats.push(floats.subarray(0, CHUNK_ROWS * ROW_FLOATS));
    this.words.push(words.subarray(0, CHUNK_ROWS * ROW_WORDS));
    this.bytes.push(bytes.subarray(0, CHUNK_ROWS * ROW_BYTES));
    // Beside the rows, so that their memory comes as the rows' does, and not when a snapshot begins.
    this.#slots.push(words.subarray(CHUNK_ROWS * ROW_WORDS));
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
