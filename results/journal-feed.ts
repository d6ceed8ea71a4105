/** All results of a group in order, read from its journal beside the writer: for whoever keeps a copy of what they say. */
import { assert, RecordMemory } from "../engine/index.ts";
import { type FileLayer, type FrameView, JournalReader, nodeLayer, PositionIndex } from "../journal/index.ts";
import { type BriefResult, readBriefs } from "./brief.ts";
import { controlsOf, JournalNames } from "./journal-names.ts";
import { UnknownNameError } from "./names.ts";

/** The results of one frame. */
export interface FedFrame {
  /** Id of the journal, lower-case hex. */
  readonly journal: string;
  readonly epoch: number;
  /** Sequence of the first result. */
  readonly first: number;
  /** ms since 1970. */
  readonly timeMs: number;
  /** At least one. */
  readonly results: readonly BriefResult[];
}

/** Id of a journal as text. */
export const journalText = (id: Uint8Array): string => Buffer.from(id).toString("hex");

export interface FeedOptions {
  readonly layer?: FileLayer;
}

export class JournalFeed {
  readonly #reader: JournalReader;
  readonly #names: JournalNames;
  readonly #after: number;
  #isPlaced = false;

  /** Begins with the frame that holds the result behind sequence `after`. */
  constructor(directory: string, after: number, { layer = nodeLayer }: FeedOptions = {}) {
    const options = { directory, layer, index: new PositionIndex() };
    this.#reader = JournalReader.open(options);
    this.#names = new JournalNames(options);
    this.#after = after;
  }

  /**
   * The next frame that has results, all durable; undefined: there is none yet. Rejects with DamageError, with InvariantError for
   * records that are no results, or with JournalError, with code TRIMMED where retention came first.
   */
  async next(durable: number): Promise<FedFrame | undefined> {
    if (durable <= this.#after) return undefined;
    if (!this.#isPlaced) await this.#reader.seek(this.#after + 1, durable);
    this.#isPlaced = true;
    for (;;) {
      const frame = await this.#reader.next(durable);
      if (frame === undefined) return undefined;
      for (const control of controlsOf(frame)) this.#names.table.learn(control);
      if (frame.info.count > 0) return this.#read(frame, durable);
    }
  }

  close(): void {
    this.#reader.close();
  }

  async #read(frame: FrameView, durable: number): Promise<FedFrame> {
    const { epoch, firstSequence: first, count, timeMs } = frame.info;
    const read = () => {
      const { body } = frame;
      const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
      return readBriefs(memory, 0, body.byteLength, first, timeMs, this.#names.table);
    };
    let results: BriefResult[];
    try {
      results = read();
    } catch (error) {
      if (!(error instanceof UnknownNameError)) throw error;
      // Defined before where this feed began.
      await this.#names.learnThrough(durable);
      results = read();
    }
    // The next frame's first sequence follows from the count; the results' own from the records.
    assert(results.length === count, "a frame has as many results as it says");
    return { journal: journalText(this.#reader.journalId!), epoch, first, timeMs, results };
  }
}
