/** Credit commands as records, made fast enough not to be the thing measured: 20-byte ids, 12-byte accounts. */
import { FIELD, type RecordMemory, TYPE } from "../engine/index.ts";

/** Bytes of one such record: head 16, amount 8, id 20, account 12. */
export const CREDIT_BYTES = 56;

/** Writes the head and amount that all commands share, and an id and account of zeros. */
export function writeCreditShape(memory: RecordMemory, at: number): void {
  memory.bytes.fill(0, at, at + CREDIT_BYTES);
  memory.bytes.set([TYPE.credit, 20, 12, 0, 0, FIELD.AMOUNT, 0, CREDIT_BYTES / 8], at);
  memory.words[(at >>> 2) + 2] = 1;
  memory.bytes[at + 12] = 156;
  memory.floats[(at >>> 3) + 2] = 1025;
  memory.bytes.fill(0x6f, at + 24, at + 56);
}

/** Sets id and account of a record made by `writeCreditShape` from two numbers below 2^32. */
export function setCredit(words: Int32Array, at: number, id: number, account: number): void {
  const w = at >>> 2;
  words[w + 9] = letters(id & 0xffff);
  words[w + 10] = letters(id >>> 16);
  words[w + 11] = letters(account & 0xffff);
  words[w + 12] = letters(account >>> 16);
}

/** Four letters a..p, one for each half byte. */
function letters(value: number): number {
  const spread = (value & 0xf) | ((value & 0xf0) << 4) | ((value & 0xf00) << 8) | ((value & 0xf000) << 12);
  return spread + 0x61616161;
}

/** Marsaglia's xorshift32: fast, and the same sequence everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** A number in 0..bound-1. */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }
}
