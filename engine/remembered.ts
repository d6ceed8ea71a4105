/**
 * The commands within the id horizon, each with its result: a log of records in memory, oldest first, and the index by
 * (partner, id). One structure serves idempotency, `GET /v1/commands/{id}` and reversal, and compares bytes, not hashes.
 *
 * Chunks of 1 MiB; an entry is 8 bytes (sequence and time relative to its chunk's) and the record as it stands in the
 * frame. An entry's place is a u32, chunk number and offset in units of 8 bytes; chunk numbers go round at 32,768, and 28 GiB of them
 * may be in use.
 * Offset 0 of a chunk is never an entry, so that place 0 means "none".
 */
import { Arena, type BlockSource } from "./arena.ts";
import { assert } from "./assert.ts";
import { equalWords, nameWords } from "./hash.ts";
import { KeyIndex, STALE_SPAN } from "./key-index.ts";
import { copyUnits, type RecordMemory } from "./memory.ts";
import { TYPE } from "./record.ts";
import * as at from "./record-words.ts";

/** Bytes of a chunk of the log. */
export const CHUNK_BYTES = 1 << 20;
const CHUNK_UNITS = CHUNK_BYTES / 8;
const CHUNKS_MAX = 32_768;
const UNIT_BITS = 17;
const UNIT_MASK = CHUNK_UNITS - 1;
const DELTA_MAX = 0xffff_fff0;

/** Chunks used up until the whole index has been swept once: the places in it of used-up chunks are never further behind. */
const SWEEP_CHUNKS = STALE_SPAN / CHUNK_UNITS;

/** Commands of a snapshot that are indexed together. */
const LOAD_BLOCK = 64;

/** Bytes of the entry of a credit or debit with an id of 20 bytes and an account of 12. */
export const USUAL_ENTRY_BYTES = 80;

/** Bit of the in-memory record's context byte: the command was reversed. Never in a frame. */
export const REVERSED = 0x80;

interface Chunk {
  readonly memory: RecordMemory;
  readonly words: Int32Array;
  baseSequence: number;
  baseTimeMs: number;
  /** Units in use, the first included. */
  used: number;
}

/** A chunk of the log in a snapshot. */
export interface LogChunkImage {
  /** From the chunk's start to the end of what is used. */
  readonly bytes: Uint8Array;
  readonly baseSequence: number;
  readonly baseTimeMs: number;
  /** Unit of the first command that is still remembered. */
  readonly firstUnit: number;
}

/** A point of the log to which an undone bucket returns. */
export interface LogMark {
  chunk: number;
  used: number;
}

export class Remembered {
  readonly #index: KeyIndex;
  /** By chunk number modulo CHUNKS_MAX. */
  readonly #chunks: (Chunk | undefined)[] = [];
  // Chunk numbers since the beginning; head is the oldest chunk, tail the one that is written.
  #head = 0;
  #headUnit = 1;
  #tail = -1;
  readonly #arena: Arena;
  /** Chunks that were used up. */
  readonly #spares: Chunk[] = [];
  /** A snapshot may still read used-up chunks, so they must not be written again. */
  #isCaptured = false;
  /** Scratch room. */
  readonly #tags = new Int32Array(LOAD_BLOCK);
  #reservedBytes = 0;
  /** Commands remembered; the index also holds forgotten ones for a while. */
  #count = 0;
  /** Mix of touched words; only there so that the loads are not optimised away. */
  touched = 0;
  /** Time of the newest command forgotten, ms since 1970; -1, before all time, when none was. */
  horizonTimeMs = -1;

  constructor(source: BlockSource) {
    this.#index = new KeyIndex(source);
    this.#arena = new Arena(source);
  }

  /** Commands remembered. */
  get size(): number {
    return this.#count;
  }

  /** Bytes of log and index. */
  get bytes(): number {
    return (this.#tail - this.#head + 1) * CHUNK_BYTES + this.#index.bytes;
  }

  /** Time of the oldest command remembered, ms since 1970, or undefined. */
  get oldestTimeMs(): number | undefined {
    const chunk = this.#headChunk();
    return chunk === undefined ? undefined : chunk.baseTimeMs + (chunk.words[this.#headUnit * 2 + 1]! >>> 0);
  }

  /** Puts by memory for `commands` more commands with ids and names of a usual length. */
  reserve(commands: number): void {
    this.#reservedBytes += this.#arena.reserve(commands * USUAL_ENTRY_BYTES) + this.#index.reserve(commands);
  }

  /** Bytes ever put by. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** See `KeyIndex.touchAll`. */
  touchAll(tags: Int32Array, count: number): number {
    return this.#index.touchAll(tags, count);
  }

  /** Place of the command with this partner and id, or 0. */
  find(tag: number, partner: number, words: Int32Array, idStart: number, idBytes: number): number {
    let place = this.#index.find(tag);
    // Forgotten commands may stand in the index for a while.
    while (place !== 0 && !(this.#index.isFresh(place) && this.#isKey(place, partner, words, idStart, idBytes))) {
      place = this.#index.next(tag);
    }
    return place;
  }

  #isKey(place: number, partner: number, words: Int32Array, idStart: number, idBytes: number): boolean {
    const chunk = this.chunkOf(place);
    const w = wordOf(place);
    if (chunk.words[w + at.PARTNER] !== partner) return false;
    if (((chunk.words[w + at.HEAD]! >>> 8) & 0xff) !== idBytes) return false;
    return equalWords(chunk.words, w + at.idWord(chunk.words, w), words, idStart, nameWords(idBytes));
  }

  /** Remembers a record that stands in a frame; returns its place. */
  add(tag: number, sequence: number, timeMs: number, from: RecordMemory, start: number, bytes: number): number {
    const units = bytes / 8 + 1;
    let chunk = this.#tail < 0 ? undefined : this.#chunks[this.#tail % CHUNKS_MAX];
    if (
      chunk === undefined ||
      chunk.used + units > CHUNK_UNITS ||
      sequence - chunk.baseSequence > DELTA_MAX ||
      timeMs - chunk.baseTimeMs > DELTA_MAX
    ) {
      chunk = this.#addChunk(sequence, timeMs);
    }
    const unit = chunk.used;
    chunk.words[unit * 2] = sequence - chunk.baseSequence;
    chunk.words[unit * 2 + 1] = timeMs - chunk.baseTimeMs;
    copyUnits(from, start >>> 3, chunk.memory, unit + 1, bytes >>> 3);
    chunk.used = unit + units;
    const place = ((this.#tail % CHUNKS_MAX) << UNIT_BITS) | unit;
    this.#index.insert(tag, place);
    this.#count++;
    return place;
  }

  #addChunk(sequence: number, timeMs: number): Chunk {
    assert(this.#tail - this.#head + 1 < CHUNKS_MAX - SWEEP_CHUNKS, "the remembered commands stay below 28 GiB");
    this.#tail++;
    // A used-up chunk is taken again: its pages are mapped already, and mapping costs more than writing them.
    const chunk = this.#spares.pop() ?? this.#makeChunk();
    chunk.baseSequence = sequence;
    chunk.baseTimeMs = timeMs;
    chunk.used = 1;
    this.#chunks[this.#tail % CHUNKS_MAX] = chunk;
    return chunk;
  }

  #makeChunk(): Chunk {
    const memory = this.#arena.take(CHUNK_BYTES);
    return { memory, words: memory.words, baseSequence: 0, baseTimeMs: 0, used: 1 };
  }

  /** The chunk that holds a place. Its record begins at word `wordOf(place)`. */
  chunkOf(place: number): RecordMemory {
    const chunk = this.#chunks[place >>> UNIT_BITS];
    assert(chunk !== undefined, "a place leads to a chunk");
    return chunk.memory;
  }

  sequenceOf(place: number): number {
    const chunk = this.#chunks[place >>> UNIT_BITS]!;
    return chunk.baseSequence + (chunk.words[(place & UNIT_MASK) * 2]! >>> 0);
  }

  timeOf(place: number): number {
    const chunk = this.#chunks[place >>> UNIT_BITS]!;
    return chunk.baseTimeMs + (chunk.words[(place & UNIT_MASK) * 2 + 1]! >>> 0);
  }

  isReversed(place: number): boolean {
    return (this.chunkOf(place).words[wordOf(place) + 1]! & (REVERSED << 16)) !== 0;
  }

  setReversed(place: number, reversed: boolean): void {
    const words = this.chunkOf(place).words;
    const w = wordOf(place) + 1;
    words[w] = reversed ? words[w]! | (REVERSED << 16) : words[w]! & ~(REVERSED << 16);
  }

  /** True if the command part at `start` says the same as the remembered one: every byte but the context. */
  isSameBody(place: number, from: RecordMemory, start: number): boolean {
    const chunk = this.chunkOf(place);
    const a = wordOf(place);
    const b = start >>> 2;
    const count = at.commandUnits(from.words, b) * 2;
    // Word 1 holds fields, context and length; word 3 holds currency, the result's length and width.
    if (((chunk.words[a + 1]! ^ from.words[b + 1]!) & ~(0xff << 16)) !== 0) return false;
    if (((chunk.words[a + 3]! ^ from.words[b + 3]!) & ~(0xff << 16)) !== 0) return false;
    if (chunk.words[a] !== from.words[b] || chunk.words[a + 2] !== from.words[b + 2]) return false;
    return equalWords(chunk.words, a + 4, from.words, b + 4, count - 4);
  }

  /** Forgets the oldest commands up to and including this sequence. Tells of each forgotten hold command, applied or not. */
  forget(upTo: number, onForgetHold: OnForgetHold): void {
    for (let chunk = this.#headChunk(); chunk !== undefined; chunk = this.#headChunk()) {
      if (!this.#forgetInHead(chunk, upTo - chunk.baseSequence, onForgetHold)) break;
    }
    // While nothing is forgotten, no segment has to be swept for it.
    if (this.#head === 0 && this.#headUnit === 1) return;
    // An addition, for behind a full chunk the unit is that of the next chunk's start.
    this.#index.setOldest(((this.#head % CHUNKS_MAX) << UNIT_BITS) + this.#headUnit);
  }

  /** Forgets commands of the head chunk up to this sequence, relative to the chunk's. True if that is all of them. */
  #forgetInHead(chunk: Chunk, upTo: number, onForgetHold: OnForgetHold): boolean {
    const { words, used } = chunk;
    const start = this.#headUnit;
    let unit = start;
    let last = 0;
    while (unit < used && words[unit * 2]! >>> 0 <= upTo) {
      const w = unit * 2 + 2;
      if (at.typeOf(words, w) === TYPE.hold) onForgetHold(words, w);
      last = unit;
      unit += 1 + at.recordUnits(words, w);
      this.#count--;
    }
    if (unit !== start) this.horizonTimeMs = chunk.baseTimeMs + (words[last * 2 + 1]! >>> 0);
    this.#headUnit = unit;
    return unit === used;
  }

  /** The chunk that the oldest command stands in; steps over a chunk that is used up. */
  #headChunk(): Chunk | undefined {
    while (this.#head <= this.#tail) {
      const chunk = this.#chunks[this.#head % CHUNKS_MAX]!;
      if (this.#headUnit < chunk.used) return chunk;
      if (this.#head === this.#tail) return undefined;
      this.#chunks[this.#head % CHUNKS_MAX] = undefined;
      if (!this.#isCaptured) this.#spares.push(chunk);
      this.#head++;
      this.#headUnit = 1;
      this.#index.sweepSome(SWEEP_CHUNKS / 2);
    }
    return undefined;
  }

  /** The log as of now, chunk by chunk, for a snapshot; until `endCapture` no chunk is reused. */
  beginCapture(): LogChunkImage[] {
    assert(!this.#isCaptured, "one snapshot at a time");
    this.#isCaptured = true;
    const images: LogChunkImage[] = [];
    for (let number = this.#head; number <= this.#tail; number++) {
      const { memory, baseSequence, baseTimeMs, used } = this.#chunks[number % CHUNKS_MAX]!;
      const firstUnit = number === this.#head ? this.#headUnit : 1;
      images.push({ bytes: memory.bytes.subarray(0, used * 8), baseSequence, baseTimeMs, firstUnit });
    }
    return images;
  }

  endCapture(): void {
    this.#isCaptured = false;
  }

  /** Adds a chunk of a snapshot to a log that is being loaded, oldest first, and indexes its commands. */
  loadChunk(image: LogChunkImage, tagOf: (words: Int32Array, w: number) => number): void {
    const chunk = this.#makeChunk();
    chunk.memory.bytes.set(image.bytes);
    chunk.baseSequence = image.baseSequence;
    chunk.baseTimeMs = image.baseTimeMs;
    chunk.used = image.bytes.byteLength / 8;
    this.#tail++;
    this.#chunks[this.#tail % CHUNKS_MAX] = chunk;
    if (this.#tail === this.#head) this.#headUnit = image.firstUnit;
    for (let unit = image.firstUnit; unit < chunk.used; ) unit = this.#loadBlock(chunk, unit, tagOf);
  }

  /** Indexes up to a block of a loaded chunk's commands from `start` on; loads all their index slots before it needs the first. */
  #loadBlock({ words, used }: Chunk, start: number, tagOf: (words: Int32Array, w: number) => number): number {
    const tags = this.#tags;
    let count = 0;
    for (let unit = start; unit < used && count < LOAD_BLOCK; unit += 1 + at.recordUnits(words, unit * 2 + 2)) {
      tags[count++] = tagOf(words, unit * 2 + 2);
    }
    this.touched ^= this.#index.touchAll(tags, count);
    let unit = start;
    for (let i = 0; i < count; i++) {
      const w = unit * 2 + 2;
      // Marks may be younger than the snapshot; `State` sets them anew from the reversals in the log.
      words[w + 1] = words[w + 1]! & ~(REVERSED << 16);
      this.#index.insert(tags[i]!, ((this.#tail % CHUNKS_MAX) << UNIT_BITS) | unit);
      unit += 1 + at.recordUnits(words, w);
    }
    this.#count += count;
    return unit;
  }

  /** Calls back with each remembered command, oldest first. */
  forEach(visit: (memory: RecordMemory, w: number) => void): void {
    for (let number = this.#head; number <= this.#tail; number++) {
      const chunk = this.#chunks[number % CHUNKS_MAX]!;
      for (let unit = number === this.#head ? this.#headUnit : 1; unit < chunk.used; ) {
        visit(chunk.memory, unit * 2 + 2);
        unit += 1 + at.recordUnits(chunk.words, unit * 2 + 2);
      }
    }
  }

  /** Where the log ends now. */
  mark(): LogMark {
    return { chunk: this.#tail, used: this.#tail < 0 ? 1 : this.#chunks[this.#tail % CHUNKS_MAX]!.used };
  }

  /** Takes back everything added since the mark. */
  rewind(mark: LogMark, tagOf: (words: Int32Array, w: number) => number): void {
    while (this.#tail > mark.chunk) {
      this.#unindex(this.#tail, 1, tagOf);
      this.#chunks[this.#tail % CHUNKS_MAX] = undefined;
      this.#tail--;
    }
    if (this.#tail < 0) return;
    this.#unindex(this.#tail, mark.used, tagOf);
    this.#chunks[this.#tail % CHUNKS_MAX]!.used = mark.used;
  }

  #unindex(number: number, fromUnit: number, tagOf: (words: Int32Array, w: number) => number): void {
    const chunk = this.#chunks[number % CHUNKS_MAX]!;
    for (let unit = fromUnit; unit < chunk.used; ) {
      this.#index.remove(tagOf(chunk.words, unit * 2 + 2), ((number % CHUNKS_MAX) << UNIT_BITS) | unit);
      this.#count--;
      unit += 1 + at.recordUnits(chunk.words, unit * 2 + 2);
    }
  }
}

/** Told of each forgotten hold command: its record at word `w`. */
export type OnForgetHold = (words: Int32Array, w: number) => void;

/** First word of the record at a place, within its chunk. */
export function wordOf(place: number): number {
  return (place & UNIT_MASK) * 2 + 2;
}
