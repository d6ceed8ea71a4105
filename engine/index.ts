/** The door of `engine/`: what other folders may use. */
export type { BlockSource } from "./arena.ts";
export { assert, InvariantError, unreachable } from "./assert.ts";
export { CODE, CODE_NAMES, RESULT_CODES, type ResultCode } from "./codes.ts";
export { FRAME_BUFFER_BYTES, FRAME_HEAD_BYTES, Frame } from "./frame.ts";
export { type AccountState, eachAccount, type NamedAccount, readAccount } from "./inspect.ts";
export * from "./limits.ts";
export { Machine, type MachineOptions } from "./machine.ts";
export { RecordMemory, viewMemory } from "./memory.ts";
export {
  formatMoney,
  fromBigInt,
  HI_MAX,
  inRange,
  LIMB,
  type Money,
  parseMoney,
  toBigInt,
  ZERO,
} from "./money.ts";
export { type FramePort, Pipeline, type PipelineOptions } from "./pipeline.ts";
export { QUERY_BYTES, writeQuery } from "./query.ts";
export * from "./record.ts";
export * from "./record-codec.ts";
export * as recordWords from "./record-words.ts";
export { makeRing, RingConsumer, RingProducer } from "./ring.ts";
export * as ringLayout from "./ring-layout.ts";
export { ROW_BYTES, ROW_FLOATS } from "./rows.ts";
export { StateCapture, type StateChunk, StateLoader } from "./snapshot.ts";
export { AccountFinder, namesInChunk, type SnapshotNames } from "./snapshot-lookup.ts";
export type { State } from "./state.ts";
export { makeStats, STAT, STAT_NAMES, type StatName } from "./stats.ts";
