/** What the store and its writing thread tell each other. */
import type { AccountUpdate } from "../projection.ts";
import type { Watermark } from "../store.ts";
import type { TableRows } from "./bulk.ts";

export interface WriterStart {
  readonly url: string;
  /** As of SqlOptions. */
  readonly silentMs?: number | undefined;
}

/** A batch, ready to be written. */
export interface WriteJob {
  readonly group: string;
  /** Without which the rows are not true. */
  readonly before: Watermark;
  readonly after: Watermark;
  readonly rows: readonly TableRows[];
  /** Accounts of which there are no rows, for their numbers are not known. */
  readonly rest: readonly AccountUpdate[];
  /** Whether the server takes rows by LOAD DATA. */
  readonly mayLoad: boolean;
}

/** Account (`keyOf`) → number. */
export type Numbers = ReadonlyMap<string, number>;

export type ToWriter =
  | { readonly kind: "write"; readonly id: number; readonly job: WriteJob }
  | { readonly kind: "stop" };

/** See `BatchWriter.write`; an error as what can be sent of it. */
export type FromWriter =
  | { readonly id: number; readonly learned: Numbers | undefined }
  | { readonly id: number; readonly message: string; readonly errno: number | undefined };
