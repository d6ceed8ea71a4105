/** The cold codec of records: bytes of the layout in `record.ts` to plain objects and back. */
import { assert } from "./assert.ts";
import { type Control, isControl, recordBytes } from "./record-command.ts";
import { decodeRecord, type Result } from "./record-result.ts";

export {
  type Command,
  type Control,
  commandBytes,
  commandPartBytes,
  decodeCommand,
  encodeCommand,
  isControl,
  recordBytes,
} from "./record-command.ts";
export { type Change, decodeRecord, type Result } from "./record-result.ts";

/**
 * Reads all records of a frame's body. The first command has `firstSequence`, each later command the next; control
 * records take none. `timeMs` is the frame's.
 */
export function* eachRecord(
  body: Uint8Array,
  firstSequence: number,
  timeMs: number,
): Generator<Result | Control, void, void> {
  let sequence = firstSequence;
  let offset = 0;
  while (offset < body.length) {
    const record = decodeRecord(body, offset, sequence, timeMs);
    if (!isControl(record)) sequence += 1;
    offset += recordBytes(body, offset);
    yield record;
  }
  assert(offset === body.length, "the last record ends with the body");
}
