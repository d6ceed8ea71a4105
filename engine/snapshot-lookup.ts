/** Reads single things out of a snapshot's chunks without building the state: one account, or the names behind indexes. */
import * as at from "./account-row.ts";
import { TAIL_WORDS, TAILS_PER_CHUNK } from "./accounts.ts";
import { assert } from "./assert.ts";
import { equalWords, nameWords } from "./hash.ts";
import { type AccountState, readAccount } from "./inspect.ts";
import { ID_BYTES_MAX } from "./limits.ts";
import { ROW_FLOATS, ROW_WORDS } from "./rows.ts";
import { kindOf, type StateChunk, TAG } from "./snapshot.ts";

/** What a snapshot says about indexes. */
export interface SnapshotNames {
  readonly partners: readonly (readonly [index: number, name: string])[];
  readonly currencies: readonly (readonly [
    index: number,
    currency: { readonly code: string; readonly scale: number },
  ])[];
}

/** The names in a chunk, or undefined if it is not the meta chunk, which comes first. */
export function namesInChunk({ tag, bytes }: StateChunk): SnapshotNames | undefined {
  return tag === TAG.meta ? (JSON.parse(new TextDecoder().decode(bytes)) as SnapshotNames) : undefined;
}

/** A row with the first 28 bytes of the name, whose tail is still to be compared. */
interface Candidate {
  readonly tail: number;
  readonly account: AccountState;
}

/** Looks for one account, `@world` too, in the chunks of a snapshot given in order. */
export class AccountFinder {
  readonly #partner: number;
  readonly #currency: number;
  /** The name as zero-padded words, and its bytes. */
  readonly #name = new Int32Array(ID_BYTES_MAX / 4);
  readonly #nameBytes: number;
  readonly #candidates: Candidate[] = [];
  /** The account, once it was found. */
  found: AccountState | undefined;

  constructor(key: { readonly partner: number; readonly currency: number; readonly account: string }) {
    this.#partner = key.partner;
    this.#currency = key.currency;
    const { read, written } = new TextEncoder().encodeInto(key.account, new Uint8Array(this.#name.buffer));
    assert(read === key.account.length, "an account's name is at most 64 bytes");
    this.#nameBytes = written;
  }

  /** Takes the next chunk; its bytes start at a multiple of 8. Returns true once nothing that follows matters. */
  add(chunk: StateChunk): boolean {
    const { index, bytes } = chunk;
    const tag = kindOf(chunk);
    if (this.found !== undefined || tag === TAG.log || tag === TAG.wholeRecords) return true;
    if (tag === TAG.accounts) this.#searchRows(bytes);
    else if (tag === TAG.tails) this.#compareTails(index, bytes);
    else if (tag === TAG.holds) return this.#candidates.length === 0;
    return this.found !== undefined;
  }

  #searchRows(bytes: Uint8Array): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const floats = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
    const count = nameWords(this.#nameBytes);
    for (let w = 0, i = 0; w < words.length; w += ROW_WORDS, i += ROW_FLOATS) {
      if (words[w + at.PARTNER] !== this.#partner || words[w + at.CURRENCY] !== this.#currency) continue;
      const state = words[w + at.STATE]!;
      if (state === 0 || ((state >>> at.NAME_BYTES_SHIFT) & 0xff) !== this.#nameBytes) continue;
      if (!equalWords(words, w + at.NAME, this.#name, 0, Math.min(count, at.NAME_WORDS_INLINE))) continue;
      const account = readAccount(floats, words, i)!;
      if (count <= at.NAME_WORDS_INLINE) this.found = account;
      else this.#candidates.push({ tail: words[w + at.TAIL]!, account });
    }
  }

  #compareTails(index: number, bytes: Uint8Array): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const count = nameWords(this.#nameBytes) - at.NAME_WORDS_INLINE;
    for (const { tail, account } of this.#candidates) {
      if (Math.floor(tail / TAILS_PER_CHUNK) !== index) continue;
      const start = (tail % TAILS_PER_CHUNK) * TAIL_WORDS;
      if (equalWords(words, start, this.#name, at.NAME_WORDS_INLINE, count)) this.found = account;
    }
  }
}
