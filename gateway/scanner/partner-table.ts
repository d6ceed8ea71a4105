/**
 * Partners by the bytes of their code. Whoever knows the partners is asked with a string, once a code; after that a code is found by
 * its words, without making a string.
 */
import { assert, ID_BYTES_MAX, type Money } from "../../engine/index.ts";
import { WORD_MASKS as WORD_MASKS_ } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";
import type { BodyErrorCode } from "./problems.ts";

/** What orders of one partner are written under. */
export interface OrderScope {
  /** Index of the partner. */
  readonly partner: number;
  /** Index of its default currency. */
  readonly currency: number;
  /** Its accounts open only by `open`. */
  readonly strict: boolean;
  /** Bounds of every amount, in minor units, both included. */
  readonly minAmount?: Money;
  readonly maxAmount?: Money;
  /** Number of the ring that its orders go to, 0 to 63. */
  readonly ring: number;
}

export type PartnerRefusal = Extract<BodyErrorCode, "UNKNOWN_PARTNER" | "PARTNER_SUSPENDED">;

export interface OrderPartners {
  /** Another number than before whenever `byCode` may answer otherwise. */
  readonly version: number;
  /** The scope of a partner's code, or why no order may name it. May throw; then nothing is taken. */
  byCode(code: string): OrderScope | PartnerRefusal;
}

// Local copies, see bytes.ts.
const WORD_MASKS = WORD_MASKS_;
const view = new DataView(SCAN_MEMORY);
const decoder = new TextDecoder();

/** Ints of one entry: bytes of the code (0: free), index of its scope, then the code's words; a power of two. */
const ENTRY_INTS = 32;
const CODE_AT = 2;
const SLOT_BITS = 14;
const SLOTS = 1 << SLOT_BITS;

export class PartnerTable {
  readonly #entries = new Int32Array(SLOTS * ENTRY_INTS);
  readonly #scopes: OrderScope[] = [];
  #last = 0;
  #version = -1;
  #partners: OrderPartners | undefined;

  /** Sets who is asked. What was answered before is forgotten if it may have changed. */
  use(partners: OrderPartners): void {
    if (partners === this.#partners && partners.version === this.#version) return;
    this.#partners = partners;
    this.#version = partners.version;
    this.#forget();
  }

  /** The scope of the code of `length` bytes at `at` in the scan memory; undefined if no order may name it. */
  find(at: number, length: number): OrderScope | undefined {
    // Many arrays are of one partner.
    if (this.#matches(this.#last, at, length)) return this.#scopes[this.#entries[this.#last + 1]!];
    for (let slot = slotOf(at, length); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = slot * ENTRY_INTS;
      if (this.#entries[entry] === 0) return this.#ask(at, length, entry);
      if (!this.#matches(entry, at, length)) continue;
      this.#last = entry;
      return this.#scopes[this.#entries[entry + 1]!];
    }
  }

  #matches(entry: number, at: number, length: number): boolean {
    const entries = this.#entries;
    if (entries[entry] !== length) return false;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) {
      if (entries[entry + CODE_AT + i] !== view.getInt32(at + i * 4, true)) return false;
    }
    const rest = length & 3;
    return rest === 0 || entries[entry + CODE_AT + whole] === (view.getInt32(at + whole * 4, true) & WORD_MASKS[rest]!);
  }

  /** Asks, and remembers a scope in the free entry. A refusal is not remembered: it is rare, and strangers could fill the table. */
  #ask(at: number, length: number, entry: number): OrderScope | undefined {
    const code = decoder.decode(new Uint8Array(SCAN_MEMORY, at, length));
    const found = this.#partners!.byCode(code);
    if (typeof found === "string") return undefined;
    assert(length > 0 && length <= ID_BYTES_MAX, "a partner's code has 1 to 64 bytes");
    // Half full it starts anew: bounded, and there are thousands of partners, not tens of thousands.
    if (this.#scopes.length >= SLOTS / 2) {
      this.#forget();
      return found;
    }
    const entries = this.#entries;
    entries[entry] = length;
    entries[entry + 1] = this.#scopes.push(found) - 1;
    for (let i = 0; i * 4 < length; i++) entries[entry + CODE_AT + i] = wordAt(at + i * 4, length - i * 4);
    this.#last = entry;
    return found;
  }

  #forget(): void {
    if (this.#scopes.length > 0) this.#entries.fill(0);
    this.#scopes.length = 0;
    this.#last = 0;
  }
}

function wordAt(at: number, length: number): number {
  return view.getInt32(at, true) & (length >= 4 ? -1 : WORD_MASKS[length]!);
}

function slotOf(at: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i += 4) hash = Math.imul(hash ^ wordAt(at + i, length - i), 0x9e3779b1 | 0);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
