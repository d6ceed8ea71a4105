/** Frames for tests: texts stand in for records, for the journal does not look inside them. */
import { FRAME_HEADER_BYTES, frameExtent } from "../frame.ts";
import type { Journal } from "../journal.ts";

/** A text as bytes of a multiple of 8, padded with spaces: no zero byte, hence no zero sector. */
function sampleBody(text: string): Uint8Array {
  return Buffer.from(text.padEnd(Math.ceil(Math.max(1, text.length) / 8) * 8));
}

/** The text of a sample body. */
export function sampleText(body: Uint8Array): string {
  return Buffer.from(body).toString("latin1").trimEnd();
}

/** Appends a frame that holds `text` and counts as `count` records. */
export function appendSample(journal: Journal, text: string, count = 1): void {
  const body = sampleBody(text);
  const frame = new Uint8Array(frameExtent(body.byteLength));
  frame.set(body, FRAME_HEADER_BYTES);
  const firstSequence = journal.nextSequence;
  // Group time is made of the sequence, so that a history gives the same bytes every time.
  const timeMs = 1_700_000_000_000 + firstSequence;
  journal.append(frame, { epoch: 1, firstSequence, count, records: count, timeMs, bodyBytes: body.byteLength });
}

/** A text of `bytes` bytes that begins with `name` and a space. */
export function longText(name: string, bytes: number): string {
  return `${name} `.padEnd(bytes, `${name}.`);
}
