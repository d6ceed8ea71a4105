/**
 * A hash index from a 32-bit tag to non-zero 32-bit values, in typed arrays, by extendible hashing: the tag's upper bits
 * choose a segment through a directory, the lower ones a slot in it, linear probing from there. A full segment is split
 * into two by itself, so growth never stalls: doubling one flat 128 MB table takes a third of a second, splitting a
 * segment some 50 µs. The index knows no keys: the caller compares the key behind a value and asks for the next one.
 *
 * Values may go stale, oldest first: they leave the index when their segment is full, thousands at a time in one pass over 64 KiB.
 * Taking each out by itself was a random access a command, a sixth of the state machine's time.
 */
import { Arena, type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";

/** Slots of a segment, 64 KiB. 16 million ids fill 4096 segments to 0.48, 17 bytes an id. */
const SEGMENT_SLOTS = 8192;
const SLOT_MASK = SEGMENT_SLOTS - 1;
/** Slots of a cache line. */
const LINE_SLOTS = 8;
const HOME_MASK = SLOT_MASK & ~(LINE_SLOTS - 1);
/** Entries at which a segment is full: up to three quarters a search that finds nothing looks at nine slots at most on average. */
const SEGMENT_FULL = 6144;
/** A full segment with more entries than this that are not stale is split: else it would be full again too soon. */
const SEGMENT_LIVE_MAX = 4608;
const SEGMENT_WORDS = SEGMENT_SLOTS * 2;
/** Segments are allocated 64 at a time, 4 MiB. */
const POOL_SHIFT = 6;
const POOL_MASK = 63;
const DEPTH_MAX = 24;
/** Span of an index in which nothing ever goes stale. */
const ALL = 2 ** 32;
const STALE_BITS = 29;
/** How far behind the oldest fresh value a stale one may be. */
export const STALE_SPAN: number = 2 ** STALE_BITS;

export class KeyIndex {
  /** Tag's upper bits → segment number. Depth is at least 1, for a shift by 32 would be a shift by 0. */
  #directory = new Int32Array(2);
  #shift = 31;
  readonly #arena: Arena;
  #pools: Int32Array[] = [];
  #segments = 0;
  /** Bits of the tag that all entries of a segment share. */
  #depths: number[] = [];
  #used: number[] = [];
  #size = 0;
  /** Values from `#oldest` on, and less than `#span` above it, are fresh. */
  #oldest = 0;
  #span = ALL;
  /** Entries of a segment that is being made anew, and of the one that it is split off; see `#takeAll`. Words beyond them are scratch. */
  readonly #entries = new Int32Array(SEGMENT_WORDS + 2);
  readonly #siblings = new Int32Array(SEGMENT_WORDS + 2);
  #taken = 0;
  #siblingsTaken = 0;
  /** The entries of a segment stand one behind the other. */
  #isLoading = false;
  /** Segment that `sweepSome` looks at next. */
  #sweepNext = 0;
  // Where the last find stands: `next` goes on from here.
  #pool: Int32Array = new Int32Array(0);
  #base = 0;
  #slot = 0;
  /** The tag that the last find did not find; 0 after any other call, and for the tag 0, which then takes the long way. */
  #foundNone = 0;

  constructor(source: BlockSource = PLAIN_BLOCKS) {
    this.#arena = new Arena(source);
    this.#directory[0] = this.#addSegment(1);
    this.#directory[1] = this.#addSegment(1);
  }

  /** Entries, stale ones that were not dropped yet included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of all segments and the directory. */
  get bytes(): number {
    return this.#pools.length * (SEGMENT_WORDS << POOL_SHIFT) * 4 + this.#directory.byteLength;
  }

  /** Puts by memory for `entries` more entries, at the size that segments have when they are split. Returns its bytes. */
  reserve(entries: number): number {
    const segments = segmentsFor(this.#size + entries);
    return this.#arena.reserve(Math.max(0, segments - this.#segments) * SEGMENT_WORDS * 4);
  }

  /**
   * Begins to fill an empty index with `append`, of which some `entries` are expected; up to `endLoad` nothing else may be asked of it.
   * An entry goes behind the last one of its segment, and whole segments are put in order at the end, in the cache: each insertion would
   * wait for memory.
   */
  beginLoad(entries: number): void {
    assert(this.#size === 0, "an index that is loaded is empty before");
    this.#isLoading = true;
    const wanted = segmentsFor(entries);
    while (this.#segments < wanted) {
      for (let segment = this.#segments - 1; segment >= 0; segment--) this.#split(segment);
    }
  }

  /** Adds an entry, as `insert` does. */
  append(tag: number, value: number): void {
    assert(this.#isLoading, "entries are appended between beginLoad and endLoad");
    let segment = this.#directory[tag >>> this.#shift]!;
    while (this.#used[segment]! >= SEGMENT_FULL) {
      this.#split(segment);
      segment = this.#directory[tag >>> this.#shift]!;
    }
    const place = baseOf(segment) + this.#used[segment]! * 2;
    const pool = this.#poolOf(segment);
    pool[place] = tag;
    pool[place + 1] = value;
    this.#used[segment]!++;
    this.#size++;
  }

  /** Ends what `beginLoad` began, if anything. */
  endLoad(): void {
    if (!this.#isLoading) return;
    this.#isLoading = false;
    for (let segment = 0; segment < this.#segments; segment++) {
      this.#takeAll(segment, 0);
      this.#placeAll(segment, this.#entries, this.#taken);
    }
  }

  /**
   * Loads the slots of many tags into the cache. A loop as short as can be: the processor looks only some 500 instructions ahead, so
   * the shorter a turn, the more loads wait for memory at the same time. Returns a mix of what was loaded, so that the loads are
   * not optimised away.
   */
  touchAll(tags: Int32Array, count: number): number {
    const directory = this.#directory;
    const shift = this.#shift;
    const pools = this.#pools;
    let mix = 0;
    for (let i = 0; i < count; i++) {
      const tag = tags[i]!;
      const segment = directory[tag >>> shift]!;
      mix ^= pools[segment >>> POOL_SHIFT]![(segment & POOL_MASK) * SEGMENT_WORDS + homeSlot(tag) * 2]!;
    }
    return mix;
  }

  /** Writes to `values` the first value under each tag, or 0; as `find`, but leaves `next` alone. */
  peekAll(tags: Int32Array, count: number, values: Int32Array): void {
    const directory = this.#directory;
    const shift = this.#shift;
    const pools = this.#pools;
    for (let i = 0; i < count; i++) {
      const tag = tags[i]!;
      const segment = directory[tag >>> shift]!;
      const pool = pools[segment >>> POOL_SHIFT]!;
      const base = (segment & POOL_MASK) * SEGMENT_WORDS;
      let slot = homeSlot(tag);
      while (pool[base + slot * 2 + 1] !== 0 && pool[base + slot * 2] !== tag) slot = afterSlot(slot);
      values[i] = pool[base + slot * 2 + 1]!;
    }
  }

  /** First value under this tag, or 0. Other keys may share the tag: compare, then ask `next`. */
  find(tag: number): number {
    const segment = this.#directory[tag >>> this.#shift]!;
    this.#pool = this.#pools[segment >>> POOL_SHIFT]!;
    this.#base = (segment & POOL_MASK) * SEGMENT_WORDS;
    this.#slot = homeSlot(tag);
    return this.#scan(tag);
  }

  /** Next value under the tag of the last `find`, or 0. No insert or remove may lie between. */
  next(tag: number): number {
    this.#slot = afterSlot(this.#slot);
    return this.#scan(tag);
  }

  #scan(tag: number): number {
    const pool = this.#pool;
    const base = this.#base;
    let slot = this.#slot;
    for (;;) {
      const value = pool[base + slot * 2 + 1]!;
      if (value === 0 || pool[base + slot * 2] === tag) {
        this.#slot = slot;
        this.#foundNone = value === 0 ? tag : 0;
        return value;
      }
      slot = afterSlot(slot);
    }
  }

  /** Adds an entry; the same tag may stand several times. `tag` and `value` are int32, value not 0. */
  insert(tag: number, value: number): void {
    assert(value !== 0, "an index value is never 0");
    let segment = this.#directory[tag >>> this.#shift]!;
    const place = this.#base + this.#slot * 2;
    if (tag !== 0 && this.#foundNone === tag && this.#pool[place + 1] === 0 && this.#used[segment]! < SEGMENT_FULL) {
      // The usual case: this tag was looked for just now, and the search ended where the entry belongs.
      this.#foundNone = 0;
      this.#pool[place] = tag;
      this.#pool[place + 1] = value;
      this.#used[segment]!++;
      this.#size++;
      return;
    }
    while (this.#used[segment]! >= SEGMENT_FULL) {
      this.#makeRoom(segment);
      segment = this.#directory[tag >>> this.#shift]!;
    }
    this.#put(segment, tag, value);
    this.#size++;
  }

  #put(segment: number, tag: number, value: number): void {
    const pool = this.#pools[segment >>> POOL_SHIFT]!;
    const base = (segment & POOL_MASK) * SEGMENT_WORDS;
    let slot = homeSlot(tag);
    while (pool[base + slot * 2 + 1] !== 0) slot = afterSlot(slot);
    pool[base + slot * 2] = tag;
    pool[base + slot * 2 + 1] = value;
    this.#used[segment]!++;
  }

  /** Takes out the entry with this tag and value, which must be there. Later entries move up, so no tombstones stay. */
  remove(tag: number, value: number): void {
    this.#foundNone = 0;
    const segment = this.#directory[tag >>> this.#shift]!;
    const pool = this.#pools[segment >>> POOL_SHIFT]!;
    const base = (segment & POOL_MASK) * SEGMENT_WORDS;
    let slot = homeSlot(tag);
    while (pool[base + slot * 2 + 1] !== value || pool[base + slot * 2] !== tag) {
      assert(pool[base + slot * 2 + 1] !== 0, "a removed index entry exists");
      slot = afterSlot(slot);
    }
    closeGap(pool, base, slot);
    this.#used[segment]!--;
    this.#size--;
  }

  /**
   * Values are numbers that are given in order, going round at 2^32: those below this one are stale from now on, and may be found or
   * not. No more than 2^32 - STALE_SPAN values may be in use, and `sweepSome` must have dropped what is further behind than
   * STALE_SPAN, or a stale value would look fresh again.
   */
  setOldest(value: number): void {
    this.#oldest = value | 0;
    this.#span = 2 ** 32 - STALE_SPAN;
  }

  /** True for a fresh value. */
  isFresh(value: number): boolean {
    return (value - this.#oldest) >>> 0 < this.#span;
  }

  #makeRoom(segment: number): void {
    if (this.#span !== ALL) this.#sweep(segment);
    if (this.#used[segment]! > SEGMENT_LIVE_MAX) this.#split(segment);
  }

  /**
   * Drops the stale values of some segments, `1 / parts` of all: whoever calls it `parts` times, or twice as often where segments are
   * split meanwhile, knows that no value is left which was stale at the first call.
   */
  sweepSome(parts: number): void {
    for (let left = Math.ceil(this.#segments / parts); left > 0; left--) {
      this.#sweep(this.#sweepNext % this.#segments);
      this.#sweepNext = (this.#sweepNext + 1) % this.#segments;
    }
  }

  #sweep(segment: number): void {
    const before = this.#used[segment]!;
    this.#takeAll(segment, 0);
    this.#placeAll(segment, this.#entries, this.#taken);
    this.#size -= before - this.#taken;
  }

  /**
   * Empties a segment. Its entries stand in `#entries` then, packed and in the order of their slots; those whose tag has `bit` stand in
   * `#siblings` instead; stale ones are gone. No branch depends on an entry, for half of them would be guessed wrong: each is written to both
   * places, and the place moves on where it belongs.
   */
  #takeAll(segment: number, bit: number): void {
    this.#foundNone = 0;
    const pool = this.#poolOf(segment);
    const base = baseOf(segment);
    const entries = this.#entries;
    const siblings = this.#siblings;
    const oldest = this.#oldest;
    const staleBits = this.#span === ALL ? 0 : 1;
    // Behind an empty slot, so that a run of entries is seen from its start, also one that goes round at the segment's end.
    let first = 0;
    while (pool[base + first * 2 + 1] !== 0) first++;
    let taken = 0;
    let siblingsTaken = 0;
    for (let i = first; i < first + SEGMENT_SLOTS; i++) {
      const place = base + (i & SLOT_MASK) * 2;
      const tag = pool[place]!;
      const value = pool[place + 1]!;
      entries[taken] = tag;
      entries[taken + 1] = value;
      siblings[siblingsTaken] = tag;
      siblings[siblingsTaken + 1] = value;
      const isKept = isNotZero(value) & ~(isStale(value - oldest) & staleBits);
      const isSibling = isNotZero(tag & bit);
      taken += (isKept & ~isSibling) << 1;
      siblingsTaken += (isKept & isSibling) << 1;
    }
    pool.fill(0, base, base + SEGMENT_WORDS);
    this.#taken = taken >>> 1;
    this.#siblingsTaken = siblingsTaken >>> 1;
  }

  /**
   * Fills an empty segment with entries in the order of their slots. Nearly all of them come in the order of their home slots too, and
   * then the next free slot is known without a search.
   */
  #placeAll(segment: number, entries: Int32Array, count: number): void {
    const pool = this.#poolOf(segment);
    const base = baseOf(segment);
    this.#used[segment] = count;
    if (this.#isLoading) {
      pool.set(entries.subarray(0, count * 2), base);
      return;
    }
    let highestHome = 0;
    // All slots between the home of the last entry in order and this one are taken.
    let next = 0;
    for (let i = 0; i < count * 2; i += 2) {
      const tag = entries[i]!;
      const home = homeSlot(tag);
      let slot = home;
      if (home >= highestHome) {
        highestHome = home;
        slot = Math.max(home, next);
      }
      while (pool[base + (slot & SLOT_MASK) * 2 + 1] !== 0) slot++;
      next = Math.max(next, slot + 1);
      const place = base + (slot & SLOT_MASK) * 2;
      pool[place] = tag;
      pool[place + 1] = entries[i + 1]!;
    }
  }

  #poolOf(segment: number): Int32Array {
    return this.#pools[segment >>> POOL_SHIFT]!;
  }

  #addSegment(depth: number): number {
    const segment = this.#segments++;
    if (segment >>> POOL_SHIFT === this.#pools.length)
      this.#pools.push(this.#arena.take((SEGMENT_WORDS * 4) << POOL_SHIFT).words);
    this.#depths.push(depth);
    this.#used.push(0);
    return segment;
  }

  #split(segment: number): void {
    this.#foundNone = 0;
    const depth = this.#depths[segment]! + 1;
    assert(depth <= DEPTH_MAX, "tags are spread, so that no segment is split beyond the depth bound");
    if (depth > 32 - this.#shift) this.#doubleDirectory();
    const sibling = this.#addSegment(depth);
    this.#depths[segment] = depth;
    for (let i = 0; i < this.#directory.length; i++) {
      // Of the directory entries that led here, those whose new bit is set lead to the sibling.
      if (this.#directory[i] === segment && (i >>> (32 - this.#shift - depth)) & 1) this.#directory[i] = sibling;
    }
    const before = this.#used[segment]!;
    this.#takeAll(segment, 1 << (32 - depth));
    assert(
      this.#taken + this.#siblingsTaken === before,
      "a segment that is split was swept, so each entry goes to one of its halves",
    );
    this.#placeAll(segment, this.#entries, this.#taken);
    this.#placeAll(sibling, this.#siblings, this.#siblingsTaken);
  }

  #doubleDirectory(): void {
    const old = this.#directory;
    const grown = new Int32Array(old.length * 2);
    for (let i = 0; i < grown.length; i++) grown[i] = old[i >>> 1]!;
    this.#directory = grown;
    this.#shift--;
  }
}

/** Segments of an index that has grown to this many entries. */
function segmentsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries / SEGMENT_FULL)));
}

/** First word of a segment in its pool. */
function baseOf(segment: number): number {
  return (segment & POOL_MASK) * SEGMENT_WORDS;
}

/** 1 for any int32 but 0. */
function isNotZero(value: number): number {
  return (value | -value) >>> 31;
}

/** 1 if a value that lies `above` the oldest fresh one, modulo 2^32, is stale: if it is less than STALE_SPAN behind. */
function isStale(above: number): number {
  return ((above >>> STALE_BITS) + 1) >>> (32 - STALE_BITS);
}

/** The first slot of one of the segment's cache lines: a search that begins within a line leaves it, and waits for memory, four times as often. */
function homeSlot(tag: number): number {
  return tag & HOME_MASK;
}

function afterSlot(slot: number): number {
  return (slot + 1) & SLOT_MASK;
}

/** Slots from one to another, going round at the end. */
function distance(from: number, to: number): number {
  return (to - from) & SLOT_MASK;
}

/** Backward-shift deletion (Knuth, TAOCP 6.4 algorithm R): moves up each entry that may stand in the gap. */
function closeGap(pool: Int32Array, base: number, slot: number): void {
  let gap = slot;
  for (let probe = afterSlot(slot); ; probe = afterSlot(probe)) {
    const value = pool[base + probe * 2 + 1]!;
    if (value === 0) break;
    const tag = pool[base + probe * 2]!;
    const home = homeSlot(tag);
    if (distance(home, probe) < distance(gap, probe)) continue;
    pool[base + gap * 2] = tag;
    pool[base + gap * 2 + 1] = value;
    gap = probe;
  }
  pool[base + gap * 2] = 0;
  pool[base + gap * 2 + 1] = 0;
}
