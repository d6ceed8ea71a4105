/**
 * What the gateway's thread and a group's thread say to each other beside the rings. A number (0) in either direction only wakes
 * the other side, which then looks at its ring; everything else is an object with `kind`.
 */
import type { MessagePort } from "node:worker_threads";
import type { JournalEvent } from "../../journal/index.ts";

/** What a group's thread is started with. */
export interface ThreadStart {
  readonly group: string;
  /** The group's folder. */
  readonly directory: string;
  /** Id of the group's journal, hexadecimal; undefined if it has none yet. */
  readonly journalId: string | undefined;
  readonly segmentBytes: number;
  readonly snapshotCommands: number | undefined;
  readonly retainSegments: number | undefined;
  /** One float64 in shared memory: the last sequence published; undefined where results are published nowhere. */
  readonly publishCursor?: Float64Array | undefined;
  /** Commands whose memory is mapped ahead; undefined: memory is mapped as it is needed. */
  readonly aheadCommands?: number | undefined;
  readonly commandRing: SharedArrayBuffer;
  readonly replyRing: SharedArrayBuffer;
  /** Figures by `STAT`. */
  readonly stats: SharedArrayBuffer;
}

/** What the thread itself is given: the same, and its port to the thread that maps pages. */
export interface ThreadData extends ThreadStart {
  readonly pages: MessagePort;
}

/** Gateway → group. Each with an `ask` is answered by one `answer` or `refused` with the same number. */
export type ToGroup =
  | 0
  | { readonly kind: "inspect"; readonly ask: number }
  | { readonly kind: "snapshot"; readonly ask: number }
  /** Work off the ring, write a snapshot, close the journal, end. */
  | { readonly kind: "stop" };

/** What a group knows of names; the gateway defines what is missing before it is used. */
export interface Known {
  /** Index and id. */
  readonly partners: readonly (readonly [number, string])[];
  /** Index, code and scale. */
  readonly currencies: readonly (readonly [number, string, number])[];
  readonly horizonCommands: number;
  readonly sequence: number;
  readonly journalId: string;
}

export interface Inspection {
  readonly sequence: number;
  /** Group time: definitions move it without a sequence, and the state hash takes it in. */
  readonly timeMs: number;
  readonly stateHash: string;
  /** Currency index and sum in minor units, in decimal digits. */
  readonly trialBalance: readonly (readonly [number, string])[];
}

/** Group → gateway. */
export type FromGroup =
  | 0
  | { readonly kind: "recovering"; readonly sequence: number }
  | { readonly kind: "ready"; readonly known: Known; readonly tookMs: number; readonly frames: number }
  | { readonly kind: "answer"; readonly ask: number; readonly inspection?: Inspection; readonly sequence?: number }
  | { readonly kind: "refused"; readonly ask: number; readonly reason: string }
  | { readonly kind: "event"; readonly event: JournalEvent | SnapshotEvent }
  /** The group stops serving. `isFinal`: starting it again would find the same, so an operator has to look. */
  | { readonly kind: "failed"; readonly reason: string; readonly isFinal: boolean }
  | { readonly kind: "stopped"; readonly sequence: number };

export type SnapshotEvent =
  | { readonly kind: "snapshot"; readonly sequence: number; readonly tookMs: number; readonly deleted: number }
  | { readonly kind: "snapshot-failed"; readonly message: string }
  /** A spent snapshot takes room still; the next start, or else the next snapshot, deletes it. */
  | { readonly kind: "snapshot-left"; readonly file: string; readonly message: string };
