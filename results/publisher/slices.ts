/** Cuts a frame into the records of the topic. */
import { RecordMemory } from "../../engine/index.ts";
import type { FrameView } from "../../journal/index.ts";
import type { Names } from "../names.ts";
import { isControlAt, recordBytesAt, renderResult } from "../render.ts";
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
    const { info, body } = this.#frame;
    const first = this.#sequence;
    const results: string[] = [];
    let bytes = 0;
    let offset = this.#offset;
    for (
      ;
      offset < body.byteLength && results.length < SLICE_RESULTS_MAX;
      offset += recordBytesAt(this.#memory, offset)
    ) {
      if (isControlAt(this.#memory, offset)) continue;
      const text = renderResult(this.#memory, offset, first + results.length, info.timeMs, this.#names);
      const more = Buffer.byteLength(text) + 1;
      if (bytes + more > SLICE_BYTES_MAX) break;
      bytes += more;
      results.push(text);
    }
    this.#offset = offset;
    this.#sequence += results.length;
    if (results.length === 0) return undefined;
    return { epoch: info.epoch, first, count: results.length, at: this.#at, value: this.#value(first, results) };
  }

  #value(first: number, results: readonly string[]): Buffer {
    const { epoch } = this.#frame.info;
    const head = `{"group":"${this.#group}","epoch":${epoch},"first":${first},"count":${results.length},"at":"${this.#at}"`;
    return Buffer.from(`${head},"results":[${results.join(",")}]}`);
  }
}
