/** The durable frames of one group as batches of slices. */
import { assert } from "../../engine/index.ts";
import { JournalError, JournalReader, nodeLayer, PositionIndex } from "../../journal/index.ts";
import { controlsOf, JournalNames } from "../journal-names.ts";
import { UnknownNameError } from "../names.ts";
import { PublishRefusal } from "./errors.ts";
import { RECORD_OVERHEAD_BYTES, SEND_BYTES_MAX, SEND_RECORDS_MAX } from "./limits.ts";
import { FrameSlicer, type Slice } from "./slices.ts";

/** What the topic says that was published last. */
export interface Published {
  readonly first: number;
  readonly count: number;
  readonly at: string;
}

export interface SourceOptions {
  readonly group: string;
  /** The group's folder. */
  readonly directory: string;
}

/** Reads one journal from one place on. Not for use after an error. */
export class JournalSource {
  readonly #group: string;
  readonly #reader: JournalReader;
  readonly #names: JournalNames;
  #slicer: FrameSlicer | undefined;
  /** Already cut, for the next batch. */
  #carried: Slice | undefined;

  constructor({ group, directory }: SourceOptions) {
    const place = { directory, layer: nodeLayer, index: new PositionIndex() };
    this.#group = group;
    this.#reader = JournalReader.open(place);
    this.#names = new JournalNames(place);
  }

  /** Looks at the oldest frame. Comes before anything else. */
  open(durable: number): Promise<void> {
    return this.#reader.seek(Math.min(this.#reader.oldestSequence(), durable + 1), durable);
  }

  /** 32 hex digits. */
  get journalId(): string {
    const id = this.#reader.journalId;
    assert(id !== undefined, "a journal's id is known once it was read");
    return Buffer.from(id).toString("hex");
  }

  oldestSequence(): number {
    return this.#reader.oldestSequence();
  }

  /** The next batch begins with the slice that holds `sequence`, which must be the first of one. */
  async seekTo(sequence: number, durable: number): Promise<void> {
    await this.#reader.seek(sequence, durable);
    while (this.#reader.sequence <= durable) {
      const slice = await this.#nextSlice(durable);
      if (slice === undefined) return;
      if (slice.first + slice.count <= sequence) continue;
      if (slice.first !== sequence) throw differs(this.#group, sequence);
      this.#carried = slice;
      return;
    }
  }

  /**
   * The next batch begins behind what was published last. Throws PublishRefusal when the journal has something else at that
   * place: then it is not the journal, or not the history, that the topic was filled from.
   */
  async seekBehind(last: Published, durable: number): Promise<void> {
    const end = last.first + last.count - 1;
    try {
      await this.seekTo(last.first, durable);
    } catch (error) {
      // Retention keeps what is not published, no more.
      if (!(error instanceof JournalError && error.code === "TRIMMED")) throw error;
      await this.seekTo(end + 1, durable);
      return;
    }
    const own = this.#carried;
    if (own?.count !== last.count || own.at !== last.at) throw differs(this.#group, last.first);
    this.#carried = undefined;
  }

  /** The next slices, at most SEND_BYTES_MAX together; none at the durable end. */
  async next(durable: number): Promise<Slice[]> {
    const batch: Slice[] = [];
    let bytes = 0;
    while (batch.length < SEND_RECORDS_MAX) {
      const slice = this.#carried ?? (await this.#nextSlice(durable));
      this.#carried = undefined;
      if (slice === undefined) break;
      bytes += slice.value.byteLength + RECORD_OVERHEAD_BYTES;
      if (bytes > SEND_BYTES_MAX && batch.length > 0) {
        this.#carried = slice;
        break;
      }
      batch.push(slice);
    }
    return batch;
  }

  close(): void {
    this.#reader.close();
  }

  async #nextSlice(durable: number): Promise<Slice | undefined> {
    for (;;) {
      if (this.#slicer === undefined) {
        const frame = await this.#reader.next(durable);
        if (frame === undefined) return undefined;
        for (const control of controlsOf(frame)) this.#names.table.learn(control);
        this.#slicer = new FrameSlicer(frame, this.#group, this.#names.table);
      }
      const slice = await this.#cut(this.#slicer, durable);
      if (slice !== undefined) return slice;
      this.#slicer = undefined;
    }
  }

  async #cut(slicer: FrameSlicer, durable: number): Promise<Slice | undefined> {
    try {
      return slicer.next();
    } catch (error) {
      if (!(error instanceof UnknownNameError)) throw error;
      // Reading began behind the record that defines it.
      await this.#names.learnThrough(durable);
      return slicer.next();
    }
  }
}

function differs(group: string, sequence: number): PublishRefusal {
  return new PublishRefusal(
    `The topic holds other results of group ${group} at sequence ${sequence} than its journal: ` +
      "another instance publishes there, or the data folder was restored from a copy; compare both before you go on.",
  );
}
