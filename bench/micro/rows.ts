/** All micro-benchmarks, in the order in which they run. */
import { apply, applyHot } from "./apply.ts";
import { inProcess } from "./in-process.ts";
import { journalBytes } from "./journal-bytes.ts";
import { memory } from "./memory.ts";
import { replay } from "./replay.ts";
import { restart } from "./restart.ts";
import { snapshotStall } from "./snapshot-stall.ts";
import { twoGroups } from "./two-groups.ts";
import type { Row } from "./types.ts";

export const ROWS: readonly Row[] = [
  apply,
  applyHot,
  inProcess,
  twoGroups,
  replay,
  restart,
  snapshotStall,
  memory,
  journalBytes,
];

export function rowById(id: string): Row | undefined {
  return ROWS.find((row) => row.id === id);
}
