/**
 * Looks at records before they are applied: hashes their keys and loads the memory that they will need, index slots first, then
 * account rows, then where they will be written. The loads of different records wait for memory at the same time, which doubles the
 * speed with a million accounts; so buckets that wait behind each other are looked at together.
 */
import { assert } from "./assert.ts";
import type { Frame } from "./frame.ts";
import type { RecordMemory } from "./memory.ts";
import * as record from "./record-words.ts";
import type { State } from "./state.ts";

/** Records looked at together: enough loads in flight to hide the memory's latency, few enough to stay in the cache. */
export const BLOCK = 64;

export class LookAhead {
  readonly #state: State;
  readonly #frame: Frame;
  /** Of each record: its first byte, the tag of its id, the tag of the account that it may name. */
  readonly starts = new Int32Array(BLOCK);
  readonly idTags = new Int32Array(BLOCK);
  readonly accountTags = new Int32Array(BLOCK);
  /** Records looked at, and those of them that were taken. */
  #count = 0;
  #taken = 0;
  /** Records whose memory was loaded. */
  #loaded = 0;
  /** And a row that may be that account's, 0 for none: a command in between may open it. Known of records that were taken. */
  readonly rows = new Int32Array(BLOCK);
  /** Mix of touched words; only there so that the loads are not optimised away. */
  touched = 0;

  constructor(state: State, frame: Frame) {
    this.#state = state;
    this.#frame = frame;
  }

  /** Records looked at and not taken yet. */
  get left(): number {
    return this.#count - this.#taken;
  }

  /** Forgets what it saw; to be called before the first of a block is added. */
  clear(): void {
    this.#count = 0;
    this.#taken = 0;
    this.#loaded = 0;
  }

  /** Looks at `count` records from byte `start` on; false, and nothing is done, if the block has no room for them all. */
  add(input: RecordMemory, start: number, count: number): boolean {
    const first = this.#count;
    const behind = first + count;
    if (behind > BLOCK) return false;
    const { accounts } = this.#state;
    const words = input.words;
    let w = start >>> 2;
    for (let i = first; i < behind; i++) {
      const partner = words[w + record.PARTNER]!;
      const idStart = w + record.idWord(words, w);
      const idBytes = record.idBytes(words, w);
      const nameStart = idStart + ((idBytes + 3) >>> 2);
      const nameBytes = record.nameBytes(words, w);
      this.starts[i] = w * 4;
      this.idTags[i] = this.#state.idTag(partner, words, idStart, idBytes);
      this.accountTags[i] = accounts.tag(partner, record.currency(words, w), words, nameStart, nameBytes);
      w += record.recordUnits(words, w) * 2;
    }
    this.#count = behind;
    return true;
  }

  /** True if the next record looked at begins at this byte. */
  isNext(start: number): boolean {
    return this.#taken < this.#count && this.starts[this.#taken] === start;
  }

  /** Takes `count` records that were looked at; returns the place of the first. All memory that was to be loaded is loaded then. */
  take(count: number): number {
    assert(count <= this.left, "records are looked at before they are taken");
    if (this.#loaded < this.#count) this.#load();
    const first = this.#taken;
    this.#taken += count;
    return first;
  }

  #load(): void {
    const { accounts, remembered } = this.#state;
    const count = this.#count;
    this.touched = remembered.touchAll(this.idTags, count) ^ accounts.touchAll(this.accountTags, count, this.rows);
    this.touched ^= remembered.touchNext(count) ^ this.#frame.touchNext(count);
    this.#loaded = count;
  }
}
