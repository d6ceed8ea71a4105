/**
 * The state as chunks of bytes and back. A capture is consistent at the sequence at which it began, while commands go on: rows keep
 * their old content when they change before their chunk is copied, log chunks grow; what else changes in them (see `LogChunk.image`) is
 * found out anew on load, as indexes are.
 */
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { assert } from "./assert.ts";
import { CODE } from "./codes.ts";
import { RecordMemory } from "./memory.ts";
import { TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { type LogChunkImage, REVERSED, USUAL_ENTRY_BYTES } from "./remembered.ts";
import { CHUNK_ROWS, ROW_BYTES } from "./rows.ts";
import { State } from "./state.ts";

/** Tags of chunks. Any other way of making the tags of rows needs new ones for these, so that code of before refuses them. */
export const TAG = Object.freeze({ meta: 1, tails: 3, wholeRecords: 5, log: 6, accounts: 7, holds: 8 });
/** Of chunks of rows whose tags were made otherwise: these are made anew when they are loaded, so they are the same to a reader. */
const OLD_ACCOUNTS = 2;
const OLD_HOLDS = 4;
/** Bytes before the entries of a log chunk: base sequence, base time, first unit, bytes of entries, each float64. Marks follow them. */
const LOG_HEAD_BYTES = 32;
/** The same of a chunk of whole records: base sequence, base time, first unit. */
const WHOLE_HEAD_BYTES = 24;
const ROW_CHUNK_BYTES = CHUNK_ROWS * ROW_BYTES;
/**
 * The log comes last in a snapshot. With this much of it to come, memory for all of it is put by first: its pages are mapped while the
 * chunks before are loaded. Waiting for memory was half of the time.
 */
const RESERVED_FROM_BYTES = 64 << 20;

/** No remembered command takes less in the log. */
const ENTRY_BYTES_MIN = 16;

interface Meta {
  readonly seed: number;
  readonly sequence: number;
  readonly timeMs: number;
  readonly horizonCommands: number;
  readonly horizonTimeMs: number;
  /** Commands in the log; snapshots of before do not tell. */
  readonly commands?: number;
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

/** The tag of chunks of the same kind as they are written today. */
export function kindOf({ tag }: StateChunk): number {
  return tag === OLD_ACCOUNTS ? TAG.accounts : tag === OLD_HOLDS ? TAG.holds : tag;
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
    const { horizonTimeMs, size: commands } = state.remembered;
    const maps = { partners: [...state.partners], currencies: [...state.currencies] };
    this.#meta = { seed, sequence, timeMs, horizonCommands, horizonTimeMs, commands, ...maps };
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
      const { entries, marks, baseSequence, baseTimeMs, firstUnit } = image;
      const marksStart = LOG_HEAD_BYTES + entries.byteLength;
      const bytes = this.#logBytes(marksStart + marks.byteLength);
      new Float64Array(bytes.buffer, 0, 4).set([baseSequence, baseTimeMs, firstUnit, entries.byteLength]);
      bytes.set(entries, LOG_HEAD_BYTES);
      bytes.set(marks, marksStart);
      yield { tag: TAG.log, index, bytes };
    }
  }
}

/** Builds a state from the chunks of a snapshot, in the order in which they were taken. */
export class StateLoader {
  #state: State | undefined;
  readonly #blocks: BlockSource;
  /** Remembered commands, if the snapshot tells. */
  #commands: number | undefined;
  /** Places of the remembered reversals. */
  readonly #reversals: number[] = [];

  /** `blocks`: where the tables get their memory. */
  constructor(blocks: BlockSource = PLAIN_BLOCKS) {
    this.#blocks = blocks;
  }

  /**
   * Takes the next chunk, and may change `bytes`, which start at a multiple of 8 in their buffer. `left`: bytes of chunks that will
   * follow, if it is known.
   */
  add(chunk: StateChunk, left = 0): void {
    const { bytes } = chunk;
    const tag = kindOf(chunk);
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
      assert(tag === TAG.log || tag === TAG.wholeRecords, "a snapshot has chunks of known tags only");
      if (chunk.index === 0 && left >= RESERVED_FROM_BYTES)
        state.remembered.reserve(Math.floor(left / USUAL_ENTRY_BYTES));
      if (chunk.index === 0 && tag === TAG.log) {
        // However many the snapshot says: only so many have room in it.
        const most = Math.floor((left + bytes.byteLength) / ENTRY_BYTES_MIN);
        state.remembered.beginLoad(Math.min(this.#commands ?? 0, most));
      }
      if (tag === TAG.log) this.#addLog(state, bytes);
      else this.#addWholeRecords(state, bytes);
    }
  }

  #begin(meta: Meta): void {
    const state = new State({ horizonCommands: meta.horizonCommands, seed: meta.seed, blocks: this.#blocks });
    state.sequence = meta.sequence;
    state.timeMs = meta.timeMs;
    state.remembered.horizonTimeMs = meta.horizonTimeMs;
    this.#commands = meta.commands;
    for (const [index, name] of meta.partners) state.partners.set(index, name);
    for (const [index, currency] of meta.currencies) state.currencies.set(index, currency);
    this.#state = state;
  }

  #addLog(state: State, bytes: Uint8Array): void {
    const head = new Float64Array(bytes.buffer, bytes.byteOffset, LOG_HEAD_BYTES / 8);
    const [baseSequence, baseTimeMs, firstUnit] = [head[0]!, head[1]!, head[2]!];
    const marksStart = LOG_HEAD_BYTES + head[3]!;
    assert(marksStart <= bytes.byteLength, "a chunk of a snapshot's log is as long as its head says");
    const entries = bytes.subarray(LOG_HEAD_BYTES, marksStart);
    const image = { entries, marks: bytes.subarray(marksStart), baseSequence, baseTimeMs, firstUnit };
    state.remembered.loadChunk(image, state.tagOf, this.#onReversal);
  }

  /** A chunk as snapshots held it before there was a short form: each record whole, behind 8 bytes of sequence and time. */
  #addWholeRecords(state: State, bytes: Uint8Array): void {
    const head = new Float64Array(bytes.buffer, bytes.byteOffset, WHOLE_HEAD_BYTES / 8);
    const [baseSequence, baseTimeMs, firstUnit] = [head[0]!, head[1]!, head[2]!];
    const start = bytes.byteOffset + WHOLE_HEAD_BYTES;
    const memory = new RecordMemory(bytes.buffer, start, bytes.byteLength - WHOLE_HEAD_BYTES);
    const { words } = memory;
    for (let w = firstUnit * 2; w < words.length; ) {
      const sequence = baseSequence + (words[w]! >>> 0);
      const timeMs = baseTimeMs + (words[w + 1]! >>> 0);
      w += 2;
      words[w + record.FLAGS] = words[w + record.FLAGS]! & ~(REVERSED << record.CONTEXT_SHIFT);
      const units = record.recordUnits(words, w);
      const place = state.remembered.add(state.idTagAt(words, w), sequence, timeMs, memory, w * 4, units * 8);
      if (record.typeOf(words, w) === TYPE.reverse) this.#reversals.push(place);
      w += units * 2;
    }
  }

  readonly #onReversal = (place: number): void => {
    this.#reversals.push(place);
  };

  /** The state, complete. */
  finish(): State {
    const state = this.#state;
    assert(state !== undefined, "a snapshot has a meta chunk");
    state.accounts.finishLoad();
    state.holds.finishLoad(state.tagOf);
    const { remembered } = state;
    remembered.endLoad();
    // The state hash leaves them out, and a command that is forgotten too early takes effect twice.
    const isComplete = this.#commands === undefined || this.#commands === remembered.size;
    assert(isComplete, `a snapshot holds the ${this.#commands} commands that it says, not ${remembered.size}`);
    for (const place of this.#reversals) noteUndone(state, place);
    return state;
  }
}

/** Notes what a remembered reversal has undone, unless that is forgotten: a younger command of its id is another one. */
function noteUndone(state: State, reversal: number): void {
  const { memory, start } = state.remembered.recordAt(reversal);
  const { words } = memory;
  const w = start >>> 2;
  if (record.resultCode(words, w) !== CODE.OK) return;
  const name = w + record.nameWord(words, w);
  const bytes = record.nameBytes(words, w);
  const partner = words[w + record.PARTNER]!;
  const { remembered } = state;
  const place = remembered.find(state.idTag(partner, words, name, bytes), partner, words, name, bytes);
  if (place === 0 || remembered.sequenceOf(place) > remembered.sequenceOf(reversal)) return;
  remembered.setReversed(place, true);
}
