/** The door of `journal/testing/`: for the tests of other folders. */
export {
  type CrashCounts,
  type CrashPoint,
  type CrashScenario,
  exploreCrashPoints,
  type HistoryLog,
} from "./crash-points.ts";
export { FAULTS, type Fault, FaultyLayer, ProcessEnded } from "./faulty-layer.ts";
export { filesIn, MemoryDisk, SURVIVALS, type Survival, systemError } from "./memory-disk.ts";
export { override } from "./override.ts";
export { type Random, seeded } from "./random.ts";
