/**
 * Draft -> command part of a record, as engine/record.ts lays it out. Every byte is written, padding too, because the
 * target may hold anything; names are copied word by word, which writes their padding on the way.
 */
import { assert, COMMAND_BYTES_MAX, COMMAND_HEAD_BYTES, CONTEXT, FIELD } from "../../engine/index.ts";
import { WORD_MASKS as WORD_MASKS_ } from "./bytes.ts";
import { NUMBER_FIELDS as NUMBER_FIELDS_ } from "./draft.ts";
import { SCAN_MEMORY } from "./memory.ts";
import { DRAFT } from "./state.ts";

// Local copies, see bytes.ts.
const WORD_MASKS = WORD_MASKS_;
const NUMBER_FIELDS = NUMBER_FIELDS_;
const HEAD_BYTES = COMMAND_HEAD_BYTES;
const ROOM_ALWAYS_ENOUGH = COMMAND_BYTES_MAX;
const { AMOUNT, ISSUED, EXPIRES_IN, MIN_SET, MAX_SET } = FIELD;
const draft = DRAFT;
const view = new DataView(SCAN_MEMORY);

/** Where records go: three views that start at byte 0 of one (Shared)ArrayBuffer. */
export interface RecordTarget {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  /** First byte to write, a multiple of 8. */
  readonly start: number;
  /** One past the last byte that may be written. */
  readonly limit: number;
}

const CONTEXT_BYTE = 6;
const UNITS_BYTE = 7;

export class RecordWriter {
  /** Byte after the last record. */
  end = 0;
  #start = 0;
  #limit = 0;
  #words: Int32Array = new Int32Array(0);
  #floats: Float64Array = new Float64Array(0);
  #bytes: Uint8Array = new Uint8Array(0);

  begin(target: RecordTarget): void {
    assert(target.start % 8 === 0 && target.start <= target.limit, "records start at a multiple of 8, below the limit");
    assert(target.limit <= target.bytes.length, "the limit lies within the target");
    this.#start = target.start;
    this.end = target.start;
    this.#limit = target.limit;
    this.#words = target.words;
    this.#floats = target.floats;
    this.#bytes = target.bytes;
  }

  /** Writes the draft as the next record. False if it does not fit: nothing written. */
  write(partner: number, context: number): boolean {
    const at = this.end;
    const room = this.#limit - at;
    if (room < ROOM_ALWAYS_ENOUGH && room < recordBytes()) return false;
    const words = this.#words;
    const head = at >> 2;
    let next = this.#writeNumbers((at + HEAD_BYTES) >> 3) << 1;
    next = copyText(draft.idAt, draft.idBytes, words, next);
    next = copyText(draft.nameAt, draft.nameBytes, words, next);
    if (draft.toBytes !== 0) next = copyText(draft.toAt, draft.toBytes, words, next);
    if (draft.memoBytes !== 0) next = copyText(draft.memoAt, draft.memoBytes, words, next);
    if ((next & 1) !== 0) words[next++] = 0;
    const units = (next - head) >> 1;
    const width = (draft.fields & AMOUNT) !== 0 && draft.amountHi !== 0 ? 1 : 0;
    words[head] = draft.type | (draft.idBytes << 8) | (draft.nameBytes << 16) | (draft.toBytes << 24);
    words[head + 1] = draft.memoBytes | (draft.fields << 8) | (context << 16) | (units << 24);
    words[head + 2] = partner;
    words[head + 3] = draft.currency | (width << 24);
    this.end = next << 2;
    return true;
  }

  /** Marks everything written since `begin` as one atomic bucket. At the end, for a body may say so after its commands. */
  markAtomic(): void {
    const bytes = this.#bytes;
    let last = this.#start;
    for (let at = this.#start; at < this.end; at += bytes[at + UNITS_BYTE]! * 8) {
      bytes[at + CONTEXT_BYTE]! |= CONTEXT.ATOMIC;
      last = at;
    }
    if (this.end > this.#start) bytes[last + CONTEXT_BYTE]! |= CONTEXT.BUCKET_END;
  }

  /** Writes the numbers from float64 index `first` on, and returns the index behind them. */
  #writeNumbers(first: number): number {
    const floats = this.#floats;
    const fields = draft.fields;
    let next = first;
    if ((fields & NUMBER_FIELDS) === 0) return next;
    if ((fields & AMOUNT) !== 0) {
      floats[next++] = draft.amountLo;
      if (draft.amountHi !== 0) floats[next++] = draft.amountHi;
    }
    if ((fields & NUMBER_FIELDS) === AMOUNT) return next;
    if ((fields & ISSUED) !== 0) floats[next++] = draft.issued;
    if ((fields & EXPIRES_IN) !== 0) floats[next++] = draft.expiresIn;
    if ((fields & MIN_SET) !== 0) {
      floats[next++] = draft.minLo;
      floats[next++] = draft.minHi;
    }
    if ((fields & MAX_SET) !== 0) {
      floats[next++] = draft.maxLo;
      floats[next++] = draft.maxHi;
    }
    return next;
  }
}

/** Copies `length` bytes at `at` to the word index `to`, zeros up to a whole word; returns the index behind them. */
function copyText(at: number, length: number, words: Int32Array, to: number): number {
  let next = to;
  let from = at;
  const whole = at + (length & ~3);
  for (; from < whole; from += 4) words[next++] = view.getInt32(from, true);
  const rest = length & 3;
  if (rest !== 0) words[next++] = view.getInt32(from, true) & WORD_MASKS[rest]!;
  return next;
}

/** Bytes that the draft takes as a record; needed only near the end of the target. */
function recordBytes(): number {
  const { fields } = draft;
  let numbers = 0;
  if ((fields & AMOUNT) !== 0) numbers += draft.amountHi === 0 ? 1 : 2;
  if ((fields & ISSUED) !== 0) numbers += 1;
  if ((fields & EXPIRES_IN) !== 0) numbers += 1;
  if ((fields & MIN_SET) !== 0) numbers += 2;
  if ((fields & MAX_SET) !== 0) numbers += 2;
  const texts = pad4(draft.idBytes) + pad4(draft.nameBytes) + pad4(draft.toBytes) + pad4(draft.memoBytes);
  return HEAD_BYTES + numbers * 8 + ((texts + 7) & ~7);
}

function pad4(bytes: number): number {
  return (bytes + 3) & ~3;
}
