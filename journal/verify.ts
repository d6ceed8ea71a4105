/** Re-reads a journal and says whether it is whole. Changes nothing. */
import { join } from "node:path";
import { hex } from "./bytes.ts";
import { DamageError, type DamageReport, errorText, isGone } from "./errors.ts";
import type { FileLayer } from "./file-layer.ts";
import { nodeLayer } from "./node-layer.ts";
import { type OnFrame, scan } from "./scan.ts";
import { listSegments } from "./segment-list.ts";
import { findSnapshots, readSnapshot } from "./snapshot.ts";

export interface VerifyOptions {
  readonly layer?: FileLayer;
  /** Expected name of the group; that of the oldest segment unless given. */
  readonly group?: string;
  /** The durable sequence of a journal in use, taken before the call: what is behind it is not judged. */
  readonly through?: number;
  /** Sees every frame that was checked. */
  readonly onFrame?: OnFrame;
  /** False leaves the snapshots unread. */
  readonly snapshots?: boolean;
}

/** A snapshot's verdict. */
export interface SnapshotVerdict {
  readonly file: string;
  readonly ok: boolean;
  /** What is wrong, where it is not. */
  readonly message?: string;
}

export type VerifyResult =
  | {
      readonly ok: true;
      /** 32 hexadecimal digits. */
      readonly journalId: string;
      readonly group: string;
      readonly segments: number;
      readonly frames: number;
      readonly records: number;
      /** First sequence that is kept; `sequence` + 1 if there is none. */
      readonly firstSequence: number;
      /** The last sequence. */
      readonly sequence: number;
      /** Chain hash behind the last frame, 64 hexadecimal digits. */
      readonly chainHash: string;
      /** `torn`: an interrupted write stands at the end; the next start will cut it. */
      readonly end: "clean" | "torn" | "in use";
      readonly snapshots: readonly SnapshotVerdict[];
    }
  | { readonly ok: false; readonly message: string; readonly report: DamageReport };

/** Checks every frame, link, segment and snapshot of a folder. Throws only if a file call fails. */
export function verify(directory: string, options: VerifyOptions = {}): VerifyResult {
  try {
    return verifyWhole(directory, options);
  } catch (error) {
    if (error instanceof DamageError) return { ok: false, message: error.message, report: error.report };
    throw error;
  }
}

function verifyWhole(directory: string, options: VerifyOptions): VerifyResult {
  const { layer = nodeLayer, group, through, onFrame } = options;
  const segments = listSegments(layer, directory, group);
  const oldest = segments[0]?.header;
  if (oldest === undefined) {
    throw new DamageError({
      kind: "missing-segment",
      file: "00000001-00000000000000000001.seg",
      offset: 0,
      expected: "a journal",
      found: "no segment",
      lastSequence: 0,
      acceptable: false,
    });
  }
  const { verdict, report, chain, frames, records } = scan({ layer, directory, segments, onFrame, through });
  if (verdict?.decision === "tail damage") throw new DamageError(report!);
  const torn = verdict?.decision === "torn" ? "torn" : "clean";
  return {
    ok: true,
    journalId: hex(oldest.journalId),
    group: oldest.group,
    segments: segments.length,
    frames,
    records,
    firstSequence: oldest.firstSequence,
    sequence: chain.nextSequence - 1,
    chainHash: hex(chain.chainHash),
    end: verdict === undefined ? "in use" : torn,
    snapshots: options.snapshots === false ? [] : verifySnapshots(layer, directory),
  };
}

function verifySnapshots(layer: FileLayer, directory: string): SnapshotVerdict[] {
  return findSnapshots(layer, directory).flatMap(({ file }): SnapshotVerdict[] => {
    try {
      readSnapshot(layer, join(directory, file), () => {});
      return [{ file, ok: true }];
    } catch (error) {
      // Retention took it meanwhile.
      return isGone(error) ? [] : [{ file, ok: false, message: errorText(error) }];
    }
  });
}
