/** Rebuilds a group's state from its files, checking every byte on the way. Takes the thread until it is done. */
import {
  assert,
  CONTEXT,
  formatMoney,
  fromBigInt,
  InvariantError,
  Machine,
  RecordMemory,
  recordWords as record,
  type State,
  StateLoader,
} from "../engine/index.ts";
import {
  DamageError,
  type FileLayer,
  type FrameInfo,
  isGone,
  JournalReader,
  nodeLayer,
  type Position,
  readSnapshot,
  verify,
} from "../journal/index.ts";
import { NameTable } from "./names.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import { damagedSnapshots, listSnapshots, type SnapshotFile } from "./snapshots.ts";
import type { PointInTime, VerifyQuery, VerifyReport } from "./types.ts";

export interface ReplayOptions extends VerifyQuery {
  readonly directory: string;
  readonly layer?: FileLayer;
  /** Where the replay ends; unless given, with the last frame. */
  readonly at?: PointInTime;
}

/** A replay, whether it came to its end or not. */
export interface Replay {
  /** The state as far as it was rebuilt. */
  readonly machine: Machine;
  /** Frames whose bytes and links were checked. */
  readonly frames: number;
  /** What is wrong; undefined: nothing. */
  readonly fault: string | undefined;
  /** The first sequence that the files still reach back to, where the point lies before it. */
  readonly trimmed?: number;
}

/** A point between two commands of an atomic bucket: the state there never was. */
export class InsideBucketError extends Error {
  override name = "InsideBucketError";
}

/**
 * Replays from the journal's start or, where retention has deleted it, from the oldest snapshot; compares each frame byte for byte
 * with what the machine makes of its commands, and each snapshot passed with the state. Throws InsideBucketError, and what a failing
 * file call throws.
 */
export function replay(options: ReplayOptions): Replay {
  const { directory, layer = nodeLayer, through, at } = options;
  const snapshots = listSnapshots(layer, directory).reverse();
  const isWhole = JournalReader.open({ directory, layer }).oldestSequence() === 1;
  const start = isWhole ? undefined : snapshots[0];
  if (!isWhole && start === undefined) {
    return {
      machine: new Machine(),
      frames: 0,
      fault: "The journal is trimmed, and no snapshot is there to start from.",
    };
  }
  if (start !== undefined && at !== undefined && isBehind(start, at)) {
    return { machine: new Machine(), frames: 0, fault: undefined, trimmed: start.sequence };
  }
  let replayer: Replayer | undefined;
  try {
    const state = start === undefined ? undefined : loadState(layer, start.path);
    replayer = new Replayer(state, { start: start?.meta.position, snapshots, at });
    const { onFrame } = replayer;
    const last = at !== undefined && "sequence" in at ? Math.min(at.sequence, through ?? at.sequence) : through;
    const found = verify(directory, {
      layer,
      onFrame,
      snapshots: false,
      ...(last === undefined ? {} : { through: last }),
    });
    const { machine, frames } = replayer;
    return { machine, frames, fault: found.ok ? damagedSnapshots(layer, directory) : found.message };
  } catch (error) {
    if (!(error instanceof InvariantError || error instanceof DamageError)) throw error;
    const { machine = new Machine(), frames = 0 } = replayer ?? {};
    return { machine, frames, fault: error.message };
  }
}

const isBehind = ({ sequence, meta }: SnapshotFile, at: PointInTime): boolean =>
  "sequence" in at ? sequence > at.sequence : meta.timeMs > at.timeMs;

function loadState(layer: FileLayer, path: string): State {
  const loader = new StateLoader();
  readSnapshot(layer, path, (tag, index, bytes, left) => loader.add({ tag, index, bytes }, left));
  return loader.finish();
}

const placeOf = ({ segment, offset }: Position): string => `${segment}/${offset}`;

interface ReplayPlan {
  readonly start: Position | undefined;
  readonly snapshots: readonly SnapshotFile[];
  readonly at: PointInTime | undefined;
}

class Replayer {
  readonly machine: Machine;
  readonly #start: Position | undefined;
  readonly #at: PointInTime | undefined;
  /** Place behind a frame → state hash that a snapshot says was reached there. */
  readonly #hashes: ReadonlyMap<string, string>;
  frames = 0;

  constructor(state: State | undefined, { start, snapshots, at }: ReplayPlan) {
    this.machine = state === undefined ? new Machine() : new Machine({ state });
    this.#start = start;
    this.#at = at;
    this.#hashes = new Map(snapshots.map(({ meta }) => [placeOf(meta.position), meta.stateHash]));
  }

  readonly onFrame = (info: FrameInfo, body: Uint8Array, behind: Position): void => {
    this.frames++;
    if (!this.#isAfterStart(behind) || !this.#isBeforePoint(info)) return;
    const part = this.#partOf(info, body);
    this.machine.replayFrame(part.body, info.firstSequence, info.timeMs, part.records);
    if (part.records < info.records) return;
    const expected = this.#hashes.get(placeOf(behind));
    if (expected === undefined) return;
    const hash = this.machine.stateHash();
    assert(hash === expected, `the snapshot after ${this.machine.sequence} says state ${expected}, the replay ${hash}`);
  };

  /** Frames up to the snapshot's position are in its state already. */
  #isAfterStart({ segment, offset }: Position): boolean {
    const start = this.#start;
    return start === undefined || segment > start.segment || (segment === start.segment && offset > start.offset);
  }

  #isBeforePoint({ firstSequence, timeMs }: FrameInfo): boolean {
    const at = this.#at;
    if (at === undefined) return true;
    return "sequence" in at ? firstSequence <= at.sequence : timeMs <= at.timeMs;
  }

  /** The frame's records up to the point. */
  #partOf(info: FrameInfo, body: Uint8Array): { body: Uint8Array; records: number } {
    const at = this.#at;
    if (at === undefined || !("sequence" in at) || info.firstSequence + info.count - 1 <= at.sequence) {
      return { body, records: info.records };
    }
    const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    let sequence = info.firstSequence - 1;
    let end = 0;
    let records = 0;
    for (let last = 0; sequence < at.sequence; records++) {
      last = end;
      if (!isControlAt(memory, end)) sequence++;
      end += recordBytesAt(memory, end);
      if (sequence === at.sequence) refuseInsideBucket(record.context(memory.words, last >>> 2), sequence);
    }
    return { body: body.subarray(0, end), records };
  }
}

function refuseInsideBucket(context: number, sequence: number): void {
  if ((context & CONTEXT.ATOMIC) === 0 || (context & CONTEXT.BUCKET_END) !== 0) return;
  throw new InsideBucketError(
    `Sequence ${sequence} is inside an atomic bucket, which is applied whole; ask for its end or for what is before it.`,
  );
}

/** Currency code → sum over all accounts with `@world`, in major units. */
export function trialBalanceOf(machine: Machine): Record<string, string> {
  const names = namesOf(machine);
  const sums = [...machine.trialBalance()].map(([index, sum]): [string, string] => {
    const { code, scale } = names.currency(index);
    const { hi, lo } = fromBigInt(sum);
    return [code, formatMoney(hi, lo, scale)];
  });
  return Object.fromEntries(sums);
}

/** The names that a state knows. */
export function namesOf({ state }: Machine): NameTable {
  const names = new NameTable();
  for (const [index, name] of state.partners) names.addPartner(index, name);
  for (const [index, currency] of state.currencies) names.addCurrency(index, currency);
  return names;
}

/** Replays the whole journal and reports. Throws only if a file call fails. */
export function audit(options: Omit<ReplayOptions, "at">): VerifyReport {
  try {
    return auditOnce(options);
  } catch (error) {
    // Retention deleted a file between the listing and the reading; the next listing is without it.
    if (isGone(error)) return auditOnce(options);
    throw error;
  }
}

function auditOnce(options: Omit<ReplayOptions, "at">): VerifyReport {
  const { machine, frames, fault } = replay(options);
  const { through, timeMs = 0 } = options;
  const { state } = machine;
  // Only records that define names can have moved the time since: any other would have a sequence.
  if (through === state.sequence && timeMs > state.timeMs) state.timeMs = timeMs;
  const isShort = through !== undefined && state.sequence !== through;
  const report =
    fault ??
    (isShort ? `The journal ends with sequence ${state.sequence}, though ${through} is durable.` : undefined) ??
    imbalance(machine);
  const { sequence } = state;
  return {
    ok: report === undefined,
    frames,
    sequence,
    trialBalance: trialBalanceOf(machine),
    stateHash: machine.stateHash(),
    ...(report === undefined ? {} : { report }),
  };
}

function imbalance(machine: Machine): string | undefined {
  try {
    machine.checkInvariants();
    return undefined;
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    return error.message;
  }
}
