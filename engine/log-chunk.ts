/**
 * A chunk of the log of remembered commands: entries from its start upwards, and marks from its end downwards. A mark says sequence and
 * time of one entry; those behind it, up to the next mark, have the sequences that follow, and its time. So the commands of a frame
 * share what took 8 bytes each.
 */
import type { RecordMemory } from "./memory.ts";
import { entryUnits } from "./packed.ts";

/** Bytes of a chunk. */
export const CHUNK_BYTES: number = 1 << 20;
export const CHUNK_UNITS: number = CHUNK_BYTES / 8;
const CHUNK_WORDS = CHUNK_BYTES / 4;

/** A mark: unit of the entry, sequence and time relative to the chunk's, entries up to the next mark; a u32 each. */
const MARK_UNITS = 2;
const MARK_WORDS = MARK_UNITS * 2;
const MARK_BYTES = MARK_UNITS * 8;
/** Units after which there is a mark in any case, some 64 entries: whoever asks for a sequence counts from the mark before. */
const MARK_SPAN_UNITS = 512;

/** How far a mark's sequence or time lies from the chunk's at most; the entries behind it stay below 2^32. */
const DELTA_MAX = 0xffff_0000;

export class LogChunk {
  readonly memory: RecordMemory;
  readonly words: Int32Array;
  baseSequence = 0;
  baseTimeMs = 0;
  /** Units of entries in use. Unit 0 is never an entry, so that place 0 means "none". */
  used = 1;
  marks = 0;
  /** False: none of its entries is a hold. */
  hasHolds = false;
  /** What the next entry must be to need no mark: sequence and time relative to the chunk's, and before which unit. */
  #nextDelta = 0;
  #timeDelta = 0;
  #markBefore = 0;
  /** Entries must end at or before this unit, so that a mark has room. */
  #limit = CHUNK_UNITS - MARK_UNITS;

  /** `memory`: CHUNK_BYTES, of any content. */
  constructor(memory: RecordMemory) {
    this.memory = memory;
    this.words = memory.words;
  }

  /** Empties it; sequences and times count from these. */
  begin(sequence: number, timeMs: number): void {
    this.baseSequence = sequence;
    this.baseTimeMs = timeMs;
    this.hasHolds = false;
    this.#setEnd(1, 0);
  }

  #setEnd(used: number, marks: number): void {
    this.used = used;
    this.marks = marks;
    this.#markBefore = 0;
    this.#limit = CHUNK_UNITS - (marks + 1) * MARK_UNITS;
    if (marks === 0) return;
    const last = this.markUnit(marks - 1);
    this.#nextDelta = this.words[markWord(marks - 1) + 1]! >>> 0;
    for (let unit = last; unit < used; unit += entryUnits(this.words, unit * 2)) this.#nextDelta++;
  }

  /** Makes room for the next entry and returns its unit; 0 if the chunk cannot take it. */
  add(units: number, sequence: number, timeMs: number): number {
    const unit = this.used;
    if (unit + units > this.#limit) return 0;
    const delta = sequence - this.baseSequence;
    const timeDelta = timeMs - this.baseTimeMs;
    if (delta !== this.#nextDelta || timeDelta !== this.#timeDelta || unit >= this.#markBefore) {
      if (delta > DELTA_MAX || timeDelta > DELTA_MAX) return 0;
      this.#addMark(unit, delta, timeDelta);
    }
    this.#nextDelta = delta + 1;
    this.used = unit + units;
    return unit;
  }

  #addMark(unit: number, delta: number, timeDelta: number): void {
    if (this.marks > 0) this.words[markWord(this.marks - 1) + 3] = this.#openRun();
    const w = markWord(this.marks++);
    this.words[w] = unit;
    this.words[w + 1] = delta;
    this.words[w + 2] = timeDelta;
    this.#timeDelta = timeDelta;
    this.#markBefore = unit + MARK_SPAN_UNITS;
    this.#limit -= MARK_UNITS;
  }

  /** Entries behind the last mark. */
  #openRun(): number {
    return this.#nextDelta - (this.words[markWord(this.marks - 1) + 1]! >>> 0);
  }

  /** Takes back the entries from `used` on. */
  rewind(used: number): void {
    let marks = this.marks;
    while (marks > 0 && this.markUnit(marks - 1) >= used) marks--;
    this.#setEnd(used, marks);
  }

  /**
   * Entries and marks as they are now. Of these bytes only the last mark's count of entries, and whether an entry is reversed, change
   * later.
   */
  image(): { readonly entries: Uint8Array; readonly marks: Uint8Array } {
    const { bytes } = this.memory;
    return { entries: bytes.subarray(0, this.used * 8), marks: bytes.subarray(CHUNK_BYTES - this.marks * MARK_BYTES) };
  }

  /** Fills an empty chunk with such an image; the last mark's entries are counted anew. */
  load(entries: Uint8Array, marks: Uint8Array): void {
    this.memory.bytes.set(entries);
    this.memory.bytes.set(marks, CHUNK_BYTES - marks.byteLength);
    this.#setEnd(entries.byteLength / 8, marks.byteLength / MARK_BYTES);
  }

  /** The last mark at or before an entry; marks count from 0. */
  markOf(unit: number): number {
    let low = 0;
    let high = this.marks - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.markUnit(middle) <= unit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Unit of the entry that a mark begins with; `used` behind the last mark. */
  markUnit(mark: number): number {
    return mark < this.marks ? this.words[markWord(mark)]! : this.used;
  }

  /** Entries from a mark up to the next one. */
  markEntries(mark: number): number {
    return mark < this.marks - 1 ? this.words[markWord(mark) + 3]! : this.#openRun();
  }

  markSequence(mark: number): number {
    return this.baseSequence + (this.words[markWord(mark) + 1]! >>> 0);
  }

  markTime(mark: number): number {
    return this.baseTimeMs + (this.words[markWord(mark) + 2]! >>> 0);
  }

  sequenceAt(unit: number): number {
    const mark = this.markOf(unit);
    let sequence = this.markSequence(mark);
    for (let at = this.markUnit(mark); at < unit; at += entryUnits(this.words, at * 2)) sequence++;
    return sequence;
  }

  timeAt(unit: number): number {
    return this.markTime(this.markOf(unit));
  }
}

function markWord(mark: number): number {
  return CHUNK_WORDS - (mark + 1) * MARK_WORDS;
}
