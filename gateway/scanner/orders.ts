/**
 * The scanner of `POST /balance/request-balance`: a bare array of orders -> records, in one pass, each in the ring of its partner's
 * group. As in `commands.ts` nothing is made for an order, and why a body was refused is told by `explainOrders`, slowly.
 */
import { BODY_BYTES_MAX, BUCKET_COMMANDS_MAX, CONTEXT } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_ } from "./bytes.ts";
import { FULL } from "./commands.ts";
import { LOADED, loadBody, SCAN_MEMORY } from "./memory.ts";
import { enterPartners, orderScope, readOrder } from "./order.ts";
import type { OrderPartners } from "./partner-table.ts";
import { skipSpace } from "./strings.ts";
import { type RecordTarget, RecordWriter } from "./writer.ts";

/** Where records of several groups go. */
export interface OrderRings {
  /**
   * Room in ring `ring` for the records of a body of `bytes`, which they never exceed. Called once a ring and body, when the first order
   * for it was read. May throw; then nothing of the body is taken.
   */
  open(ring: number, bytes: number): RecordTarget;
}

export interface OrderScanOptions {
  readonly partners: OrderPartners;
  /** Index of the partner whose orders alone are taken; 0: those of all. */
  readonly only: number;
  readonly rings: OrderRings;
}

/** The part of a body that went into one ring. */
class Share {
  readonly writer = new RecordWriter();
  /** The body under scan has a target here. */
  isOpen = false;
  start = 0;
  count = 0;
}

// Local copies, see bytes.ts.
const { SPACE, COMMA, OPEN_ARRAY, CLOSE_ARRAY } = BYTE;
const REFUSED = REFUSED_;
const STRICT = CONTEXT.STRICT;
const bytes = new Uint8Array(SCAN_MEMORY);

export class OrderScanner {
  /** After `scan` returned a count: the rings that got records, in the order of their first order. */
  readonly rings: number[] = [];
  /** By ring; made when first needed. */
  readonly #shares: Share[] = [];

  /**
   * Writes the orders in the first `length` bytes of `body` as records into the rings of their partners. Returns their count, 1 to
   * 10,000; REFUSED (-1) for a malformed body, or one that names a partner without orders here; FULL (-2) if a target is too small.
   * Unless it returns a count, what was written means nothing. Throws what `rings` or `partners` throw.
   */
  scan(body: Uint8Array, length: number, { partners, only, rings }: OrderScanOptions): number {
    // Also of a body that was given up half way: its targets are not ours any more.
    for (const ring of this.rings) this.#shares[ring]!.isOpen = false;
    this.rings.length = 0;
    if (length > BODY_BYTES_MAX) return REFUSED;
    enterPartners(partners, only);
    loadBody(body, length);
    return this.#orders(rings);
  }

  /** Records written into `ring`. */
  countOf(ring: number): number {
    return this.#shares[ring]!.count;
  }

  /** Their bytes. */
  bytesOf(ring: number): number {
    const { writer, start } = this.#shares[ring]!;
    return writer.end - start;
  }

  #orders(rings: OrderRings): number {
    let count = 0;
    let pos = skipSpace(LOADED.start);
    if (bytes[pos] !== OPEN_ARRAY) return REFUSED;
    do {
      if (count === BUCKET_COMMANDS_MAX) return REFUSED;
      pos++;
      if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
      pos = readOrder(pos);
      if (pos === REFUSED) return REFUSED;
      if (!this.#write(rings)) return FULL;
      count++;
      if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
    } while (bytes[pos] === COMMA);
    if (bytes[pos] !== CLOSE_ARRAY) return REFUSED;
    return skipSpace(pos + 1) === LOADED.end ? count : REFUSED;
  }

  /** Writes the order read last; false if there is no room. */
  #write(rings: OrderRings): boolean {
    const { partner, strict, ring } = orderScope();
    let share = this.#shares[ring];
    if (share?.isOpen !== true) share = this.#open(ring, rings);
    share.count++;
    return share.writer.write(partner | 0, strict ? STRICT : 0);
  }

  #open(ring: number, rings: OrderRings): Share {
    while (this.#shares.length <= ring) this.#shares.push(new Share());
    const share = this.#shares[ring]!;
    const target = rings.open(ring, LOADED.end - LOADED.start);
    share.writer.begin(target);
    share.start = target.start;
    share.count = 0;
    share.isOpen = true;
    this.rings.push(ring);
    return share;
  }
}
