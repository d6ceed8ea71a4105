import { assert } from "../engine/index.ts";
import { equalBytes, SECTOR_BYTES } from "./bytes.ts";
import { DamageError, errorCode, JournalError } from "./errors.ts";
import type { FileLayer } from "./file-layer.ts";
import {
  bodyFault,
  FRAME_HEADER_BYTES,
  type FrameInfo,
  frameExtent,
  frameFault,
  headerFault,
  isSeal,
  readInfo,
} from "./frame.ts";
import { nodeLayer } from "./node-layer.ts";
import { PositionIndex } from "./position-index.ts";
import { SEGMENT_HEADER_BYTES, type SegmentName } from "./segment.ts";
import { listSegmentNames } from "./segment-list.ts";
import { SegmentWindow } from "./segment-window.ts";

export interface ReaderOptions {
  readonly directory: string;
  readonly layer?: FileLayer;
  /** Shared by several readers of one journal, or the reader's own. */
  readonly index?: PositionIndex;
  /** Refuses segments of another journal, 16 bytes; unless given, that of the first segment read counts. */
  readonly journalId?: Uint8Array;
}

/** One durable frame. */
export interface FrameView {
  readonly info: FrameInfo;
  /** Its records; begins at a multiple of 8 of its buffer. Valid until the reader's next call. */
  readonly body: Uint8Array;
  readonly segment: number;
  /** Where the frame begins in its segment. */
  readonly offset: number;
}

/**
 * Reads durable frames beside the writer, from any thread. It looks only at frames that begin at or below the durable sequence
 * that the caller gives: whatever stands there is complete and synced. One call at a time.
 */
export class JournalReader {
  readonly #directory: string;
  readonly #layer: FileLayer;
  readonly #index: PositionIndex;
  #journalId: Uint8Array | undefined;
  #window: SegmentWindow | undefined;
  #offset = SEGMENT_HEADER_BYTES;
  /** First sequence of the frame at `#offset`; 0 before the first seek. */
  #sequence = 0;
  #busy = false;

  private constructor({ directory, layer, index, journalId }: ReaderOptions) {
    this.#directory = directory;
    this.#layer = layer ?? nodeLayer;
    this.#index = index ?? new PositionIndex();
    this.#journalId = journalId;
  }

  /** Opens a reader before the oldest frame. Reads nothing yet. */
  static open(options: ReaderOptions): JournalReader {
    return new JournalReader(options);
  }

  /** Id of the journal, once something was read or if it was given. */
  get journalId(): Uint8Array | undefined {
    return this.#journalId;
  }

  /** First sequence of the frame that `next` will give. 0 before the first call. */
  get sequence(): number {
    return this.#sequence;
  }

  /** First sequence that retention has kept; 1 for a journal not trimmed or not there yet. */
  oldestSequence(): number {
    return this.#names()[0]?.firstSequence ?? 1;
  }

  /**
   * Goes before the frame that holds `sequence`, which must be at most one above `durableSequence`. Frames of control records
   * alone may come first. Throws JournalError `TRIMMED` if retention has deleted it, DamageError if the journal is damaged.
   */
  seek(sequence: number, durableSequence: number): Promise<void> {
    assert(sequence >= 1 && sequence <= durableSequence + 1, "a reader seeks up to one above the durable sequence");
    return this.#alone(async () => {
      this.#enter(this.#segmentOf(sequence));
      const known = this.#index.find(this.#number, sequence);
      if (known !== undefined) {
        this.#sequence = known.sequence;
        this.#offset = known.offset;
      }
      while (this.#sequence <= durableSequence) {
        const info = await this.#headerHere();
        if (info === undefined) await this.#enterNext();
        else if (info.firstSequence + info.count > sequence) return;
        else this.#pass(info);
      }
    });
  }

  /**
   * The next frame whose sequences are all at or below `durableSequence`, or undefined if there is none yet. Every frame is
   * checked as by recovery, except for the chain hash. Throws JournalError `TRIMMED` or DamageError.
   */
  next(durableSequence: number): Promise<FrameView | undefined> {
    return this.#alone(async () => {
      if (this.#window === undefined) this.#enter(this.#segmentOf(this.oldestSequence()));
      while (this.#sequence <= durableSequence) {
        const frame = await this.#frameHere();
        if (frame !== undefined) {
          const { info } = frame;
          if (info.firstSequence + info.count - 1 > durableSequence) return undefined;
          this.#pass(info);
          return frame;
        }
        await this.#enterNext();
      }
      return undefined;
    });
  }

  close(): void {
    this.#window?.close();
    this.#window = undefined;
  }

  get #number(): number {
    return this.#window!.entry.header.number;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#busy, "a reader does one call at a time");
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  /** Segments by name. A listing is no snapshot of the folder: beside a trim it may show a gap that is not there. */
  #names(): SegmentName[] {
    try {
      return listSegmentNames(this.#layer, this.#directory);
    } catch {
      return listSegmentNames(this.#layer, this.#directory);
    }
  }

  /** The segment that holds `sequence`, or the control records before it: the last of those that begin at or before it. */
  #segmentOf(sequence: number): SegmentName {
    const names = this.#names();
    const oldest = names[0];
    if (oldest === undefined) throw new JournalError("ENOENT", `no journal in ${this.#directory}`);
    this.#index.forgetBefore(oldest.number);
    if (sequence < oldest.firstSequence) throw trimmed(sequence, oldest.firstSequence);
    let at = names.findLastIndex(({ firstSequence }) => firstSequence <= sequence);
    // A segment of control records alone begins with the same sequence as the one behind it.
    while (at > 0 && names[at - 1]!.firstSequence === names[at]!.firstSequence) at--;
    return names[at]!;
  }

  #enter(name: SegmentName): void {
    if (this.#window?.entry.file !== name.file) {
      const window = this.#open(name);
      this.#window?.close();
      this.#window = window;
    }
    this.#offset = SEGMENT_HEADER_BYTES;
    this.#sequence = name.firstSequence;
  }

  #open(name: SegmentName): SegmentWindow {
    let window: SegmentWindow;
    try {
      window = new SegmentWindow(this.#layer, this.#directory, name);
    } catch (error) {
      // Deleted between the listing and the opening.
      if (errorCode(error) === "ENOENT") throw trimmed(name.firstSequence, this.oldestSequence());
      throw error;
    }
    const { journalId } = window.entry.header;
    this.#journalId ??= journalId;
    if (!equalBytes(this.#journalId, journalId)) {
      window.close();
      throw damage(name.file, 8, "the journal that was read before", "another journal's segment");
    }
    return window;
  }

  /** From a seal into the segment behind it. */
  async #enterNext(): Promise<void> {
    const { file, header } = this.#window!.entry;
    const names = this.#names();
    // A reader that follows never seeks again, but what retention has taken away it must forget, too.
    this.#index.forgetBefore(names[0]?.number ?? 0);
    const next = names.find(({ number }) => number === header.number + 1);
    if (next === undefined) {
      const oldest = names[0]?.firstSequence ?? 1;
      if (oldest > this.#sequence) throw trimmed(this.#sequence, oldest);
      throw damage(file, this.#offset, `segment ${header.number + 1} behind the seal`, "none");
    }
    if (next.firstSequence !== this.#sequence) {
      throw damage(next.file, 32, `first sequence ${this.#sequence}`, `${next.firstSequence}`);
    }
    this.#enter(next);
  }

  #pass(info: FrameInfo): void {
    this.#index.add(this.#number, info.firstSequence, this.#offset);
    this.#offset += frameExtent(info.bodyBytes);
    this.#sequence = info.firstSequence + info.count;
  }

  /** What the frame here says, its header checked; undefined if a seal stands here. */
  async #headerHere(): Promise<FrameInfo | undefined> {
    const window = this.#window!;
    const at = window.locate(this.#offset, SECTOR_BYTES);
    // What was read before the frame was durable may be old: only a second look, from the file, counts.
    if (at === undefined || headerFault(window.bytes, window.view, at) !== undefined) {
      await window.load(this.#offset, SECTOR_BYTES);
      if (isSeal(window.bytes, window.view, 0)) return undefined;
      this.#require(headerFault(window.bytes, window.view, 0));
    }
    return this.#infoAt(window.locate(this.#offset, SECTOR_BYTES)!);
  }

  async #frameHere(): Promise<FrameView | undefined> {
    const window = this.#window!;
    const info = await this.#headerHere();
    if (info === undefined) return undefined;
    const extent = frameExtent(info.bodyBytes);
    let at = window.locate(this.#offset, extent);
    if (at === undefined || bodyFault(window.bytes, window.view, at, window.bytes.byteLength) !== undefined) {
      await window.load(this.#offset, extent);
      at = 0;
      this.#require(frameFault(window.bytes, window.view, at, window.bytes.byteLength));
    }
    const body = at + FRAME_HEADER_BYTES;
    return {
      info,
      body: window.bytes.subarray(body, body + info.bodyBytes),
      segment: this.#number,
      offset: this.#offset,
    };
  }

  #infoAt(at: number): FrameInfo {
    const info = readInfo(this.#window!.view, at);
    this.#require(info.firstSequence === this.#sequence ? undefined : `first sequence ${info.firstSequence}`);
    return info;
  }

  #require(fault: string | undefined): void {
    if (fault === undefined) return;
    const { file } = this.#window!.entry;
    throw damage(file, this.#offset, `a valid frame with first sequence ${this.#sequence}`, fault);
  }
}

function trimmed(sequence: number, oldest: number): JournalError {
  return new JournalError("TRIMMED", `sequence ${sequence} is no longer kept; the oldest is ${oldest}`);
}

function damage(file: string, offset: number, expected: string, found: string): DamageError {
  return new DamageError({ kind: "frame", file, offset, expected, found, lastSequence: 0, acceptable: false });
}
