/**
 * The frame being made: room for the journal's header, then records. One buffer of the largest size, allocated once; the
 * kernel maps its pages only when they are first written.
 */
import { assert } from "./assert.ts";
import { FRAME_BODY_BYTES_MAX } from "./limits.ts";
import { RecordMemory, touchLines } from "./memory.ts";

/** Bytes before the records that belong to the journal. */
export const FRAME_HEAD_BYTES = 128;

/** A sector more than the largest body, for the journal pads a frame to whole sectors in place. */
export const FRAME_BUFFER_BYTES: number = FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX + 512;

/** Bytes of the record of a credit or debit with an id of 20 bytes and an account of 12, with its result. */
const USUAL_RECORD_BYTES = 72;

export class Frame {
  readonly memory: RecordMemory;
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

  /** `room`: where the frame is made, FRAME_BUFFER_BYTES at a multiple of 8 in its buffer; a buffer of its own unless given. */
  constructor(room: Uint8Array = new Uint8Array(FRAME_BUFFER_BYTES)) {
    assert(room.byteLength === FRAME_BUFFER_BYTES, "a frame has room for the largest body and its padding");
    this.memory = new RecordMemory(room.buffer, room.byteOffset, room.byteLength);
  }

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

  /** Loads the room for `count` more records of a usual length. Returns a mix of what was there; see `KeyIndex.touchAll`. */
  touchNext(count: number): number {
    return touchLines(this.memory, this.end, count * USUAL_RECORD_BYTES);
  }
}
