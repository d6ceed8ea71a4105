/** Cuts a frame into the records of the topic. */
import { RecordMemory } from "../../engine/index.ts";
import type { FrameView } from "../../journal/index.ts";
import type { Names } from "../names.ts";
import { RESULT_TEXT_BYTES_MAX, ResultRenderer } from "../render.ts";
import { isControlAt, recordBytesAt } from "../result-record.ts";
import { piece, TextWriter } from "../text-writer.ts";
import { SLICE_BYTES_MAX, SLICE_RESULTS_MAX } from "./limits.ts";

/** One record of the topic before it is sent. */
export interface Slice {
  readonly epoch: number;
  readonly first: number;
  readonly count: number;
  /** Time of the frame, RFC 3339. */
  readonly at: string;
  /** UTF-8 JSON. */
  readonly value: Buffer;
}

/** Bytes of what stands before the results of a message, at most: a group's name of 32, a time, three numbers, the keys. */
const HEAD_BYTES_MAX = 256;

const COMMA = piece(",");
const END = piece("]}");

/** One for all slicers of a thread: each slice is copied out of it once it is whole. */
const writer = new TextWriter(HEAD_BYTES_MAX + SLICE_BYTES_MAX + RESULT_TEXT_BYTES_MAX);
const renderer = new ResultRenderer(writer);

/**
 * Hands out the slices of one frame in order. Where a slice ends follows from the frame alone, so that a slice that is published
 * again has the same bytes. Control records have no result and are passed over.
 */
export class FrameSlicer {
  readonly #frame: FrameView;
  readonly #memory: RecordMemory;
  readonly #group: string;
  readonly #names: Names;
  readonly #at: string;
  #offset = 0;
  #sequence: number;

  /** `frame` must stay valid while slices are taken. */
  constructor(frame: FrameView, group: string, names: Names) {
    const { body, info } = frame;
    this.#frame = frame;
    this.#memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    this.#group = group;
    this.#names = names;
    this.#at = new Date(info.timeMs).toISOString();
    this.#sequence = info.firstSequence;
  }

  /** The next slice, or undefined at the frame's end. After an UnknownNameError the same slice can be asked for again. */
  next(): Slice | undefined {
    const first = this.#sequence;
    writer.begin();
    // What stands before the results counts them.
    writer.skip(HEAD_BYTES_MAX);
    const { count, offset } = this.#write(first);
    this.#offset = offset;
    this.#sequence += count;
    if (count === 0) return undefined;
    const { epoch } = this.#frame.info;
    writer.piece(END);
    const head = `{"group":"${this.#group}","epoch":${epoch},"first":${first},"count":${count},"at":"${this.#at}","results":[`;
    const start = writer.before(HEAD_BYTES_MAX, head);
    return { epoch, first, count, at: this.#at, value: Buffer.from(writer.bytes(start)) };
  }

  /** Writes the results of one slice, commas between them; returns their number and where the next one begins. */
  #write(first: number): { count: number; offset: number } {
    const { timeMs } = this.#frame.info;
    const memory = this.#memory;
    const end = this.#frame.body.byteLength;
    let count = 0;
    let offset = this.#offset;
    for (; offset < end && count < SLICE_RESULTS_MAX; offset += recordBytesAt(memory, offset)) {
      if (isControlAt(memory, offset)) continue;
      const before = writer.length;
      if (count > 0) writer.piece(COMMA);
      renderer.write(memory, offset, first + count, timeMs, this.#names);
      // A comma each, though the first has none: where slices end must stay as it is.
      const bytes = writer.length - HEAD_BYTES_MAX + 1;
      if (bytes > SLICE_BYTES_MAX) {
        writer.cut(before);
        break;
      }
      count++;
    }
    return { count, offset };
  }
}
