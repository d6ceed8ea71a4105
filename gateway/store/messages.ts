/** What the main thread and the embedded store's thread say to each other. */
import type { AccountKey, Balance, EntryPage, EntryQuery } from "../../stores/index.ts";
import type { StoreState } from "../stores.ts";

export interface StoreThreadStart {
  /** Path of the store's file. */
  readonly path: string;
  readonly groups: readonly { readonly name: string; readonly directory: string }[];
}

/** Main thread → store thread. */
export type ToStore =
  /** How far groups are durable. The first one of a group comes after its recovery. */
  | { readonly kind: "durable"; readonly groups: readonly (readonly [group: string, sequence: number])[] }
  /** Answered once, with its `id`. */
  | { readonly kind: "entries"; readonly id: number; readonly query: EntryQuery }
  /** Likewise. */
  | { readonly kind: "balance"; readonly id: number; readonly key: AccountKey }
  /** Ends the thread once the transaction under way is over. */
  | { readonly kind: "stop" };

/** Store thread → main thread. */
export type FromStore =
  | { readonly kind: "page"; readonly id: number; readonly page: EntryPage | undefined }
  | { readonly kind: "balance"; readonly id: number; readonly balance: Balance | undefined }
  /** `cursor`: the cursor is not one of the store's; otherwise the store failed. */
  | { readonly kind: "refused"; readonly id: number; readonly isCursor: boolean; readonly message: string }
  | { readonly kind: "status"; readonly groups: readonly GroupStatus[] }
  | { readonly kind: "note"; readonly note: Note };

/** Something that an operator should know. */
export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
  readonly group?: string;
}

export interface GroupStatus {
  readonly group: string;
  readonly watermark: number;
  readonly state: StoreState;
  readonly reason?: string;
}
