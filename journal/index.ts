/** The door of `journal/`: what other folders may use. */
export { sectorAligned } from "./bytes.ts";
export { deleteSpent } from "./deletion.ts";
export { DamageError, type DamageReport, isGone, JournalError } from "./errors.ts";
export type { JournalEvent } from "./events.ts";
export type { FileLayer, Handle, OpenMode } from "./file-layer.ts";
export { FRAME_EXTENT_MAX, FRAME_HEADER_BYTES, type FrameInfo, frameExtent } from "./frame.ts";
export { Journal } from "./journal.ts";
export { SEGMENT_BYTES_MAX } from "./limits.ts";
export { nodeLayer } from "./node-layer.ts";
export type { JournalOptions } from "./options.ts";
export { PositionIndex } from "./position-index.ts";
export { type FrameView, JournalReader, type ReaderOptions } from "./reader.ts";
export { segmentsFrom, type TrimOptions, type TrimResult, trim } from "./retention.ts";
export type { OnFrame, Position } from "./scan.ts";
export {
  findSnapshots,
  type NewestSnapshotOptions,
  newestSnapshot,
  type OnChunk,
  readSnapshot,
  readSnapshotHeader,
} from "./snapshot.ts";
export type { SnapshotMeta } from "./snapshot-format.ts";
export { SnapshotWriter } from "./snapshot-writer.ts";
export { type SnapshotVerdict, type VerifyOptions, type VerifyResult, verify } from "./verify.ts";
