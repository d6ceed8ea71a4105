/** The segments of a folder, checked against each other before any frame is read. */
import { join } from "node:path";
import { equalBytes, hex } from "./bytes.ts";
import { DamageError, type DamageReport } from "./errors.ts";
import { type FileLayer, readFully } from "./file-layer.ts";
import {
  parseSegmentFile,
  parseSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentName,
} from "./segment.ts";

/** A segment whose header is valid and agrees with its name and length. */
export interface SegmentEntry {
  readonly file: string;
  readonly header: SegmentHeader;
}

function refuse(kind: DamageReport["kind"], file: string, offset: number, expected: string, found: string): never {
  throw new DamageError({ kind, file, offset, expected, found, lastSequence: 0, acceptable: false });
}

/** Names of segments by number; refuses names that no segment has, doubles and gaps. */
export function listSegmentNames(layer: FileLayer, directory: string): SegmentName[] {
  const names: SegmentName[] = [];
  for (const file of layer.list(directory)) {
    if (!file.endsWith(".seg")) continue;
    names.push(parseSegmentFile(file) ?? refuse("renamed-segment", file, 0, "a segment's name", "another name"));
  }
  names.sort((a, b) => a.number - b.number || a.firstSequence - b.firstSequence);
  names.forEach((name, index) => {
    const before = names[index - 1];
    if (before === undefined || name.number === before.number + 1) return;
    if (name.number === before.number) {
      refuse("duplicate-segment", name.file, 0, `one segment ${name.number}`, `${before.file} as well`);
    }
    refuse("missing-segment", name.file, 0, `segment ${before.number + 1} before it`, `segment ${before.number}`);
  });
  return names;
}

/** Reads and checks one segment's header. */
export function readSegmentEntry(layer: FileLayer, directory: string, name: SegmentName): SegmentEntry {
  const { file } = name;
  const handle = layer.open(join(directory, file), "read");
  try {
    const sector = new Uint8Array(SEGMENT_HEADER_BYTES);
    const header = parseSegmentHeader(sector.subarray(0, readFully(layer, handle, sector, 0)));
    if (typeof header === "string") return refuse("segment-header", file, 0, "a valid segment header", header);
    if (header.number !== name.number || header.firstSequence !== name.firstSequence) {
      const found = `segment ${header.number} from sequence ${header.firstSequence}`;
      refuse("renamed-segment", file, 0, `segment ${name.number} from sequence ${name.firstSequence}`, found);
    }
    const size = layer.size(handle);
    if (size !== header.segmentBytes) {
      refuse(
        "segment-header",
        file,
        Math.min(size, header.segmentBytes),
        `${header.segmentBytes} bytes`,
        `${size} bytes`,
      );
    }
    return { file, header };
  } finally {
    layer.close(handle);
  }
}

/**
 * All segments of the folder, oldest first; empty if there is none. Throws DamageError where a segment is missing between
 * others, doubled, renamed, cut short, of another journal than the oldest, or of another group than `group`.
 */
export function listSegments(layer: FileLayer, directory: string, group: string | undefined): SegmentEntry[] {
  const entries = listSegmentNames(layer, directory).map((name) => readSegmentEntry(layer, directory, name));
  const oldest = entries[0];
  for (const { file, header } of entries) {
    if (!equalBytes(header.journalId, oldest!.header.journalId)) {
      refuse(
        "foreign-segment",
        file,
        8,
        `journal ${hex(oldest!.header.journalId)}`,
        `journal ${hex(header.journalId)}`,
      );
    }
    const expected = group ?? oldest!.header.group;
    if (header.group !== expected) {
      refuse("foreign-segment", file, 80, `group ${expected}`, `group ${header.group}`);
    }
  }
  return entries;
}
