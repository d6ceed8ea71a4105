/** The names behind a journal's indexes, learned as far as they are needed. */
import { type Control, decodeCommand, isControl, RecordMemory } from "../engine/index.ts";
import { type FileLayer, type FrameView, JournalError, JournalReader, type PositionIndex } from "../journal/index.ts";
import { NameTable } from "./names.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import { listSnapshots, snapshotNames } from "./snapshots.ts";

/** The control records of a frame. Its header tells whether there are any, so that other frames cost nothing. */
export function controlsOf({ info, body }: FrameView): Control[] {
  const controls: Control[] = [];
  if (info.records === info.count) return controls;
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < body.byteLength; at += recordBytesAt(memory, at)) {
    if (!isControlAt(memory, at)) continue;
    const control = decodeCommand(body, at);
    if (isControl(control)) controls.push(control);
  }
  return controls;
}

export interface JournalNamesOptions {
  readonly directory: string;
  readonly layer: FileLayer;
  readonly index: PositionIndex;
}

/**
 * Reads definitions up to a sequence: from the newest snapshot, which knows all before it, then on through the journal. What
 * was read once is not read again. Keeps no file open between calls.
 */
export class JournalNames {
  readonly table = new NameTable();
  readonly #options: JournalNamesOptions;
  /** Where reading goes on; 0: nothing was read yet. */
  #next = 0;
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: JournalNamesOptions) {
    this.#options = options;
  }

  /** Learns what is defined in frames up to the durable sequence. Calls are carried out one after the other. */
  learnThrough(durable: number): Promise<void> {
    this.#underWay = this.#underWay.catch(() => {}).then(() => this.#learn(durable));
    return this.#underWay;
  }

  async #learn(durable: number): Promise<void> {
    try {
      await this.#read(durable);
    } catch (error) {
      if (!(error instanceof JournalError && error.code === "TRIMMED")) throw error;
      // What came next is deleted: a snapshot knows it.
      this.#next = 0;
      await this.#read(durable);
    }
  }

  async #read(durable: number): Promise<void> {
    if (this.#next === 0) this.#next = this.#learnSnapshot(durable);
    if (this.#next > durable) return;
    const reader = JournalReader.open(this.#options);
    try {
      await this.#seek(reader, durable);
      for (let frame = await reader.next(durable); frame !== undefined; frame = await reader.next(durable)) {
        for (const control of controlsOf(frame)) this.table.learn(control);
      }
      this.#next = reader.sequence;
    } finally {
      reader.close();
    }
  }

  /**
   * Goes before the first frame that may define something new. Frames with definitions alone have no sequence: they stand between that
   * of the sequence before and the next one's, and a seek for the next one would lead past them.
   */
  async #seek(reader: JournalReader, durable: number): Promise<void> {
    const oldest = reader.oldestSequence();
    // From the start of what is kept nothing is sought.
    if (this.#next === 1 || this.#next === oldest) return;
    await reader.seek(this.#next > oldest ? this.#next - 1 : this.#next, durable);
  }

  /** Learns the names of the newest snapshot that can be read; returns the sequence behind it, 1 without one. */
  #learnSnapshot(durable: number): number {
    const { directory, layer } = this.#options;
    for (const { path, sequence } of listSnapshots(layer, directory)) {
      if (sequence > durable) continue;
      const known = snapshotNames(layer, path);
      if (known === undefined) continue;
      for (const [index, name] of known.partners) this.table.addPartner(index, name);
      for (const [index, currency] of known.currencies) this.table.addCurrency(index, currency);
      return sequence + 1;
    }
    return 1;
  }
}
