/** The accounts of a group: rows, the index by (partner, currency, name), and the sum of their state hashes. */
import type { AccountCursor } from "./account-cursor.ts";
import * as at from "./account-row.ts";
import type { BlockSource } from "./arena.ts";
import { assert } from "./assert.ts";
import { copyWords, equalWords, hashWords, mix32, nameWords, tagWords } from "./hash.ts";
import { KeyIndex } from "./key-index.ts";
import { ACCOUNTS_MAX } from "./limits.ts";
import { chunkOf, Rows, wordOf } from "./rows.ts";

const WORLD_NAME = new Int32Array(new Uint8Array([0x40, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0, 0]).buffer);
const WORLD_NAME_BYTES = 6;
/** Seed of the hash of an account's limits. */
const LIMITS_SEED = 0x2c1b3c6d;

/** Words of a name's tail, the part beyond 28 bytes. */
export const TAIL_WORDS = 9;
export const TAILS_PER_CHUNK = 4096;

export class Accounts {
  readonly rows: Rows;
  readonly #index: KeyIndex;
  readonly #seed: number;
  /** The part of names beyond 28 bytes, in chunks; place p stands in chunk p >>> 12. Place 0 is never used. */
  readonly #tails: Int32Array[] = [];
  #tailCount = 1;
  readonly #freeTails: number[] = [];
  /** Sum over all accounts but `@world` of their hash, two independent 32-bit lanes. */
  hashA = 0;
  hashB = 0;
  /** The two lanes that `contentHash` wrote last. */
  readonly #hash = new Int32Array(2);
  // The last world account asked for: nearly every command of a partner asks for the same one.
  #worldPartner = -1;
  #worldCurrency = -1;
  #worldRow = 0;
  /** Rows of `@world` accounts, in the order of opening. */
  readonly worlds: number[] = [];

  constructor(seed: number, source: BlockSource) {
    this.#seed = seed;
    this.rows = new Rows(ACCOUNTS_MAX, source);
    this.#index = new KeyIndex(source);
  }

  /** Accounts, `@world` ones included. */
  get size(): number {
    return this.rows.size;
  }

  /** Bytes of the index. */
  get indexBytes(): number {
    return this.#index.bytes;
  }

  /** Tag of a key whose name stands as zero-padded words. */
  tag(partner: number, currency: number, words: Int32Array, start: number, nameBytes: number): number {
    const seed = this.#seed ^ Math.imul(partner, 0x9e3779b1) ^ Math.imul(currency, 0x85ebca77);
    return tagWords(words, start, nameWords(nameBytes), seed);
  }

  /**
   * Loads the slots, then the rows, of many tags into the cache. `rows` is scratch room. Returns a mix of what was loaded; see
   * `KeyIndex.touchAll`.
   */
  touchAll(tags: Int32Array, count: number, rows: Int32Array): number {
    const mix = this.#index.touchAll(tags, count);
    this.#index.peekAll(tags, count, rows);
    return mix ^ this.rows.touchAll(rows, count);
  }

  /** The row of this key, or 0. `tag` is that of the key. */
  find(tag: number, partner: number, currency: number, words: Int32Array, start: number, nameBytes: number): number {
    let row = this.#index.find(tag);
    while (row !== 0 && !this.#isKey(row, partner, currency, words, start, nameBytes)) row = this.#index.next(tag);
    return row;
  }

  #isKey(row: number, partner: number, currency: number, words: Int32Array, start: number, nameBytes: number): boolean {
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    if (rowWords[w + at.PARTNER] !== partner || rowWords[w + at.CURRENCY] !== currency) return false;
    if (((rowWords[w + at.STATE]! >>> at.NAME_BYTES_SHIFT) & 0xff) !== nameBytes) return false;
    const count = nameWords(nameBytes);
    if (count <= at.NAME_WORDS_INLINE) return equalWords(rowWords, w + at.NAME, words, start, count);
    if (!equalWords(rowWords, w + at.NAME, words, start, at.NAME_WORDS_INLINE)) return false;
    const tail = rowWords[w + at.TAIL]!;
    const more = count - at.NAME_WORDS_INLINE;
    return equalWords(this.#tailChunk(tail), tailWord(tail), words, start + at.NAME_WORDS_INLINE, more);
  }

  /** Opens an account with floor 0 and no ceiling. The key must be new. Returns its row. */
  open(tag: number, partner: number, currency: number, words: Int32Array, start: number, nameBytes: number): number {
    const row = this.rows.add();
    this.rows.willChange(row);
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    assert(rowWords[w + at.VERSION] === 0, "a new account's row is zero");
    rowWords[w + at.STATE] = nameBytes << at.NAME_BYTES_SHIFT;
    rowWords[w + at.PARTNER] = partner;
    rowWords[w + at.CURRENCY] = currency;
    rowWords[w + at.TAG] = tag;
    rowWords[w + at.KEY_HASH] = hashWords(words, start, nameWords(nameBytes), Math.imul(partner, 31) ^ currency);
    const count = nameWords(nameBytes);
    copyWords(words, start, rowWords, w + at.NAME, Math.min(count, at.NAME_WORDS_INLINE));
    if (count > at.NAME_WORDS_INLINE) {
      const tail = this.#addTail();
      rowWords[w + at.TAIL] = tail;
      const more = count - at.NAME_WORDS_INLINE;
      copyWords(words, start + at.NAME_WORDS_INLINE, this.#tailChunk(tail), tailWord(tail), more);
    }
    this.#index.insert(tag, row);
    return row;
  }

  /** Takes an account back that an undone command opened. */
  remove(row: number): void {
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    this.hashA = (this.hashA - rowWords[w + at.HASH]!) | 0;
    this.hashB = (this.hashB - rowWords[w + at.HASH + 1]!) | 0;
    const tail = rowWords[w + at.TAIL]!;
    if (tail !== 0) {
      this.#tailChunk(tail).fill(0, tailWord(tail), tailWord(tail) + TAIL_WORDS);
      this.#freeTails.push(tail);
    }
    if ((rowWords[w + at.STATE]! & at.IS_WORLD) !== 0) {
      this.#worldPartner = -1;
      this.worlds.splice(this.worlds.indexOf(row), 1);
    }
    this.#index.remove(rowWords[w + at.TAG]!, row);
    this.rows.remove(row);
  }

  /** The row of `@world` for this partner and currency, or 0. */
  findWorld(partner: number, currency: number): number {
    if (partner === this.#worldPartner && currency === this.#worldCurrency) return this.#worldRow;
    const tag = this.tag(partner, currency, WORLD_NAME, 0, WORLD_NAME_BYTES);
    const row = this.find(tag, partner, currency, WORLD_NAME, 0, WORLD_NAME_BYTES);
    if (row !== 0) {
      this.#worldPartner = partner;
      this.#worldCurrency = currency;
      this.#worldRow = row;
    }
    return row;
  }

  /** Opens `@world` for this partner and currency. */
  openWorld(partner: number, currency: number): number {
    const tag = this.tag(partner, currency, WORLD_NAME, 0, WORLD_NAME_BYTES);
    const row = this.open(tag, partner, currency, WORLD_NAME, 0, WORLD_NAME_BYTES);
    this.rows.words[chunkOf(row)]![wordOf(row) + at.STATE]! |= at.IS_WORLD;
    this.worlds.push(row);
    return row;
  }

  /** Copies the name's words, zero-padded, to `target` and returns its bytes. `target` has room for 16 words. */
  copyName(row: number, target: Int32Array, start: number): number {
    const rowWords = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    const nameBytes = (rowWords[w + at.STATE]! >>> at.NAME_BYTES_SHIFT) & 0xff;
    const count = nameWords(nameBytes);
    copyWords(rowWords, w + at.NAME, target, start, Math.min(count, at.NAME_WORDS_INLINE));
    if (count > at.NAME_WORDS_INLINE) {
      const tail = rowWords[w + at.TAIL]!;
      const more = count - at.NAME_WORDS_INLINE;
      copyWords(this.#tailChunk(tail), tailWord(tail), target, start + at.NAME_WORDS_INLINE, more);
    }
    return nameBytes;
  }

  /** To be called after each change of an account: counts the version and brings the state hash up to date. */
  changed(account: AccountCursor): void {
    const { words, w } = account;
    words[w + at.VERSION] = (words[w + at.VERSION]! + 1) | 0;
    // World rows change with every movement and are few: their hashes are added when the state hash is asked for.
    if ((words[w + at.STATE]! & at.IS_WORLD) === 0) this.rehash(words, w);
  }

  /** The hash of a `@world` row, which `hashA` and `hashB` leave out. */
  worldHash(row: number): { a: number; b: number } {
    const words = this.rows.words[chunkOf(row)]!;
    const w = wordOf(row);
    contentHash(words, w, this.#hash);
    return { a: this.#hash[0]!, b: this.#hash[1]! };
  }

  /** Replaces the row's part in the state hash by that of its present content. */
  rehash(words: Int32Array, w: number): void {
    contentHash(words, w, this.#hash);
    const a = this.#hash[0]!;
    const b = this.#hash[1]!;
    this.hashA = (this.hashA - words[w + at.HASH]! + a) | 0;
    this.hashB = (this.hashB - words[w + at.HASH + 1]! + b) | 0;
    words[w + at.HASH] = a;
    words[w + at.HASH + 1] = b;
  }

  /** Chunks of the names' tails. Those that a row refers to never change, so a snapshot may copy them at any time. */
  get tails(): readonly Int32Array[] {
    return this.#tails;
  }

  loadTails(words: Int32Array): void {
    assert(words.length === TAILS_PER_CHUNK * TAIL_WORDS, "a snapshot holds whole chunks of name tails");
    this.#tails.push(words.slice());
  }

  /** After all chunks of rows and tails are loaded: builds the index, the hashes and the free lists. */
  finishLoad(): void {
    this.#tailCount = Math.max(1, this.#tails.length * TAILS_PER_CHUNK);
    const usedTails = new Uint8Array(this.#tailCount);
    const name = new Int32Array(at.NAME_WORDS_INLINE + TAIL_WORDS);
    this.rows.finishLoad((row) => this.rows.words[chunkOf(row)]![wordOf(row) + at.STATE] !== 0);
    this.#index.beginLoad(this.rows.top);
    for (let row = 1; row <= this.rows.top; row++) {
      const words = this.rows.words[chunkOf(row)]!;
      const w = wordOf(row);
      if (words[w + at.STATE] === 0) continue;
      // Whoever wrote the snapshot may have made tags otherwise.
      words[w + at.TAG] = this.#tagOf(words, w, name);
      this.#index.append(words[w + at.TAG]!, row);
      usedTails[words[w + at.TAIL]!] = 1;
      this.hashA = (this.hashA + words[w + at.HASH]!) | 0;
      this.hashB = (this.hashB + words[w + at.HASH + 1]!) | 0;
      if ((words[w + at.STATE]! & at.IS_WORLD) !== 0) this.worlds.push(row);
    }
    this.#index.endLoad();
    for (let tail = this.#tailCount - 1; tail > 0; tail--) if (usedTails[tail] === 0) this.#freeTails.push(tail);
  }

  /** Tag of the row at word `w`; `name` is room for a whole name. */
  #tagOf(words: Int32Array, w: number, name: Int32Array): number {
    const tail = words[w + at.TAIL]!;
    copyWords(words, w + at.NAME, name, 0, at.NAME_WORDS_INLINE);
    if (tail !== 0) copyWords(this.#tailChunk(tail), tailWord(tail), name, at.NAME_WORDS_INLINE, TAIL_WORDS);
    const nameBytes = (words[w + at.STATE]! >>> at.NAME_BYTES_SHIFT) & 0xff;
    return this.tag(words[w + at.PARTNER]!, words[w + at.CURRENCY]!, name, 0, nameBytes);
  }

  #tailChunk(tail: number): Int32Array {
    return this.#tails[tail >>> 12]!;
  }

  #addTail(): number {
    const reused = this.#freeTails.pop();
    if (reused !== undefined) return reused;
    const tail = this.#tailCount++;
    if (tail >>> 12 === this.#tails.length) this.#tails.push(new Int32Array(TAILS_PER_CHUNK * TAIL_WORDS));
    return tail;
  }
}

function tailWord(tail: number): number {
  return (tail & (TAILS_PER_CHUNK - 1)) * TAIL_WORDS;
}

/**
 * Hash of a row's content, two lanes, written to `hash`: sums of products with distinct odd factors, which the processor computes
 * side by side, then mixed with the key. Limits take part only when one was set, so that the common row costs ten words.
 */
function contentHash(words: Int32Array, w: number, hash: Int32Array): void {
  const a = words[w]!;
  const b = words[w + 1]!;
  const c = words[w + 2]!;
  const d = words[w + 3]!;
  const version = words[w + at.VERSION]!;
  const state = words[w + at.STATE]!;
  const key = words[w + at.KEY_HASH]!;
  const front =
    Math.imul(a, 0x85ebca6b) +
    Math.imul(b, 0xc2b2ae35) +
    Math.imul(c, 0x27d4eb2f) +
    Math.imul(d, 0x165667b1) +
    Math.imul(version, 0x14057b7f);
  const back =
    Math.imul(words[w + 4]!, 0x9e3779b1) +
    Math.imul(words[w + 5]!, 0x2545f491) +
    Math.imul(words[w + 6]!, 0x5851f42d) +
    Math.imul(words[w + 7]!, 0x4c957f2d) +
    Math.imul(state, 0x369dea0f);
  const cross =
    Math.imul(a, 0x2545f491) +
    Math.imul(b, 0x5851f42d) +
    Math.imul(c, 0x4c957f2d) +
    Math.imul(d, 0x369dea0f) +
    Math.imul(version, 0x165667b1);
  const limits = (state & at.HAS_LIMITS) === 0 ? 0 : hashWords(words, w + at.MIN * 2, 8, LIMITS_SEED);
  hash[0] = mix32(((front | 0) + (back | 0) + limits) ^ key);
  hash[1] = mix32(
    Math.imul((cross | 0) + Math.imul(back | 0, 0xc2b2ae35) + limits, 0x297a2d39) ^ (key << 7) ^ (key >>> 25),
  );
}
