/** The two ends of a ring; see `ring-layout.ts`. */
import { assert } from "./assert.ts";
import { RecordMemory } from "./memory.ts";
import * as at from "./ring-layout.ts";

/** Memory for a ring with room for `bytes` of entries, a power of two. */
export function makeRing(bytes: number): SharedArrayBuffer {
  assert((bytes & (bytes - 1)) === 0, "a ring's size is a power of two");
  return new SharedArrayBuffer(at.ENTRIES_BYTE + bytes);
}

class RingEnd {
  protected readonly control: Int32Array;
  /** The entries. Offsets in `memory` are bytes from the first entry. */
  readonly memory: RecordMemory;
  protected readonly units: number;
  protected readonly mask: number;

  constructor(buffer: SharedArrayBuffer) {
    const bytes = buffer.byteLength - at.ENTRIES_BYTE;
    this.control = new Int32Array(buffer, 0, at.ENTRIES_BYTE / 4);
    this.memory = new RecordMemory(buffer, at.ENTRIES_BYTE, bytes);
    this.units = bytes / 8;
    this.mask = this.units - 1;
  }

  /** Bytes of entries that fit. */
  get capacity(): number {
    return this.units * 8;
  }

  /** Bytes published and not yet consumed; may be stale. */
  get usedBytes(): number {
    const published = Atomics.load(this.control, at.PUBLISHED_WORD);
    return ((published - Atomics.load(this.control, at.CONSUMED_WORD)) >>> 0) * 8;
  }
}

/** The only writer of a ring. Claim, write, publish: what is claimed and not published leaves no trace. */
export class RingProducer extends RingEnd {
  /** Next unit to be written, modulo 2^32. */
  #cursor = 0;
  /** Unit behind what was claimed last, and where that entry begins. */
  #claimed = 0;
  #consumedSeen = 0;

  /**
   * Room for an entry with a payload of up to `bytes`, or -1 if the ring is too full. Returns the payload's first byte. A claim
   * that is not published is simply made again; several claims may precede one publish.
   */
  claim(bytes: number): number {
    const units = (at.ENTRY_HEAD_BYTES + bytes + 7) >>> 3;
    let start = this.#claimed;
    const toEnd = this.units - (start & this.mask);
    if (units > toEnd) start = (start + toEnd) | 0;
    if (!this.#hasRoom(((start - this.#cursor) >>> 0) + units)) return -1;
    if (units > toEnd) this.#writePad(toEnd);
    this.#claimed = start;
    return (start & this.mask) * 8 + at.ENTRY_HEAD_BYTES;
  }

  /** True if so many units behind the published ones are free. Reads the consumer's word only when the last look does not do. */
  #hasRoom(units: number): boolean {
    const used = (this.#cursor - this.#consumedSeen) >>> 0;
    if (used + units <= this.units) return true;
    // Pairs with the consumer's store in `release`: what lies before this cursor was read and may be overwritten.
    this.#consumedSeen = Atomics.load(this.control, at.CONSUMED_WORD);
    return ((this.#cursor - this.#consumedSeen) >>> 0) + units <= this.units;
  }

  #writePad(units: number): void {
    const w = (this.#claimed & this.mask) * 2;
    this.memory.words[w + at.ENTRY_UNITS] = units;
    this.memory.words[w + at.ENTRY_KIND] = at.ENTRY.pad;
  }

  /** Completes the entry claimed last with a payload of `bytes`. It is visible after `publish`. */
  commit(entry: { kind: number; token: number; count: number; sequence: number; timeMs: number }, bytes: number): void {
    const units = (at.ENTRY_HEAD_BYTES + bytes + 7) >>> 3;
    const w = (this.#claimed & this.mask) * 2;
    const { words, floats } = this.memory;
    words[w + at.ENTRY_UNITS] = units;
    words[w + at.ENTRY_KIND] = entry.kind;
    words[w + at.ENTRY_TOKEN] = entry.token;
    words[w + at.ENTRY_COUNT] = entry.count;
    floats[(w >>> 1) + at.ENTRY_SEQUENCE] = entry.sequence;
    floats[(w >>> 1) + at.ENTRY_TIME] = entry.timeMs;
    this.#claimed = (this.#claimed + units) | 0;
  }

  /** True if entries were committed since the last `publish`. */
  get hasClaims(): boolean {
    return this.#cursor !== this.#claimed;
  }

  /** Hands over everything committed. Returns true if the consumer sleeps and has to be woken, once. */
  publish(): boolean {
    if (this.#cursor === this.#claimed) return false;
    this.#cursor = this.#claimed;
    // Publishes the entries up to the cursor; pairs with the consumer's load in `next`.
    Atomics.store(this.control, at.PUBLISHED_WORD, this.#cursor);
    // Sequentially consistent with the consumer's store in `sleep`: either it sees our cursor, or we see that it sleeps.
    if (Atomics.load(this.control, at.SLEEPING_WORD) === 0) return false;
    return Atomics.exchange(this.control, at.SLEEPING_WORD, 0) === 1;
  }

  /** Takes back what was claimed and committed since the last publish. */
  abandon(): void {
    this.#claimed = this.#cursor;
  }
}

/** The only reader of a ring. */
export class RingConsumer extends RingEnd {
  /** Next unit to be read, modulo 2^32, and how far the producer's word has been seen. */
  #cursor = 0;
  #publishedSeen = 0;

  /** Byte at which the next entry's head begins, or -1 when there is none. */
  next(): number {
    for (;;) {
      if (this.#cursor === this.#publishedSeen) {
        // Pairs with the producer's store in `publish`: entries before this cursor are whole.
        this.#publishedSeen = Atomics.load(this.control, at.PUBLISHED_WORD);
        if (this.#cursor === this.#publishedSeen) return -1;
      }
      const unit = this.#cursor & this.mask;
      if (this.memory.words[unit * 2 + at.ENTRY_KIND] !== at.ENTRY.pad) return unit * 8;
      this.#cursor = (this.#cursor + this.memory.words[unit * 2 + at.ENTRY_UNITS]!) | 0;
    }
  }

  /** Byte at which the entry behind the one at `start` begins, or -1 when none is known to be there. */
  following(start: number): number {
    let cursor = (this.#cursor + (((start >>> 3) - this.#cursor) & this.mask)) | 0;
    do {
      cursor = (cursor + this.memory.words[(cursor & this.mask) * 2 + at.ENTRY_UNITS]!) | 0;
      if (cursor === this.#publishedSeen) return -1;
    } while (this.memory.words[(cursor & this.mask) * 2 + at.ENTRY_KIND] === at.ENTRY.pad);
    return (cursor & this.mask) * 8;
  }

  /** Steps over the entry that `next` returned. Its memory stays valid until `release`. */
  skip(): void {
    this.#cursor = (this.#cursor + this.memory.words[(this.#cursor & this.mask) * 2 + at.ENTRY_UNITS]!) | 0;
  }

  /** Gives the memory of all skipped entries back to the producer. */
  release(): void {
    // Publishes that we are done reading; pairs with the producer's load in `claim`.
    Atomics.store(this.control, at.CONSUMED_WORD, this.#cursor);
  }

  /** Takes `sleep` back: this side will look again by itself. */
  stayAwake(): void {
    Atomics.store(this.control, at.SLEEPING_WORD, 0);
  }

  /** Says that this side is about to wait. Returns false if an entry arrived meanwhile: then do not wait. */
  sleep(): boolean {
    Atomics.store(this.control, at.SLEEPING_WORD, 1);
    if (this.next() < 0) return true;
    Atomics.store(this.control, at.SLEEPING_WORD, 0);
    return false;
  }
}
