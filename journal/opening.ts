/** Recovers or makes a journal, and takes segments into use: the steps before and between appends. */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { assert } from "../engine/index.ts";
import { equalBytes, hex } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { type FileLayer, type Handle, writeFully } from "./file-layer.ts";
import { type ChainState, groupTag, NO_CHAIN_HASH } from "./frame.ts";
import { nodeLayer } from "./node-layer.ts";
import type { JournalOptions } from "./options.ts";
import { Preparation } from "./preparation.ts";
import { repair } from "./repair.ts";
import { type OnFrame, type Position, scan } from "./scan.ts";
import { JOURNAL_ID_BYTES, makeSegmentHeader, prepFile, SEGMENT_HEADER_BYTES, segmentFile } from "./segment.ts";
import { listSegments } from "./segment-list.ts";
import { UNFINISHED } from "./snapshot-format.ts";

/** Where a journal goes on. */
export interface Place {
  readonly chain: ChainState;
  readonly handle: Handle;
  readonly number: number;
  readonly size: number;
  readonly offset: number;
}

/** Reads what is there and makes it fit to be appended to; undefined if there is no journal yet. */
export function recover(options: JournalOptions, from: Position | undefined, onFrame: OnFrame): Place | undefined {
  const { directory, group, acceptCut, onEvent = () => {} } = options;
  const layer = options.layer ?? nodeLayer;
  layer.mkdir(directory);
  const segments = listSegments(layer, directory, group);
  if (options.expectedId !== undefined) refuseOther(segments[0], options.expectedId);
  refuseUncovered(layer, directory, segments[0], from);
  if (segments.length === 0) return undefined;
  const result = scan({ layer, directory, segments, from, onFrame });
  if (result.verdict!.decision === "tail damage" && acceptCut !== true) throw new DamageError(result.report!);
  const handle = repair({ layer, directory, scan: result, onEvent });
  for (const file of layer.list(directory)) {
    // What an earlier process had not finished.
    if (file.endsWith(".prep") || file.endsWith(`.snap${UNFINISHED}`)) layer.unlink(join(directory, file));
  }
  const { chain, entry, offset, frames } = result;
  onEvent({ kind: "recovered", frames, nextSequence: chain.nextSequence });
  return { chain, handle, number: entry.header.number, size: entry.header.segmentBytes, offset };
}

/** Refuses a folder whose journal has gone, or is another one: balances would be gone with it, and ids would take effect again. */
function refuseOther(
  oldest: { readonly file: string; readonly header: { readonly journalId: Uint8Array } } | undefined,
  expectedId: Uint8Array,
): void {
  if (oldest !== undefined && equalBytes(oldest.header.journalId, expectedId)) return;
  throw new DamageError({
    kind: oldest === undefined ? "missing-segment" : "foreign-segment",
    file: oldest?.file ?? segmentFile(1, 1),
    offset: 0,
    expected: `journal ${hex(expectedId)}, which is this group's`,
    found: oldest === undefined ? "no segment in the group's folder" : `journal ${hex(oldest.header.journalId)}`,
    lastSequence: 0,
    acceptable: false,
  });
}

/** Refuses a folder whose oldest segments are missing while nothing stands in for them. */
function refuseUncovered(
  layer: FileLayer,
  directory: string,
  oldest: { readonly file: string; readonly header: { readonly number: number } } | undefined,
  from: Position | undefined,
): void {
  const first = oldest?.header.number ?? 0;
  if (first === 1 || (first > 1 && from !== undefined)) return;
  const snapshot = layer.list(directory).find((file) => file.endsWith(".snap"));
  if (first === 0 && from === undefined && snapshot === undefined) return;
  throw new DamageError({
    kind: "missing-segment",
    file: oldest?.file ?? snapshot ?? segmentFile(1, 1),
    offset: 0,
    expected: first === 0 ? "the journal beside its snapshot" : "segment 1, or a valid snapshot in its place",
    found: first === 0 ? "no segment" : `segment ${first} as the oldest`,
    lastSequence: 0,
    acceptable: false,
  });
}

export function create(options: JournalOptions, segmentBytes: number): Place {
  const { directory, group, onEvent = () => {} } = options;
  const layer = options.layer ?? nodeLayer;
  const journalId = options.journalId ?? new Uint8Array(randomBytes(JOURNAL_ID_BYTES));
  assert(journalId.byteLength === JOURNAL_ID_BYTES, "a journal id has 16 bytes");
  const first = new Preparation({ layer, directory, number: 1, segmentBytes });
  first.fill(segmentBytes);
  const handle = first.take();
  const chain: ChainState = {
    journalId,
    groupTag: groupTag(group),
    nextSequence: 1,
    chainHash: NO_CHAIN_HASH,
    epoch: 0,
  };
  const file = useSegment(options, handle, { chain, number: 1, segmentBytes });
  layer.syncDirectory(dirname(directory));
  onEvent({ kind: "created", file });
  return { chain, handle, number: 1, size: segmentBytes, offset: SEGMENT_HEADER_BYTES };
}

/** Gives a segment full of zeros its header and its name, durably. */
export function useSegment(
  options: JournalOptions,
  handle: Handle,
  segment: { chain: ChainState; number: number; segmentBytes: number },
): string {
  const { directory, group, layer = nodeLayer } = options;
  const { chain, number, segmentBytes } = segment;
  const { journalId, nextSequence, chainHash } = chain;
  const file = segmentFile(number, nextSequence);
  const header = { journalId, group, number, firstSequence: nextSequence, segmentBytes, chainHash };
  writeFully(layer, handle, makeSegmentHeader(header), 0);
  layer.datasync(handle);
  layer.rename(join(directory, prepFile(number)), join(directory, file));
  layer.syncDirectory(directory);
  return file;
}
