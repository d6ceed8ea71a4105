/** A small journal on a disk in memory, for tests. */
import type { JournalEvent } from "../events.ts";
import type { FileLayer } from "../file-layer.ts";
import { Journal } from "../journal.ts";
import type { JournalOptions } from "../options.ts";
import type { Position } from "../scan.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { appendSample, longText, sampleText } from "./sample-frames.ts";

export const DIRECTORY = "/disk/g0";
export const GROUP = "g0";
export const JOURNAL_ID: Uint8Array = new Uint8Array(16).fill(7);

/** A journal that was opened, the first words of the texts it handed out, and the events it told. */
export interface Opened {
  readonly journal: Journal;
  readonly names: string[];
  readonly events: JournalEvent[];
}

/** Opens the sample journal; segments of 8 KiB unless said otherwise. */
export function openSample(layer: FileLayer, options: Partial<JournalOptions> = {}, from?: Position): Opened {
  const names: string[] = [];
  const events: JournalEvent[] = [];
  const all: JournalOptions = {
    directory: DIRECTORY,
    group: GROUP,
    segmentBytes: 8 << 10,
    journalId: JOURNAL_ID,
    layer,
    onEvent: (event) => events.push(event),
    ...options,
  };
  const journal = Journal.open(all, from, (_info, body) => names.push(nameOf(body)));
  return { journal, names, events };
}

/** The first word of a sample frame's text. */
export function nameOf(body: Uint8Array): string {
  return sampleText(body).split(" ")[0]!;
}

/** A disk with a closed journal of one frame for each size, named f0, f1, …; each counts as one record. */
export function sampleDisk(sizes: readonly number[], options: Partial<JournalOptions> = {}): MemoryDisk {
  const disk = new MemoryDisk();
  const { journal } = openSample(disk, options);
  sizes.forEach((bytes, index) => {
    appendSample(journal, longText(`f${index}`, bytes));
  });
  journal.close();
  return disk;
}

/** Counts of events by kind. */
export function kinds(events: readonly JournalEvent[]): string[] {
  return events.map(({ kind }) => kind);
}
