import type { DamageReport } from "./errors.ts";

/** What a journal tells its owner besides its results: for logs and counters. */
export type JournalEvent =
  /** A new journal was made. */
  | { readonly kind: "created"; readonly file: string }
  /** All frames were read; `frames` counts those checked. */
  | { readonly kind: "recovered"; readonly frames: number; readonly nextSequence: number }
  /** Bytes were cut from the tail and kept in `keptIn`. `torn` false: the operator accepted damage. */
  | {
      readonly kind: "cut";
      readonly torn: boolean;
      readonly file: string;
      readonly offset: number;
      readonly bytes: number;
      readonly keptIn: string;
      readonly report: DamageReport;
    }
  /** A segment was taken into use; `ready` false: it had to be finished on the spot. */
  | { readonly kind: "segment"; readonly file: string; readonly ready: boolean }
  /** The next segment could not be prepared; the journal goes on in the present one and tries again. */
  | { readonly kind: "prepare-failed"; readonly code: string; readonly message: string }
  /** A snapshot is not valid and was passed over. */
  | { readonly kind: "snapshot-invalid"; readonly file: string; readonly message: string };
