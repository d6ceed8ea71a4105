/** Deletes what recovery, publishing and auditing no longer need. */
import { join } from "node:path";
import type { FileLayer } from "./file-layer.ts";
import { SNAPSHOTS_KEPT } from "./limits.ts";
import { nodeLayer } from "./node-layer.ts";
import { listSegmentNames } from "./segment-list.ts";
import { findSnapshots, readSnapshotHeader } from "./snapshot.ts";

export interface TrimOptions {
  readonly directory: string;
  readonly layer?: FileLayer;
  /** Sequences from here on stay: how far back results can be read and balances be rebuilt. */
  readonly keepFromSequence: number;
  /** The last sequence that was published; what is behind it stays. */
  readonly publishCursor: number;
  /** Files of snapshots that were found damaged where a whole look is taken: nothing may rest on them. Here only headers are read. */
  readonly refused?: readonly string[];
  /** Gets the path of each snapshot that is to go, for `deleteSpent`; unless given, they are deleted on the spot. */
  readonly onSnapshot?: (path: string) => void;
}

/** What was deleted, in order, and the first sequence that the journal still has. */
export interface TrimResult {
  readonly deleted: readonly string[];
  readonly oldestSequence: number;
}

/**
 * Deletes older snapshots than the two newest, then segments that lie wholly below `keepFromSequence`, at or below the publish
 * cursor and before the position of every kept snapshot, oldest first, so that the journal never has a gap. Without two
 * snapshots no segment goes. May run beside the writer, whose segment is never among them.
 */
export function trim(options: TrimOptions): TrimResult {
  const { directory, layer = nodeLayer, keepFromSequence, publishCursor, refused = [], onSnapshot } = options;
  const deleted: string[] = [];
  const remove = (file: string) => {
    layer.unlink(join(directory, file));
    // Each by itself: after a power loss the segments that are left must have no gap.
    layer.syncDirectory(directory);
    deleted.push(file);
  };
  const removeSnapshot = (file: string) => {
    if (onSnapshot === undefined) return remove(file);
    // Nothing rests on it any more, whether it goes before the segments or, in a crash, stays until the next trim.
    onSnapshot(join(directory, file));
    deleted.push(file);
  };
  const snapshots = findSnapshots(layer, directory).map(({ file }) => ({
    file,
    meta: readSnapshotHeader(layer, join(directory, file)),
  }));
  const valid = snapshots.filter(({ file, meta }) => meta !== undefined && !refused.includes(file));
  for (const { file } of valid.slice(SNAPSHOTS_KEPT).reverse()) removeSnapshot(file);

  const segments = listSegmentNames(layer, directory);
  const oldestKept = valid[SNAPSHOTS_KEPT - 1]?.meta?.position.segment ?? 0;
  const below = Math.min(keepFromSequence, publishCursor + 1);
  let first = 0;
  for (; first + 1 < segments.length; first++) {
    const segment = segments[first]!;
    // All of a segment's sequences lie below the first of the next one.
    if (segment.number >= oldestKept || segments[first + 1]!.firstSequence > below) break;
    remove(segment.file);
  }
  return { deleted, oldestSequence: segments[first]?.firstSequence ?? 1 };
}

/** First sequence of the oldest of the newest `count` segments: what `keepFromSequence` is to be to keep that many. */
export function segmentsFrom(directory: string, count: number, layer: FileLayer = nodeLayer): number {
  const segments = listSegmentNames(layer, directory);
  return segments.at(-count)?.firstSequence ?? 0;
}
