/** Pages of one partner's results, read from a group's journal. */
import { RecordMemory, recordWords as record } from "../engine/index.ts";
import { type FileLayer, type FrameView, JournalError, JournalReader, PositionIndex } from "../journal/index.ts";
import { controlsOf, JournalNames } from "./journal-names.ts";
import { UnknownNameError } from "./names.ts";
import { renderResult } from "./render.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import type { PageQuery, ResultPage } from "./types.ts";

/** Bytes of records after which a page ends, so that a reader whose results are rare does not hold the thread. */
const PAGE_SCAN_BYTES = 2 << 20;

/** Cursors kept open between pages. Each has a file and a buffer of 256 KiB and more. */
const CURSORS_KEPT = 16;

/** A cursor not used for so long is closed: its file may be one that retention has deleted, which still takes up the disk. */
const CURSOR_IDLE_MS = 10_000;

/** A place in the journal, inside a frame or between two. */
interface Cursor {
  readonly reader: JournalReader;
  /** The last sequence passed. */
  after: number;
  /** The frame that is partly passed, the byte of the next record and its sequence. */
  frame: { readonly view: FrameView; readonly memory: RecordMemory; at: number; sequence: number } | undefined;
  usedAtMs: number;
}

export class Pages {
  readonly #options: { readonly directory: string; readonly layer: FileLayer; readonly index: PositionIndex };
  readonly #names: JournalNames;
  /** Idle ones, the one used longest ago first. */
  #cursors: Cursor[] = [];

  constructor(directory: string, layer: FileLayer) {
    this.#options = { directory, layer, index: new PositionIndex() };
    this.#names = new JournalNames(this.#options);
  }

  /** The next page. Throws DamageError or JournalError when the journal cannot be read. */
  async read(query: PageQuery): Promise<ResultPage> {
    const { after, durable } = query;
    const nothing = (): ResultPage => ({ results: [], next: after, oldest: this.#oldest() });
    const oldest = this.#oldest();
    if (after >= durable || after + 1 < oldest) return nothing();
    try {
      const cursor = await this.#take(after, durable);
      return { results: await this.#fill(cursor, query), next: cursor.after, oldest };
    } catch (error) {
      // Retention came in between: `oldest` tells the reader.
      if (error instanceof JournalError && error.code === "TRIMMED") return nothing();
      throw error;
    }
  }

  /** Closes cursors that nobody used lately. To be called now and then. */
  closeIdle(nowMs: number): void {
    const isIdle = ({ usedAtMs }: Cursor) => nowMs - usedAtMs > CURSOR_IDLE_MS;
    for (const { reader } of this.#cursors.filter(isIdle)) reader.close();
    this.#cursors = this.#cursors.filter((cursor) => !isIdle(cursor));
  }

  close(): void {
    for (const { reader } of this.#cursors) reader.close();
    this.#cursors = [];
  }

  #oldest(): number {
    return JournalReader.open(this.#options).oldestSequence();
  }

  /** The idle cursor that stands behind `after`, or a new one. */
  async #take(after: number, durable: number): Promise<Cursor> {
    const place = this.#cursors.findIndex((cursor) => cursor.after === after);
    if (place >= 0) return this.#cursors.splice(place, 1)[0]!;
    const reader = JournalReader.open(this.#options);
    try {
      await reader.seek(after + 1, durable);
    } catch (error) {
      reader.close();
      throw error;
    }
    return { reader, after, frame: undefined, usedAtMs: 0 };
  }

  #giveBack(cursor: Cursor): void {
    cursor.usedAtMs = performance.now();
    this.#cursors.push(cursor);
    if (this.#cursors.length > CURSORS_KEPT) this.#cursors.shift()!.reader.close();
  }

  async #fill(cursor: Cursor, query: PageQuery): Promise<string[]> {
    const results: string[] = [];
    try {
      for (let bytes = 0; bytes < PAGE_SCAN_BYTES && results.length < query.limit; ) {
        cursor.frame ??= await this.#nextFrame(cursor, query.durable);
        if (cursor.frame === undefined) break;
        bytes += cursor.frame.view.body.byteLength;
        await this.#takeFrame(cursor, query, results);
      }
    } catch (error) {
      cursor.reader.close();
      throw error;
    }
    this.#giveBack(cursor);
    return results;
  }

  async #nextFrame(cursor: Cursor, durable: number): Promise<Cursor["frame"]> {
    const view = await cursor.reader.next(durable);
    if (view === undefined) return undefined;
    for (const control of controlsOf(view)) this.#names.table.learn(control);
    const { body, info } = view;
    const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    return { view, memory, at: 0, sequence: info.firstSequence };
  }

  /** Adds the partner's results of the cursor's frame, up to the limit. */
  async #takeFrame(cursor: Cursor, query: PageQuery, results: string[]): Promise<void> {
    try {
      this.#renderFrame(cursor, query, results);
    } catch (error) {
      if (!(error instanceof UnknownNameError)) throw error;
      await this.#names.learnThrough(query.durable);
      // The cursor still stands before the record whose name was not known.
      this.#renderFrame(cursor, query, results);
    }
  }

  #renderFrame(cursor: Cursor, { partner, limit }: PageQuery, results: string[]): void {
    const frame = cursor.frame!;
    const { memory, view } = frame;
    const end = view.body.byteLength;
    const { timeMs } = view.info;
    while (frame.at < end && results.length < limit) {
      if (!isControlAt(memory, frame.at)) {
        // Up to `after` are those that come before it in the frame that a seek led to.
        if (frame.sequence > cursor.after) {
          if (memory.words[(frame.at >>> 2) + record.PARTNER] === partner) {
            results.push(renderResult(memory, frame.at, frame.sequence, timeMs, this.#names.table));
          }
          cursor.after = frame.sequence;
        }
        frame.sequence++;
      }
      frame.at += recordBytesAt(memory, frame.at);
    }
    if (frame.at === end) cursor.frame = undefined;
  }
}
