/**
 * The frame being made: room for the journal's header, then records. One buffer of the largest size, allocated once; the
 * kernel maps its pages only when they are first written.
 */
import { FRAME_BODY_BYTES_MAX } from "./limits.ts";
import { type RecordMemory, viewMemory } from "./memory.ts";

/** Bytes before the records that belong to the journal. */
export const FRAME_HEAD_BYTES = 128;

export class Frame {
  /** A sector more than the largest body, for the journal pads a frame to whole sectors in place. */
  readonly memory: RecordMemory = viewMemory(new ArrayBuffer(FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX + 512));
  /** First byte of the records. */
  readonly start = FRAME_HEAD_BYTES;
  /** Byte behind the last record. */
  end = FRAME_HEAD_BYTES;
  /** Records that have a sequence, and all records. */
  count = 0;
  records = 0;
  /** Sequence of the first record that has one: the next to be given when there is none. */
  firstSequence = 1;
  /** Time of the frame, ms since 1970. */
  timeMs = 0;

  /** All bytes: head, records, padding. */
  get bytes(): Uint8Array {
    return this.memory.bytes;
  }

  /** Empties the frame for the next batch. */
  begin(firstSequence: number, timeMs: number): void {
    this.end = FRAME_HEAD_BYTES;
    this.count = 0;
    this.records = 0;
    this.firstSequence = firstSequence;
    this.timeMs = timeMs;
  }
}
