/**
 * The body under scan, copied into memory of our own: ` staged | spare | fixed | body | zeros `. The copy costs some 3 % and buys
 * three things: one kind of array whatever Buffer came in, zeros behind the body that stop every loop without a bounds
 * check, and room in the same memory for unescaped strings, so that a string is always a position and a length.
 *
 * There is one such memory a thread, and each file of the hot path has its own constant views of it, because V8 then
 * knows their address: with views kept in objects a command took 1.15 times as long. A scan is synchronous, so nothing
 * of it outlives the call. Untouched pages cost no memory.
 */
import { assert, BODY_BYTES_MAX, MEMO_BYTES_MAX } from "../../engine/index.ts";

/** Bytes at the start where a keyword is staged for look-up: see strings.ts. */
export const STAGED_BYTES = 64;

/** No string of a body may be longer once unescaped. */
export const STRING_BYTES_MAX = MEMO_BYTES_MAX;

/** Zeros behind the body and behind each unescaped string: keyword look-ups read 12 bytes from any position. */
export const ZERO_BYTES = 16;

/** A command has at most 14 keys and 14 values (duplicates are refused), each at most STRING_BYTES_MAX and zeros. */
export const SPARE_BYTES = 32 * (STRING_BYTES_MAX + ZERO_BYTES);

/** Where text may stand that no body says and every record of a format carries; nothing here ever writes over it. */
export const FIXED_AT = STAGED_BYTES + SPARE_BYTES;
const FIXED_BYTES = 16;

const BODY_AT = FIXED_AT + FIXED_BYTES;

export const SCAN_MEMORY = new ArrayBuffer(BODY_AT + BODY_BYTES_MAX + ZERO_BYTES);

const bytes = new Uint8Array(SCAN_MEMORY);

/** Where the body lies: positions of its first byte and behind its last. */
export const LOADED = { start: BODY_AT, end: BODY_AT };

/** Takes the first `length` bytes of `body`, at most BODY_BYTES_MAX, for the scan that follows. */
export function loadBody(body: Uint8Array, length: number): void {
  assert(length >= 0 && length <= body.length, "the length lies within the body");
  assert(length <= BODY_BYTES_MAX, "the body fits the memory");
  bytes.set(length === body.length ? body : body.subarray(0, length), BODY_AT);
  const end = BODY_AT + length;
  for (let at = end; at < end + ZERO_BYTES; at++) bytes[at] = 0;
  LOADED.end = end;
}

/** The string read last: position and length of its text, without quotes and escapes. */
export const TEXT = { at: 0, bytes: 0 };
