/** The door of `journal/`: what other folders may use. */
export { DamageError, type DamageReport, JournalError } from "./errors.ts";
export type { JournalEvent } from "./events.ts";
export type { FileLayer, Handle, OpenMode } from "./file-layer.ts";
export { FRAME_EXTENT_MAX, FRAME_HEADER_BYTES, type FrameInfo, frameExtent } from "./frame.ts";
export { Journal, type JournalOptions } from "./journal.ts";
export { nodeLayer } from "./node-layer.ts";
export type { OnFrame, Position } from "./scan.ts";
