/**
 * The state as chunks of bytes and back. A capture is consistent at the sequence at which it began, while commands go on: rows keep
 * their old content when they change before their chunk is copied, log chunks only grow. Indexes are built anew on load.
 */
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import { TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { type LogChunkImage, USUAL_ENTRY_BYTES } from "./remembered.ts";
import { CHUNK_ROWS, ROW_BYTES } from "./rows.ts";
import { State } from "./state.ts";

/** Tags of chunks. */
export const TAG = Object.freeze({ meta: 1, accounts: 2, tails: 3, holds: 4, log: 5 });
/** Bytes before a log chunk: base sequence, base time, first unit, each float64. */
const LOG_HEAD_BYTES = 24;
const ROW_CHUNK_BYTES = CHUNK_ROWS * ROW_BYTES;
/**
 * The log comes last in a snapshot. With this much of it to come, memory for all of it is put by first: its pages are mapped while the
 * chunks before are loaded. Waiting for memory was half of the time.
 */
const RESERVED_FROM_BYTES = 64 << 20;

interface Meta {
  readonly seed: number;
  readonly sequence: number;
  readonly timeMs: number;
  readonly horizonCommands: number;
  readonly horizonTimeMs: number;
  readonly partners: [number, string][];
  readonly currencies: [number, { code: string; scale: number }][];
}

/** One chunk of a snapshot. */
export interface StateChunk {
  readonly tag: number;
  readonly index: number;
  /** Valid until the next chunk is taken. */
  readonly bytes: Uint8Array;
}

/** A running capture. `end` must be called, also when it is given up. */
export class StateCapture {
  readonly #state: State;
  readonly #log: readonly LogChunkImage[];
  readonly #chunks: Generator<StateChunk, void>;
  readonly #rows = new Int32Array(ROW_CHUNK_BYTES / 4);
  /** One for all chunks of the log: made anew, their thousand megabytes would have the collector stop the group for 10 ms at a time. */
  #logBuffer = new ArrayBuffer(0);
  readonly #meta: Meta;

  /** Begins at the state's present sequence; no frame may be in the making. */
  constructor(state: State) {
    this.#state = state;
    const { seed, sequence, timeMs, horizonCommands } = state;
    const horizonTimeMs = state.remembered.horizonTimeMs;
    const maps = { partners: [...state.partners], currencies: [...state.currencies] };
    this.#meta = { seed, sequence, timeMs, horizonCommands, horizonTimeMs, ...maps };
    state.accounts.rows.beginCapture();
    state.holds.rows.beginCapture();
    this.#log = state.remembered.beginCapture();
    this.#chunks = this.#all();
  }

  /** The next chunk, at most 1 MiB and a little; undefined after the last. Takes well under a millisecond. */
  next(): StateChunk | undefined {
    const step = this.#chunks.next();
    return step.done === true ? undefined : step.value;
  }

  end(): void {
    this.#state.accounts.rows.endCapture();
    this.#state.holds.rows.endCapture();
    this.#state.remembered.endCapture();
  }

  #logBytes(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#logBuffer.byteLength < bytes) this.#logBuffer = new ArrayBuffer(bytes);
    return new Uint8Array(this.#logBuffer, 0, bytes);
  }

  *#all(): Generator<StateChunk, void> {
    yield { tag: TAG.meta, index: 0, bytes: new TextEncoder().encode(JSON.stringify(this.#meta)) };
    // Rows first: the sooner a chunk of rows is copied, the fewer of its rows have to be kept aside.
    const rowBytes = new Uint8Array(this.#rows.buffer);
    const { accounts, holds } = this.#state;
    for (let i = 0; accounts.rows.captureChunk(this.#rows); i++) yield { tag: TAG.accounts, index: i, bytes: rowBytes };
    for (let i = 0; holds.rows.captureChunk(this.#rows); i++) yield { tag: TAG.holds, index: i, bytes: rowBytes };
    for (const [index, words] of accounts.tails.entries()) {
      yield { tag: TAG.tails, index, bytes: new Uint8Array(words.buffer) };
    }
    for (const [index, image] of this.#log.entries()) {
      const bytes = this.#logBytes(LOG_HEAD_BYTES + image.bytes.byteLength);
      new Float64Array(bytes.buffer, 0, 3).set([image.baseSequence, image.baseTimeMs, image.firstUnit]);
      bytes.set(image.bytes, LOG_HEAD_BYTES);
      yield { tag: TAG.log, index, bytes };
    }
  }
}

/** Builds a state from the chunks of a snapshot, in the order in which they were taken. */
export class StateLoader {
  #state: State | undefined;
  readonly #blocks: BlockSource;

  /** `blocks`: where the tables get their memory. */
  constructor(blocks: BlockSource = PLAIN_BLOCKS) {
    this.#blocks = blocks;
  }

  /** Takes the next chunk; `bytes` starts at a multiple of 8 in its buffer. `left`: bytes of chunks that will follow, if it is known. */
  add(chunk: StateChunk, left = 0): void {
    const { tag, bytes } = chunk;
    if (tag === TAG.meta) {
      this.#begin(JSON.parse(new TextDecoder().decode(bytes)) as Meta);
      return;
    }
    const state = this.#state;
    assert(state !== undefined, "a snapshot begins with its meta chunk");
    if (tag === TAG.accounts) state.accounts.rows.loadChunk(bytes);
    else if (tag === TAG.holds) state.holds.rows.loadChunk(bytes);
    else if (tag === TAG.tails) {
      state.accounts.loadTails(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
    } else {
      assert(tag === TAG.log, "a snapshot has chunks of known tags only");
      if (chunk.index === 0 && left >= RESERVED_FROM_BYTES)
        state.remembered.reserve(Math.floor(left / USUAL_ENTRY_BYTES));
      this.#addLog(state, bytes);
    }
  }

  #begin(meta: Meta): void {
    const state = new State({ horizonCommands: meta.horizonCommands, seed: meta.seed, blocks: this.#blocks });
    state.sequence = meta.sequence;
    state.timeMs = meta.timeMs;
    state.remembered.horizonTimeMs = meta.horizonTimeMs;
    for (const [index, name] of meta.partners) state.partners.set(index, name);
    for (const [index, currency] of meta.currencies) state.currencies.set(index, currency);
    this.#state = state;
  }

  #addLog(state: State, bytes: Uint8Array): void {
    const [baseSequence, baseTimeMs, firstUnit] = new Float64Array(bytes.buffer, bytes.byteOffset, 3) as unknown as [
      number,
      number,
      number,
    ];
    const image = { baseSequence, baseTimeMs, firstUnit, bytes: bytes.subarray(LOG_HEAD_BYTES) };
    state.remembered.loadChunk(image, (words, w) => tagOf(state, words, w));
  }

  /** The state, complete. */
  finish(): State {
    const state = this.#state;
    assert(state !== undefined, "a snapshot has a meta chunk");
    state.accounts.finishLoad();
    state.holds.finishLoad();
    markReversals(state);
    return state;
  }
}

/** Marks what the remembered reversals have undone: a reversal is always younger than its target, so it is there as well. */
function markReversals(state: State): void {
  state.remembered.forEach((memory, w) => {
    const words = memory.words;
    if (record.typeOf(words, w) !== TYPE.reverse || record.resultCode(words, w) !== CODE.OK) return;
    const start = w + record.nameWord(words, w);
    const bytes = record.nameBytes(words, w);
    const partner = words[w + record.PARTNER]!;
    const place = state.remembered.find(state.idTag(partner, words, start, bytes), partner, words, start, bytes);
    if (place !== 0) state.remembered.setReversed(place, true);
  });
}

function tagOf(state: State, words: Int32Array, w: number): number {
  return state.idTag(words[w + record.PARTNER]!, words, w + record.idWord(words, w), record.idBytes(words, w));
}
