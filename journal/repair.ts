/** Acts on a scan's outcome: cuts the tail, and makes the disk agree with what was read before anything is appended. */
import { join } from "node:path";
import { assert } from "../engine/index.ts";
import { sectorsUp, viewOf } from "./bytes.ts";
import type { JournalEvent } from "./events.ts";
import { type FileLayer, type Handle, writeFully, writeZeros } from "./file-layer.ts";
import { FRAME_EXTENT_MAX, frameExtent, makeSeal, readInfo } from "./frame.ts";
import type { ScanResult } from "./scan.ts";

export interface RepairOptions {
  readonly layer: FileLayer;
  readonly directory: string;
  readonly scan: ScanResult;
  readonly onEvent: (event: JournalEvent) => void;
}

/** Makes the journal fit to be appended to; returns the last segment, open for update. */
export function repair(options: RepairOptions): Handle {
  const { layer, directory, scan } = options;
  const { verdict } = scan;
  assert(verdict !== undefined && verdict.decision !== "damage", "only a judged and acceptable tail is repaired");
  for (const { entry, offset, chain } of scan.seals) {
    const handle = layer.open(join(directory, entry.file), "update");
    writeFully(layer, handle, makeSeal(chain, entry.header.number + 1), offset);
    layer.datasync(handle);
    layer.close(handle);
  }
  if (verdict.decision !== "end") keepAside(options);
  const handle = layer.open(join(directory, scan.entry.file), "update");
  try {
    settle(layer, handle, scan);
    layer.syncDirectory(directory);
  } catch (error) {
    layer.close(handle);
    throw error;
  }
  return handle;
}

/** Copies what will be cut into a file of its own, durable before the first byte is overwritten. */
function keepAside({ layer, directory, scan, onEvent }: RepairOptions): void {
  const { offset, end, bytes, verdict, report } = scan;
  assert(report !== undefined && end > offset, "a tail that is cut has bytes that are not zero");
  const taken = layer.list(directory).map((file) => Number(/^cut-([0-9]+)\.bin$/.exec(file)?.[1] ?? 0));
  const keptIn = `cut-${Math.max(0, ...taken) + 1}.bin`;
  const handle = layer.open(join(directory, keptIn), "create");
  const cutEnd = sectorsUp(end);
  writeFully(layer, handle, bytes.subarray(offset, cutEnd), 0);
  layer.datasync(handle);
  layer.close(handle);
  layer.syncDirectory(directory);
  const torn = verdict!.decision === "torn";
  onEvent({ kind: "cut", torn, file: scan.entry.file, offset, bytes: cutEnd - offset, keptIn, report });
}

/**
 * Writes the last frame and the zeros behind it once more and syncs them. An earlier process may have seen its sync fail:
 * then the page cache shows bytes that the disk lacks, and counts them as clean, so that no later sync would write them.
 */
function settle(layer: FileLayer, handle: Handle, { entry, bytes, lastFrame, offset, end }: ScanResult): void {
  if (lastFrame !== undefined) {
    const extent = frameExtent(readInfo(viewOf(bytes), lastFrame).bodyBytes);
    writeFully(layer, handle, bytes.subarray(lastFrame, lastFrame + extent), lastFrame);
  }
  const zerosTo = Math.max(offset + FRAME_EXTENT_MAX, sectorsUp(end));
  writeZeros(layer, handle, offset, Math.min(zerosTo, entry.header.segmentBytes));
  layer.datasync(handle);
}
