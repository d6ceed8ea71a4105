/** A journal that grows while a test runs, as one under load does. */
import type { Machine } from "../../engine/index.ts";
import { Journal } from "../../journal/index.ts";
import { makeHistory } from "./history.ts";
import { appendFrame, type CountedFrame } from "./journal-folder.ts";

export class GrowingJournal {
  readonly directory: string;
  readonly #journal: Journal;
  readonly #frames: CountedFrame[] = [];
  #next = 0;

  /** Prepares a history of at least so many commands; nothing of it is in the journal yet. */
  constructor(directory: string, { seed, commands, group = "g0" }: { seed: number; commands: number; group?: string }) {
    this.directory = directory;
    this.#journal = Journal.open({ directory, group, segmentBytes: 1 << 20 }, undefined, () => {});
    const onFrame = (frame: Omit<CountedFrame, "count">, machine: Machine) =>
      void this.#frames.push({ ...frame, body: frame.body.slice(), count: machine.frame.count });
    makeHistory({ seed, commands, onFrame });
  }

  /** The last sequence in the journal. */
  get durable(): number {
    return this.#journal.nextSequence - 1;
  }

  get isWhole(): boolean {
    return this.#next === this.#frames.length;
  }

  /** Appends at most so many frames; returns the durable sequence. */
  grow(frames = Number.POSITIVE_INFINITY): number {
    const end = Math.min(this.#next + frames, this.#frames.length);
    while (this.#next < end) appendFrame(this.#journal, this.#frames[this.#next++]!);
    return this.durable;
  }

  close(): void {
    this.#journal.close();
  }
}
