/** A real journal in a temporary folder, made by a machine from a generated history. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, StateCapture, type StateChunk } from "../../engine/index.ts";
import type { RecordedFrame } from "../../engine/model/subject.ts";
import {
  FRAME_HEADER_BYTES,
  frameExtent,
  Journal,
  nodeLayer,
  type SnapshotMeta,
  SnapshotWriter,
  trim,
} from "../../journal/index.ts";
import { makeHistory } from "./history.ts";

export interface FolderOptions {
  readonly seed: number;
  /** At least so many commands. */
  readonly commands: number;
  readonly segmentBytes?: number;
  /** Snapshots after the frames with these numbers, from 0. */
  readonly snapshotFrames?: readonly number[];
  /** Deletes old segments, keeping the snapshots. */
  readonly isTrimmed?: boolean;
}

export interface JournalFolder {
  readonly directory: string;
  readonly frames: readonly RecordedFrame[];
  /** The last sequence. */
  readonly durable: number;
  /** Time of the last frame. */
  readonly timeMs: number;
  readonly stateHash: string;
  /** First sequence that the journal still has. */
  readonly oldest: number;
  readonly snapshotSequences: readonly number[];
}

export function temporaryFolder(onEnd: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-results-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Appends a recorded frame. */
export function appendFrame(journal: Journal, { body, firstSequence, timeMs, records, count }: CountedFrame): void {
  const frame = new Uint8Array(frameExtent(body.byteLength));
  frame.set(body, FRAME_HEADER_BYTES);
  journal.append(frame, { epoch: 1, firstSequence, count, records, timeMs, bodyBytes: body.byteLength });
}

export interface CountedFrame extends RecordedFrame {
  /** Records that have a sequence. */
  readonly count: number;
}

interface Taken {
  readonly meta: SnapshotMeta;
  readonly chunks: readonly StateChunk[];
}

function capture(machine: Machine, journal: Journal): Taken {
  const { journalId, position } = journal;
  const { timeMs } = machine.state;
  const meta = { journalId, group: "g0", epoch: 1, timeMs, position, stateHash: machine.stateHash() };
  const running = new StateCapture(machine.state);
  const chunks: StateChunk[] = [];
  for (let chunk = running.next(); chunk !== undefined; chunk = running.next()) {
    chunks.push({ ...chunk, bytes: chunk.bytes.slice() });
  }
  running.end();
  return { meta, chunks };
}

async function write(directory: string, { meta, chunks }: Taken): Promise<void> {
  const writer = new SnapshotWriter(nodeLayer, directory, meta);
  for (const { tag, index, bytes } of chunks) await writer.addChunk(tag, index, bytes);
  await writer.finish();
}

/** Makes the journal of group g0 in `directory` and closes it. */
export async function makeJournal(directory: string, options: FolderOptions): Promise<JournalFolder> {
  const { seed, commands, segmentBytes = 64 << 10, snapshotFrames = [], isTrimmed = false } = options;
  const journal = Journal.open({ directory, group: "g0", segmentBytes }, undefined, () => {});
  const taken: Taken[] = [];
  let stateHash = "";
  let index = 0;
  const frames = makeHistory({
    seed,
    commands,
    onFrame: (frame, machine) => {
      appendFrame(journal, { ...frame, count: machine.frame.count });
      if (snapshotFrames.includes(index++)) taken.push(capture(machine, journal));
      stateHash = machine.stateHash();
    },
  });
  const durable = journal.nextSequence - 1;
  journal.close();
  for (const one of taken) await write(directory, one);
  const { oldestSequence: oldest } = isTrimmed
    ? trim({ directory, keepFromSequence: durable, publishCursor: durable })
    : { oldestSequence: 1 };
  const snapshotSequences = taken.map(({ meta }) => meta.position.nextSequence - 1);
  return { directory, frames, durable, timeMs: frames.at(-1)!.timeMs, stateHash, oldest, snapshotSequences };
}
