/**
 * What a group's thread tells of itself, in shared memory: one float64 a figure, written by the group only (but for
 * `aheadMappedBytes`, which is written by the thread that maps pages only), read by the gateway at any time. A figure may be stale, never torn: aligned 8-byte stores are whole on the 64-bit processors that Node 24 runs on.
 */
export const STAT_NAMES = [
  "sequence",
  "durable",
  "accounts",
  "holds",
  "remembered",
  "rememberedBytes",
  "oldestRememberedMs",
  "timeMs",
  "frames",
  "commands",
  "journalBytes",
  "syncs",
  "syncMsTotal",
  "syncMsMax",
  "snapshotSequence",
  "snapshotRunning",
  "diskFull",
  "aheadBytes",
  "aheadMappedBytes",
] as const;

export type StatName = (typeof STAT_NAMES)[number];

/** Name → position. */
export const STAT = Object.freeze(Object.fromEntries(STAT_NAMES.map((name, i) => [name, i]))) as {
  readonly [name in StatName]: number;
};

/** Memory for the figures. */
export function makeStats(): SharedArrayBuffer {
  return new SharedArrayBuffer(STAT_NAMES.length * 8);
}
