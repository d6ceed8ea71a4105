/** The port to the balance stores, as routes and metrics see them. */
import { ApiError } from "./errors.ts";

/**
 * `starting`: the group has not told yet how far it is durable. `following`: it applies what becomes durable. `retrying`: a call
 * failed, and is tried again. `stopped`: it would be wrong to go on; an operator must look. `unreachable`: it cannot be asked.
 */
export type StoreState = "starting" | "following" | "retrying" | "stopped" | "unreachable";

/** A store's place in one group. */
export interface StoreStatus {
  readonly name: string;
  readonly group: string;
  /** The last sequence applied. */
  readonly watermark: number;
  /** Durable sequences behind it. */
  readonly lag: number;
  readonly state: StoreState;
  /** Why it retries or has stopped, for the operator. */
  readonly reason?: string;
}

/** By names, because a store knows no index. */
export interface EntriesQuery {
  readonly group: string;
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
  /** 1 to ENTRIES_PAGE_MAX. */
  readonly limit: number;
  readonly cursor?: string;
}

export interface EntriesPage {
  /** Newest first. */
  readonly entries: readonly object[];
  /** Undefined on the last page. */
  readonly cursor?: string;
}

/** By names, as a store knows an account. */
export interface StoreAccount {
  readonly group: string;
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
}

/** What one store has of an account: its balance, undefined where it does not know it (yet), or why it cannot be asked. */
export type StoreBalance =
  | {
      readonly name: string;
      readonly balance: { readonly available: string; readonly version: number } | undefined;
    }
  | { readonly name: string; readonly reason: string };

export interface Stores {
  /** One for each store and group. */
  status(): Promise<readonly StoreStatus[]>;
  /**
   * From the embedded store; undefined for an account that it does not know (yet). Rejects with an ApiError: INVALID_REQUEST for a
   * cursor that is not its own, STORE_DOWN while it cannot answer.
   */
  entries(query: EntriesQuery): Promise<EntriesPage | undefined>;
  /** What each store has of an account. Never rejects. */
  balances(account: StoreAccount): Promise<readonly StoreBalance[]>;
}

/** Where RINGFENCE_STORE is off. */
export const NO_STORES: Stores = Object.freeze({
  status: async () => [],
  balances: async () => [],
  entries: async () => {
    throw new ApiError("STORE_DOWN", "This service runs without its embedded store (RINGFENCE_STORE=off).");
  },
});
