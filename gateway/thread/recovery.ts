/** From files to a running state: newest valid snapshot, then the journal behind it. */
import { join } from "node:path";
import {
  type BlockSource,
  FRAME_BUFFER_BYTES,
  InvariantError,
  Machine,
  type State,
  StateLoader,
} from "../../engine/index.ts";
import {
  DamageError,
  type FileLayer,
  findSnapshots,
  Journal,
  type JournalEvent,
  nodeLayer,
  type Position,
  readSnapshot,
  sectorAligned,
} from "../../journal/index.ts";

export interface RecoveryOptions {
  readonly directory: string;
  readonly group: string;
  /** Id of the group's journal; undefined if it has none yet. */
  readonly journalId?: Uint8Array | undefined;
  readonly segmentBytes: number;
  readonly seed: number;
  /** Where the tables get their memory; the engine's own way unless given. */
  readonly blocks?: BlockSource;
  /** Where the files are; the file system unless given. */
  readonly layer?: FileLayer;
  readonly onEvent: (event: JournalEvent) => void;
  /** Told of the sequence reached, now and then. */
  readonly onProgress: (sequence: number) => void;
}

export interface Recovered {
  readonly machine: Machine;
  readonly journal: Journal;
  /** Frames replayed. */
  readonly frames: number;
  /** Sequence of the snapshot it started from; 0 without one. */
  readonly snapshotSequence: number;
  /** Files of newer snapshots that cannot be used. */
  readonly refusedSnapshots: readonly string[];
}

/** Frames between two reports of progress. */
const PROGRESS_FRAMES = 4096;

/** Recovers a group. Throws DamageError when its files are damaged (promise I8). */
export function recover(options: RecoveryOptions): Recovered {
  const {
    directory,
    group,
    journalId: expectedId,
    segmentBytes,
    blocks,
    layer = nodeLayer,
    onEvent,
    onProgress,
  } = options;
  layer.mkdir(directory);
  const refusedSnapshots: string[] = [];
  const snapshot = loadNewest(options, refusedSnapshots);
  const frameRoom = sectorAligned(FRAME_BUFFER_BYTES);
  const machine = new Machine(
    snapshot === undefined
      ? { seed: options.seed, frameRoom, ...(blocks && { blocks }) }
      : { state: snapshot.state, frameRoom },
  );
  let frames = 0;
  const journal = Journal.open(
    { directory, group, expectedId, segmentBytes, layer, onEvent },
    snapshot?.position,
    (info, body) => {
      machine.replayFrame(body, info.firstSequence, info.timeMs, info.records);
      if (++frames % PROGRESS_FRAMES === 0) onProgress(machine.sequence);
    },
  );
  const snapshotSequence = snapshot === undefined ? 0 : snapshot.position.nextSequence - 1;
  return { machine, journal, frames, snapshotSequence, refusedSnapshots };
}

/** The newest snapshot that is whole; damaged ones are told of and passed over, for the journal may reach back further. */
function loadNewest(options: RecoveryOptions, refused: string[]): { state: State; position: Position } | undefined {
  const { directory, group, layer = nodeLayer, onEvent } = options;
  for (const { file } of findSnapshots(layer, directory)) {
    const refuse = (message: string) => {
      refused.push(file);
      onEvent({ kind: "snapshot-invalid", file, message });
    };
    try {
      const loader = new StateLoader(options.blocks);
      const meta = readSnapshot(layer, join(directory, file), (tag, index, bytes, left) =>
        loader.add({ tag, index, bytes }, left),
      );
      if (meta.group !== group) {
        refuse(`It is of group ${meta.group}.`);
        continue;
      }
      const state = loader.finish();
      const sequence = meta.position.nextSequence - 1;
      if (state.sequence !== sequence) {
        refuse(`Its content is as of sequence ${state.sequence}, but the journal's position in it as of ${sequence}.`);
        continue;
      }
      const hash = new Machine({ state }).stateHash();
      if (hash === meta.stateHash) return { state, position: meta.position };
      refuse(`Its state hash is ${meta.stateHash}, but its content gives ${hash}.`);
    } catch (error) {
      if (error instanceof DamageError) refuse(error.message);
      else if (isOfContent(error)) refuse(`Its content cannot be loaded: ${error.message}.`);
      else throw error;
    }
  }
  return undefined;
}

/** True for what a snapshot makes of the loader whose bytes are whole but wrong; not for a disk that fails or for want of memory. */
function isOfContent(error: unknown): error is Error {
  return error instanceof InvariantError || error instanceof TypeError || error instanceof SyntaxError;
}
