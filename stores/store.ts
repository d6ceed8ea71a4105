/** What a balance store promises. One conformance suite holds every store to it: `testing/conformance.ts`. */
import type { Result } from "./message.ts";

/** How far a store has got with a group. */
export interface Watermark {
  /** Results up to this sequence are in the store; 0: none. */
  readonly sequence: number;
  /** Epoch of the last result applied. */
  readonly epoch: number;
  /** Id of the journal that the results come from, where the source told it; `""`: not known. */
  readonly journal: string;
}

/** Before the first result. */
export const NOTHING: Watermark = Object.freeze({ sequence: 0, epoch: 0, journal: "" });

export const isSameWatermark = (one: Watermark, other: Watermark): boolean =>
  one.sequence === other.sequence && one.epoch === other.epoch && one.journal === other.journal;

/** Results of one group in order, without a gap between them. */
export interface Batch {
  readonly group: string;
  readonly epoch: number;
  /** See Watermark. */
  readonly journal: string;
  /** At least one. */
  readonly results: readonly Result[];
}

export interface AccountKey {
  readonly group: string;
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
}

/** An account as a store has it. Money is a decimal string in major units. */
export interface Balance {
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
  readonly available: string;
  readonly held: string;
  readonly status: string;
  readonly version: number;
  /** Of the last change, ms since 1970; 0 where it was taken from a snapshot. */
  readonly updatedAtMs: number;
}

/** A change of `available + held`: holds, releases and expiries move money inside an account and make none. */
export interface Entry {
  readonly sequence: number;
  /** The command's id. */
  readonly id: string;
  readonly type: string;
  /** Signed; never zero. */
  readonly amount: string;
  /** `available + held` after it. */
  readonly balance: string;
  /** The account on the other side, `@world` for money that came from or went outside. */
  readonly counterparty: string;
  readonly memo: string | null;
  /** RFC 3339 in UTC. */
  readonly at: string;
}

export interface EntryQuery extends AccountKey {
  /** At least 1. */
  readonly limit: number;
  /** From the page before; undefined: begins with the newest. */
  readonly cursor?: string;
}

export interface EntryPage {
  /** Newest first. */
  readonly entries: readonly Entry[];
  /** Where older entries go on; undefined: there are none. */
  readonly cursor?: string;
}

/**
 * A store of balances, entries and one watermark a group, which change together or not at all. Any call may reject with what
 * its database says; then nothing of it took effect, or all of it did: the watermark tells, and the call may be repeated.
 */
export interface Store {
  readonly name: string;
  /** Results that a batch should have, if so many are there. It may have more by a message, and fewer. */
  readonly batchResults: number;
  /** Makes the schema where it is missing. Throws StoreError where the store cannot be relied on. */
  prepare(): Promise<void>;
  /** `NOTHING` for a group that it does not know. */
  watermark(group: string): Promise<Watermark>;
  /**
   * Applies what is behind the watermark and returns the new one; the rest of the batch was applied before. Throws
   * ContinuityError, and changes nothing, when the batch does not go on from what is there.
   */
  apply(batch: Batch): Promise<Watermark>;
  /**
   * Gets a batch ready, to be called while the batch before it is applied; then `apply` of the same object needs its results no more.
   * The batch takes no effect unless that one did. False where nothing was made ready; a store without it does all within `apply`.
   */
  stage?(batch: Batch): boolean;
  /**
   * Replaces all that is known of a group by balances taken from a snapshot; history begins anew. The watermark is set last, and
   * until then stands at nothing, so that a seeding that was interrupted is seen.
   */
  seed(group: string, watermark: Watermark, balances: Iterable<Balance>): Promise<void>;
  /** Undefined for an account that the store does not know. */
  balance(key: AccountKey): Promise<Balance | undefined>;
  /** All accounts of a group that results have named, in no order that means anything. */
  balances(group: string): AsyncIterable<Balance>;
  /** Undefined for an account that the store does not know. Throws CursorError for a cursor that this store did not give. */
  entries(query: EntryQuery): Promise<EntryPage | undefined>;
  /** Forgets all that is known of a group. */
  reset(group: string): Promise<void>;
  /** May be called again. */
  close(): Promise<void>;
}

/**
 * A batch does not fit what the store has. `GAP`: results between watermark and batch are missing. `FOREIGN`: it comes from
 * another journal. `STALE_EPOCH`: a writer that was replaced made it. `VERSION`: a change of an account is missing between two.
 */
export class ContinuityError extends Error {
  override name = "ContinuityError";
  readonly code: "GAP" | "FOREIGN" | "STALE_EPOCH" | "VERSION";
  /** The store's watermark when it refused. */
  readonly watermark: Watermark;

  constructor(code: ContinuityError["code"], watermark: Watermark, message: string) {
    super(message);
    this.code = code;
    this.watermark = watermark;
  }
}

/** The store is set up so that it may lose or change data by itself; the message is a sentence for the operator. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** A cursor that this store did not give, or not for this account. */
export class CursorError extends Error {
  override name = "CursorError";
}
