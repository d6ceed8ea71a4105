/** Writes snapshots beside the running loop, one chunk between two turns, and trims what retention allows. */
import { basename } from "node:path";
import { assert, type Machine, StateCapture } from "../../engine/index.ts";
import {
  deleteSpent,
  type FileLayer,
  type Journal,
  nodeLayer,
  SnapshotWriter,
  segmentsFrom,
  trim,
} from "../../journal/index.ts";
import type { SnapshotEvent } from "./messages.ts";

export interface SnapshotterOptions {
  readonly machine: Machine;
  readonly journal: Journal;
  readonly directory: string;
  readonly group: string;
  readonly retainSegments: number | undefined;
  /** See Recovered. */
  readonly refusedSnapshots: readonly string[];
  /** See ThreadStart. */
  readonly publishCursor?: Float64Array | undefined;
  /** Where the files are; the file system unless given. */
  readonly layer?: FileLayer;
  readonly onEvent: (event: SnapshotEvent) => void;
}

export class Snapshotter {
  readonly #options: SnapshotterOptions;
  #running: Promise<number> | undefined;
  /** One after the other, for each is meant to leave the disk to the frames. */
  #deletion: Promise<void> = Promise.resolve();
  /** Sequence of the last snapshot that this process wrote or started from. */
  sequence: number;

  constructor(options: SnapshotterOptions, sequence: number) {
    this.#options = options;
    this.sequence = sequence;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Writes a snapshot of the present state, or joins the one under way. Resolves with its sequence; rejects when it failed. */
  take(): Promise<number> {
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no spent snapshot is being deleted any more. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
    await this.#deletion;
  }

  async #write(): Promise<number> {
    const { machine, journal, directory, group, layer = nodeLayer, onEvent } = this.#options;
    const { sequence } = machine;
    // Behind a frame that failed the machine is ahead of the journal: such a state must never be started from.
    assert(sequence + 1 === journal.nextSequence, "a snapshot is taken of a state that is durable whole");
    if (sequence === this.sequence && sequence > 0) return sequence;
    const begin = performance.now();
    const capture = new StateCapture(machine.state);
    let writer: SnapshotWriter | undefined;
    try {
      const { journalId, position } = journal;
      const stateHash = machine.stateHash();
      const meta = { journalId, group, epoch: 1, timeMs: machine.state.timeMs, position, stateHash };
      writer = new SnapshotWriter(layer, directory, meta);
      for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
        await writer.addChunk(chunk.tag, chunk.index, chunk.bytes);
      }
      await writer.finish();
    } catch (error) {
      await writer?.abort();
      const message = error instanceof Error ? error.message : String(error);
      onEvent({ kind: "snapshot-failed", message });
      throw error;
    } finally {
      capture.end();
    }
    this.sequence = sequence;
    const spent: string[] = [];
    const deleted = this.#trim((path) => spent.push(path));
    onEvent({ kind: "snapshot", sequence, tookMs: performance.now() - begin, deleted });
    for (const path of spent) this.#deletion = this.#deletion.then(() => this.#delete(path));
    return sequence;
  }

  /** Never rejects: the snapshot that was written counts whether or not an older one can be deleted. */
  async #delete(path: string): Promise<void> {
    const { layer = nodeLayer, onEvent } = this.#options;
    try {
      await deleteSpent(layer, path);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      onEvent({ kind: "snapshot-left", file: basename(path), message });
    }
  }

  /** Deletes segments beyond those to keep; returns how many files went. */
  #trim(onSnapshot: (path: string) => void): number {
    const { directory, retainSegments, refusedSnapshots: refused, machine, layer = nodeLayer } = this.#options;
    // Where results are published nowhere else, the journal serves them, so it is its own publish cursor.
    const publishCursor = this.#options.publishCursor?.[0] ?? machine.sequence;
    const keepFromSequence = retainSegments === undefined ? 0 : segmentsFrom(directory, retainSegments, layer);
    return trim({ directory, layer, keepFromSequence, publishCursor, refused, onSnapshot }).deleted.length;
  }
}
