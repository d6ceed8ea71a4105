/**
 * Explores crash points: runs a history once for every call that it makes to the file layer and every fault, and recovers
 * from what each kind of crash leaves. What a history does is the caller's, so the engine's tests use it as well.
 */
import { DamageError } from "../errors.ts";
import type { FileLayer } from "../file-layer.ts";
import { FAULTS, type Fault, FaultyLayer } from "./faulty-layer.ts";
import { MemoryDisk, SURVIVALS, type Survival } from "./memory-disk.ts";

/** What a history did: unique names of effects, in order. */
export interface HistoryLog {
  /** Pushed before an effect is asked for. */
  readonly attempted: string[];
  /** Pushed after it was promised to be durable. */
  readonly acknowledged: string[];
}

export interface CrashScenario {
  /** Does the history; throws where the layer lets it down. Must make the same calls every time. */
  run(layer: FileLayer, log: HistoryLog): void | Promise<void>;
  /** Recovers, and returns all effects found, in order. May add effects of its own behind them. */
  recover(layer: FileLayer): readonly string[] | Promise<readonly string[]>;
}

export interface CrashCounts {
  /** Calls that the history makes without a fault. */
  calls: number;
  /** Histories run with a fault that struck. */
  faults: number;
  /** Recoveries checked. */
  recoveries: number;
  /** Recoveries that were interrupted, with the next one checked. */
  interrupted: number;
  /** Recoveries refused; only where a write was lost, which no one can make good. */
  refused: number;
}

export interface CrashPoint {
  readonly call: number;
  readonly fault: Fault;
  readonly survival: Survival;
}

/**
 * Explores every call × fault × survival, or those calls and faults that `isTried` picks. Throws an Error that names the crash
 * point at the first broken promise.
 */
export async function exploreCrashPoints(
  scenario: CrashScenario,
  isTried: (call: number, fault: Fault) => boolean = () => true,
): Promise<CrashCounts> {
  const dry = new FaultyLayer(new MemoryDisk());
  const counts: CrashCounts = { calls: 0, faults: 0, recoveries: 0, interrupted: 0, refused: 0 };
  await scenario.run(dry, { attempted: [], acknowledged: [] });
  counts.calls = dry.calls;
  for (let call = 1; call <= dry.calls; call++) {
    for (const fault of FAULTS) if (isTried(call, fault)) await strike(scenario, call, fault, counts);
  }
  return counts;
}

async function strike(scenario: CrashScenario, call: number, fault: Fault, counts: CrashCounts): Promise<void> {
  const layer = new FaultyLayer(new MemoryDisk(), call, fault, call);
  const log: HistoryLog = { attempted: [], acknowledged: [] };
  try {
    await scenario.run(layer, log);
  } catch (error) {
    if (!layer.struck) throw error;
  }
  if (!layer.struck) return;
  counts.faults++;
  for (const survival of SURVIVALS) {
    const point = { call, fault, survival };
    try {
      await interruptRecovery(scenario, layer.disk.survivor(survival, call), { log, point, counts });
      await recoverTwice(scenario, layer.disk.survivor(survival, call), { log, point, counts });
    } catch (error) {
      throw new Error(`call ${call}, ${fault}, ${survival}: ${String(error)}`, { cause: error });
    }
  }
}

/** What one recovery has shown must be there after a power loss right behind it: others have seen it by then. */
async function recoverTwice(
  scenario: CrashScenario,
  disk: MemoryDisk,
  { log, point, counts }: { log: HistoryLog; point: CrashPoint; counts: CrashCounts },
): Promise<void> {
  counts.recoveries++;
  try {
    const first = await scenario.recover(disk);
    requirePrefix(first, log.attempted, "what is recovered was attempted, in order and once");
    // A disk that confirms a write and drops it can lose the newest effects; never others, never their order.
    if (point.fault !== "lost") requirePrefix(log.acknowledged, first, "what was acknowledged is recovered");
    const second = await scenario.recover(disk.survivor("power", 0));
    requirePrefix(first, second, "what was recovered once stays");
  } catch (error) {
    if (!(error instanceof DamageError) || point.fault !== "lost") throw error;
    counts.refused++;
  }
}

/** Recovery is cut short as well, at a call chosen by the crash point's number; the next one must do. */
async function interruptRecovery(
  scenario: CrashScenario,
  disk: MemoryDisk,
  { log, point, counts }: { log: HistoryLog; point: CrashPoint; counts: CrashCounts },
): Promise<void> {
  const { call, fault, survival } = point;
  // What a lost write has left is the other check's.
  if (fault === "lost") return;
  const layer = new FaultyLayer(disk, 1 + ((call * 31 + fault.length) % 40), call % 2 === 0 ? "tear" : "die", call);
  try {
    await scenario.recover(layer);
  } catch (error) {
    if (!layer.struck) throw error;
  }
  if (!layer.struck) return;
  counts.interrupted++;
  const found = await scenario.recover(layer.disk.survivor(survival, call + 1));
  requirePrefix(log.acknowledged, found, "what was acknowledged outlives an interrupted recovery");
  const attempted = new Set(log.attempted);
  const own = found.filter((item) => attempted.has(item));
  requirePrefix(own, log.attempted, "what is recovered was attempted, in order and once");
}

function requirePrefix(prefix: readonly string[], whole: readonly string[], claim: string): void {
  const broken = prefix.findIndex((item, index) => whole[index] !== item);
  if (broken !== -1) throw new Error(`${claim}, but at ${broken}: ${prefix[broken]} against ${whole[broken]}`);
}
