/**
 * Currency codes by their bytes. The registry is asked with a string, once a code; after that a code is found by its
 * three words, without making a string.
 */
import { assert } from "../../engine/index.ts";
import { WORD_MASKS } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";

const view = new DataView(SCAN_MEMORY);

/** A currency as records know it: `index` 1..65535, `scale` 0..18 places behind the point. */
export interface Currency {
  readonly index: number;
  readonly scale: number;
  readonly code: string;
}

export interface Currencies {
  /** The currency of an upper-case code, or undefined. Index and scale of a code never change. */
  byCode(code: string): Currency | undefined;
}

export const CODE_BYTES_MAX = 12;

/** Ints of one entry: three words of the code, the index (0: free), the scale, three unused (a power of two). */
const ENTRY_INTS = 8;
const SLOTS = 1024;

export class CurrencyCache {
  /** The currency found last. */
  index = 0;
  scale = 0;
  readonly #entries = new Int32Array(SLOTS * ENTRY_INTS);
  #count = 0;
  #currencies: Currencies | undefined;

  /** Sets the registry that is asked. Another one than before forgets what that one answered. */
  use(currencies: Currencies): void {
    if (currencies === this.#currencies) return;
    this.#currencies = currencies;
    this.#forget();
  }

  /** Finds the code of `length` bytes at `at` in the scan memory and sets `index` and `scale`; false if there is none. */
  find(at: number, length: number): boolean {
    if (length < 1 || length > CODE_BYTES_MAX) return false;
    const first = wordAt(at, length);
    const second = length > 4 ? wordAt(at + 4, length - 4) : 0;
    const third = length > 8 ? wordAt(at + 8, length - 8) : 0;
    const entries = this.#entries;
    for (let slot = slotOf(first, second, third); ; slot = (slot + 1) % SLOTS) {
      const entry = slot * ENTRY_INTS;
      const index = entries[entry + 3]!;
      if (index === 0) return this.#ask(at, length, entry);
      if (entries[entry] === first && entries[entry + 1] === second && entries[entry + 2] === third) {
        this.index = index;
        this.scale = entries[entry + 4]!;
        return true;
      }
    }
  }

  /** Asks the registry and remembers the answer in the free entry. Unknown codes are not remembered: they may come. */
  #ask(at: number, length: number, entry: number): boolean {
    let code = "";
    for (let i = 0; i < length; i++) code += String.fromCharCode(view.getUint8(at + i));
    const found = /^[A-Z0-9]+$/.test(code) ? this.#currencies?.byCode(code) : undefined;
    if (found === undefined) return false;
    assert(found.index > 0 && found.index <= 0xffff, "a currency's index is 1 to 65535");
    this.index = found.index;
    this.scale = found.scale;
    // Half full it starts anew: bounded, and no registry in sight has 512 currencies in use.
    if (this.#count >= SLOTS / 2) {
      this.#forget();
      return true;
    }
    this.#count++;
    const words = [wordAt(at, length), wordAt(at + 4, length - 4), wordAt(at + 8, length - 8)];
    this.#entries.set([...words, found.index, found.scale], entry);
    return true;
  }

  #forget(): void {
    this.#entries.fill(0);
    this.#count = 0;
  }
}

/** The first four of `length` bytes at `at` as a word, zeros behind the last; 0 for none. */
function wordAt(at: number, length: number): number {
  if (length <= 0) return 0;
  return view.getInt32(at, true) & (length >= 4 ? -1 : WORD_MASKS[length]!);
}

function slotOf(first: number, second: number, third: number): number {
  return Math.imul(first ^ Math.imul(second, 31) ^ Math.imul(third, 961), 0x9e3779b1 | 0) >>> 22;
}
