/**
 * The commands within the id horizon, each with its result: a log of records in memory, oldest first, and the index by
 * (partner, id). One structure serves idempotency, `GET /v1/commands/{id}` and reversal, and compares bytes, not hashes.
 *
 * An entry of the log is a record as it stands in the frame, or its short form (`packed.ts`). Its place is a u32, chunk number and offset
 * in units of 8 bytes; chunk numbers go round at 32,768, and 28 GiB of them may be in use.
 */
import { Arena, type BlockSource } from "./arena.ts";
import { assert } from "./assert.ts";
import { equalWords, nameWords } from "./hash.ts";
import { KeyIndex, STALE_SPAN } from "./key-index.ts";
import { COMMAND_BYTES_MAX, RESULT_BYTES_MAX } from "./limits.ts";
import { CHUNK_BYTES, CHUNK_UNITS, LogChunk } from "./log-chunk.ts";
import { copyUnits, type RecordMemory, touchLines, viewMemory } from "./memory.ts";
import { entryIdWord, entryUnits, isPackable, isPacked, pack, packedUnits, unpack } from "./packed.ts";
import { TYPE } from "./record.ts";
import * as at from "./record-words.ts";

const CHUNKS_MAX = 32_768;
const UNIT_BITS = 17;
const UNIT_MASK = CHUNK_UNITS - 1;

/** Chunks used up until the whole index has been swept once: the places in it of used-up chunks are never further behind. */
const SWEEP_CHUNKS = STALE_SPAN / CHUNK_UNITS;

/** Chunks from which on the oldest are forgotten whatever the horizon says: one frame adds ten at most. */
const CHUNKS_FULL = CHUNKS_MAX - SWEEP_CHUNKS - 64;

/** Bytes of the entry of a credit or debit with an id of 20 bytes and an account of 12. */
export const USUAL_ENTRY_BYTES = 64;

/** Bit of the in-memory record's context byte: the command was reversed. Never in a frame. */
export const REVERSED = 0x80;

/** The tag of a command's key: see `State.idTag`. */
export type TagOf = (partner: number, words: Int32Array, idStart: number, idBytes: number) => number;

/** A chunk of the log in a snapshot. */
export interface LogChunkImage {
  /** See `LogChunk.image`. */
  readonly entries: Uint8Array;
  readonly marks: Uint8Array;
  readonly baseSequence: number;
  readonly baseTimeMs: number;
  /** Unit of the first command that is still remembered. */
  readonly firstUnit: number;
}

/** Where the log ended before a bucket that is undone. */
export interface LogEnd {
  chunk: number;
  used: number;
}

export class Remembered {
  readonly #chunksFull: number;
  readonly #index: KeyIndex;
  /** By chunk number modulo CHUNKS_MAX. */
  readonly #chunks: (LogChunk | undefined)[] = [];
  // Chunk numbers since the beginning; head is the oldest chunk, tail the one that is written.
  #head = 0;
  #headUnit = 1;
  #tail = -1;
  readonly #arena: Arena;
  /** Chunks that were used up. */
  readonly #spares: LogChunk[] = [];
  /** A snapshot may still read these used-up chunks, so they must not be written before its end. */
  readonly #captured: LogChunk[] = [];
  #isCaptured = false;
  /** Room for what `recordAt` gives. */
  readonly #unpacked = viewMemory(new ArrayBuffer(COMMAND_BYTES_MAX + RESULT_BYTES_MAX));
  #reservedBytes = 0;
  /** Commands remembered; the index also holds forgotten ones for a while. */
  #count = 0;
  /** Time of the newest command forgotten, ms since 1970; -1, before all time, when none was. */
  horizonTimeMs = -1;

  /** `chunksFull`: see CHUNKS_FULL; smaller in tests. */
  constructor(source: BlockSource, chunksFull: number = CHUNKS_FULL) {
    this.#chunksFull = chunksFull;
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
    return this.#headChunk()?.timeAt(this.#headUnit);
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

  /** Loads the room for `count` more commands of a usual length. Returns a mix of what was there; see `KeyIndex.touchAll`. */
  touchNext(count: number): number {
    if (this.#tail < 0) return 0;
    const { memory, used } = this.#tailChunk;
    return touchLines(memory, used * 8, count * USUAL_ENTRY_BYTES);
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
    const log = this.#chunkOf(place).words;
    const w = wordOf(place);
    if (log[w + at.PARTNER] !== partner || at.idBytes(log, w) !== idBytes) return false;
    return equalWords(log, entryIdWord(log, w), words, idStart, nameWords(idBytes));
  }

  /** Remembers a record that stands in a frame, with its result; returns its place. */
  add(tag: number, sequence: number, timeMs: number, from: RecordMemory, start: number, bytes: number): number {
    const { words } = from;
    const w = start >>> 2;
    let place: number;
    if (isPackable(words, w)) {
      place = this.#takePlace(packedUnits(words, w), sequence, timeMs);
      pack(from, w, this.#tailChunk.memory, place & UNIT_MASK);
    } else {
      place = this.#takePlace(bytes >>> 3, sequence, timeMs);
      copyUnits(from, start >>> 3, this.#tailChunk.memory, place & UNIT_MASK, bytes >>> 3);
      if (at.typeOf(words, w) === TYPE.hold) this.#tailChunk.hasHolds = true;
    }
    this.#index.insert(tag, place);
    return place;
  }

  /** Place of the next entry, in the chunk at the tail. */
  #takePlace(units: number, sequence: number, timeMs: number): number {
    let unit = this.#tail < 0 ? 0 : this.#tailChunk.add(units, sequence, timeMs);
    if (unit === 0) unit = this.#addChunk(sequence, timeMs).add(units, sequence, timeMs);
    this.#count++;
    return ((this.#tail % CHUNKS_MAX) << UNIT_BITS) | unit;
  }

  get #tailChunk(): LogChunk {
    return this.#chunks[this.#tail % CHUNKS_MAX]!;
  }

  #addChunk(sequence: number, timeMs: number): LogChunk {
    assert(this.#tail - this.#head + 1 < CHUNKS_MAX - SWEEP_CHUNKS, "the remembered commands stay below 28 GiB");
    this.#tail++;
    // A used-up chunk is taken again: its pages are mapped already, and mapping costs more than writing them.
    const chunk = this.#spares.pop() ?? new LogChunk(this.#arena.take(CHUNK_BYTES));
    chunk.begin(sequence, timeMs);
    this.#chunks[this.#tail % CHUNKS_MAX] = chunk;
    return chunk;
  }

  #chunkOf(place: number): LogChunk {
    const chunk = this.#chunks[place >>> UNIT_BITS];
    assert(chunk !== undefined, "a place leads to a chunk");
    return chunk;
  }

  /** The record at a place as it stood in the frame, but for REVERSED, from `start` of `memory` on; valid until the next call. */
  recordAt(place: number): { readonly memory: RecordMemory; readonly start: number } {
    const { memory, words } = this.#chunkOf(place);
    const w = wordOf(place);
    if (!isPacked(words, w)) return { memory, start: w * 4 };
    unpack(memory, w, this.#unpacked);
    return { memory: this.#unpacked, start: 0 };
  }

  sequenceOf(place: number): number {
    return this.#chunkOf(place).sequenceAt(place & UNIT_MASK);
  }

  timeOf(place: number): number {
    return this.#chunkOf(place).timeAt(place & UNIT_MASK);
  }

  isReversed(place: number): boolean {
    return (this.#chunkOf(place).words[wordOf(place) + at.FLAGS]! & (REVERSED << 16)) !== 0;
  }

  setReversed(place: number, reversed: boolean): void {
    const words = this.#chunkOf(place).words;
    const w = wordOf(place) + at.FLAGS;
    words[w] = reversed ? words[w]! | (REVERSED << 16) : words[w]! & ~(REVERSED << 16);
  }

  /** True if the command part at `start` says the same as the remembered one: every byte but the context. */
  isSameBody(place: number, from: RecordMemory, start: number): boolean {
    const { memory, start: known } = this.recordAt(place);
    const { words } = memory;
    const a = known >>> 2;
    const b = start >>> 2;
    const count = at.commandUnits(from.words, b) * 2;
    // Word 1 holds fields, context and length; word 3 holds currency, the result's length and width.
    if (((words[a + 1]! ^ from.words[b + 1]!) & ~(0xff << 16)) !== 0) return false;
    if (((words[a + 3]! ^ from.words[b + 3]!) & ~(0xff << 16)) !== 0) return false;
    if (words[a] !== from.words[b] || words[a + 2] !== from.words[b + 2]) return false;
    return equalWords(words, a + 4, from.words, b + 4, count - 4);
  }

  /**
   * Forgets the oldest commands up to and including this sequence, and those for which the log has no room. Tells of each forgotten hold
   * command, applied or not.
   */
  forget(upTo: number, onForgetHold: OnForgetHold): void {
    const last = Math.max(upTo, this.#lastWithoutRoom());
    for (let chunk = this.#headChunk(); chunk !== undefined; chunk = this.#headChunk()) {
      if (!this.#forgetInHead(chunk, last, onForgetHold)) break;
    }
    // While nothing is forgotten, no segment has to be swept for it.
    if (this.#head === 0 && this.#headUnit === 1) return;
    this.#setOldest();
  }

  #setOldest(): void {
    this.#index.setOldest(((this.#head % CHUNKS_MAX) << UNIT_BITS) | this.#headUnit);
  }

  /** The last sequence that must go so that the log stays below its bound; 0 if none must. */
  #lastWithoutRoom(): number {
    const first = this.#tail - this.#chunksFull + 1;
    return first <= this.#head ? 0 : this.#chunks[first % CHUNKS_MAX]!.baseSequence - 1;
  }

  /** Forgets commands of the head chunk up to this sequence. True if that is all of them. */
  #forgetInHead(chunk: LogChunk, upTo: number, onForgetHold: OnForgetHold): boolean {
    let mark = chunk.markOf(this.#headUnit);
    let sequence = chunk.sequenceAt(this.#headUnit);
    while (sequence <= upTo) {
      this.horizonTimeMs = chunk.markTime(mark);
      const left = chunk.markSequence(mark) + chunk.markEntries(mark) - sequence;
      const forgotten = Math.min(left, upTo + 1 - sequence);
      const end = chunk.markUnit(mark + 1);
      // Entries are read only where that is needed: they are old, and each is a wait for memory.
      this.#headUnit = forgotten === left && !chunk.hasHolds ? end : this.#walk(chunk, forgotten, onForgetHold);
      this.#count -= forgotten;
      if (this.#headUnit === chunk.used) return true;
      if (this.#headUnit !== end) return false;
      sequence = chunk.markSequence(++mark);
    }
    return false;
  }

  /** The unit behind `count` commands from the head on; tells of holds among them. */
  #walk({ words }: LogChunk, count: number, onForgetHold: OnForgetHold): number {
    let w = this.#headUnit * 2;
    for (let left = count; left > 0; left--) {
      if (at.typeOf(words, w) === TYPE.hold) onForgetHold(words, w);
      w += entryUnits(words, w) * 2;
    }
    return w / 2;
  }

  /** The chunk that the oldest command stands in; steps over a chunk that is used up. */
  #headChunk(): LogChunk | undefined {
    while (this.#head <= this.#tail) {
      const chunk = this.#chunks[this.#head % CHUNKS_MAX]!;
      if (this.#headUnit < chunk.used) return chunk;
      if (this.#head === this.#tail) return undefined;
      this.#chunks[this.#head % CHUNKS_MAX] = undefined;
      (this.#isCaptured ? this.#captured : this.#spares).push(chunk);
      this.#head++;
      this.#headUnit = 1;
      // Before the sweep: where many chunks go at once, it must see that the places in all of them are stale.
      this.#setOldest();
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
      const chunk = this.#chunks[number % CHUNKS_MAX]!;
      const { baseSequence, baseTimeMs } = chunk;
      const firstUnit = number === this.#head ? this.#headUnit : 1;
      images.push({ ...chunk.image(), baseSequence, baseTimeMs, firstUnit });
    }
    return images;
  }

  endCapture(): void {
    this.#isCaptured = false;
    this.#spares.push(...this.#captured.splice(0));
  }

  /** Begins to load a log of some `commands` into an empty one, chunk by chunk. */
  beginLoad(commands: number): void {
    this.#index.beginLoad(commands);
  }

  /** Adds a chunk of a snapshot to a log that is being loaded, oldest first. Tells of each reversal. */
  loadChunk(image: LogChunkImage, tagOf: TagOf, onReversal: (place: number) => void): void {
    const chunk = this.#addChunk(image.baseSequence, image.baseTimeMs);
    chunk.load(image.entries, image.marks);
    if (this.#tail === this.#head) this.#headUnit = image.firstUnit;
    const { words, used } = chunk;
    const firstPlace = (this.#tail % CHUNKS_MAX) << UNIT_BITS;
    for (let unit = image.firstUnit; unit < used; unit += entryUnits(words, unit * 2)) {
      const w = unit * 2;
      // It may have been reversed after the snapshot; that is set anew from the reversals in the log.
      words[w + at.FLAGS] = words[w + at.FLAGS]! & ~(REVERSED << 16);
      this.#index.append(entryTag(words, w, tagOf), firstPlace | unit);
      this.#count++;
      if (at.typeOf(words, w) === TYPE.reverse) onReversal(firstPlace | unit);
      else if (at.typeOf(words, w) === TYPE.hold) chunk.hasHolds = true;
    }
  }

  /** After the last chunk: now commands can be found. */
  endLoad(): void {
    this.#index.endLoad();
  }

  /** Where the log ends now. */
  end(): LogEnd {
    return { chunk: this.#tail, used: this.#tail < 0 ? 1 : this.#tailChunk.used };
  }

  /** Takes back everything added since the log ended there. */
  rewind(end: LogEnd, tagOf: TagOf): void {
    while (this.#tail > end.chunk) {
      this.#unindex(this.#tail, 1, tagOf);
      // No snapshot reads it: none begins within a bucket.
      this.#spares.push(this.#chunks[this.#tail % CHUNKS_MAX]!);
      this.#chunks[this.#tail % CHUNKS_MAX] = undefined;
      this.#tail--;
    }
    if (this.#tail < 0) return;
    this.#unindex(this.#tail, end.used, tagOf);
    this.#tailChunk.rewind(end.used);
  }

  #unindex(number: number, fromUnit: number, tagOf: TagOf): void {
    const { words, used } = this.#chunks[number % CHUNKS_MAX]!;
    for (let unit = fromUnit; unit < used; unit += entryUnits(words, unit * 2)) {
      this.#index.remove(entryTag(words, unit * 2, tagOf), ((number % CHUNKS_MAX) << UNIT_BITS) | unit);
      this.#count--;
    }
  }
}

/** Told of each forgotten hold command: its record at word `w`. */
export type OnForgetHold = (words: Int32Array, w: number) => void;

/** First word of the entry at a place, within its chunk. */
function wordOf(place: number): number {
  return (place & UNIT_MASK) * 2;
}

function entryTag(words: Int32Array, w: number, tagOf: TagOf): number {
  return tagOf(words[w + at.PARTNER]!, words, entryIdWord(words, w), at.idBytes(words, w));
}
