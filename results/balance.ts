/**
 * An account as it was: from the newest snapshot before the point, or the journal's start, forward through the records. Only
 * that one account is followed, so it needs neither a state machine nor its memory.
 */
import { RecordMemory } from "../engine/index.ts";
import { type FileLayer, type FrameView, JournalError, JournalReader } from "../journal/index.ts";
import { AccountTrack } from "./account-track.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import { listSnapshots, snapshotAccount } from "./snapshots.ts";
import type { AccountKey, BalanceAnswer, BalanceQuery, PointInTime } from "./types.ts";

/** Where following begins: after this sequence, with the account as it was then. */
interface Base {
  readonly sequence: number;
  readonly track: AccountTrack;
}

/** Answers a query. Throws DamageError or JournalError when the journal cannot be read. */
export async function balanceAt(directory: string, layer: FileLayer, query: BalanceQuery): Promise<BalanceAnswer> {
  const { at, durable, nowMs } = query;
  if ("sequence" in at ? at.sequence > durable : at.timeMs > nowMs) return { beyond: durable };
  for (let tries = 1; ; tries++) {
    const base = findBase(directory, layer, query);
    if ("trimmed" in base) return base;
    try {
      return view(query, base.track, await follow(directory, layer, base, query));
    } catch (error) {
      // Retention came in between; from what is left there is another base, or none.
      if (!(error instanceof JournalError) || error.code !== "TRIMMED" || tries === 3) throw error;
    }
  }
}

function view({ account, currency }: AccountKey, { state }: AccountTrack, sequence: number): BalanceAnswer {
  if (state === undefined) return undefined;
  const { available, held, status, version, min: minBalance, max } = state;
  const maxBalance = max === undefined ? {} : { maxBalance: max };
  return { account, currency, available, held, status, minBalance, ...maxBalance, version, sequence };
}

function findBase(directory: string, layer: FileLayer, query: BalanceQuery): Base | { readonly trimmed: number } {
  const { at, durable } = query;
  const snapshots = listSnapshots(layer, directory).filter(({ sequence }) => sequence <= durable);
  for (const { path, sequence, meta } of snapshots) {
    if ("sequence" in at ? sequence > at.sequence : meta.timeMs > at.timeMs) continue;
    const found = snapshotAccount(layer, path, query);
    if (found !== undefined) return { sequence, track: new AccountTrack(query, found.account) };
  }
  const oldest = JournalReader.open({ directory, layer }).oldestSequence();
  if (oldest === 1) return { sequence: 0, track: new AccountTrack(query, undefined) };
  // Records between the oldest segment and the oldest snapshot tell changes, but not what they started from.
  return { trimmed: snapshots.at(-1)?.sequence ?? oldest };
}

/** Follows the account from the base to the point; returns the last sequence that counts. */
async function follow(directory: string, layer: FileLayer, base: Base, query: BalanceQuery): Promise<number> {
  const { at, durable } = query;
  const reader = JournalReader.open({ directory, layer });
  let sequence = base.sequence;
  try {
    if (durable > sequence) await reader.seek(sequence + 1, durable);
    while (isBefore(at, sequence)) {
      const frame = await reader.next(durable);
      if (frame === undefined || ("timeMs" in at && frame.info.timeMs > at.timeMs)) break;
      sequence = seeFrame(frame, base.track, { from: sequence, to: at });
    }
    return sequence;
  } finally {
    reader.close();
  }
}

const isBefore = (at: PointInTime, sequence: number): boolean => !("sequence" in at) || sequence < at.sequence;

/** Shows the records behind sequence `from`, up to the point; returns the last one's sequence. */
function seeFrame({ info, body }: FrameView, track: AccountTrack, range: { from: number; to: PointInTime }): number {
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  let sequence = info.firstSequence - 1;
  for (let offset = 0; offset < body.byteLength && isBefore(range.to, sequence); ) {
    if (!isControlAt(memory, offset)) {
      sequence++;
      if (sequence > range.from) track.see(memory, offset);
    }
    offset += recordBytesAt(memory, offset);
  }
  return Math.max(sequence, range.from);
}
