import type { JournalEvent } from "./events.ts";
import type { FileLayer } from "./file-layer.ts";

/** How a journal is opened. */
export interface JournalOptions {
  /** The group's own folder; made if it is not there. */
  readonly directory: string;
  /** Name of the group, at most 64 bytes. */
  readonly group: string;
  /** Bytes of a new segment, whole sectors; 64 MiB unless given. */
  readonly segmentBytes?: number;
  readonly layer?: FileLayer;
  /** The operator accepts that a damaged tail is cut. Damage with valid frames behind it is refused all the same. */
  readonly acceptCut?: boolean;
  readonly onEvent?: (event: JournalEvent) => void;
  /** Id of the journal that must be there: with another one, or none, the folder is refused. Unless given, any will do, and none too. */
  readonly expectedId?: Uint8Array | undefined;
  /** Id of a new journal, 16 bytes; random unless given. An existing journal keeps its own. */
  readonly journalId?: Uint8Array;
}
