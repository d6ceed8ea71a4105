/**
 * Layout of a hold's row: 128 bytes.
 *
 * ```
 * float64  0 rest hi  1 rest lo  2 due time, ms since 1970, 0: never  3 sequence of its command
 * word     8 account row  9 state  10 partner  11 id bytes  12 place in the expiry heap, 0: not in it
 *         13 tag         14, 15 hash lanes     16..31 the id, zero-padded
 * ```
 */
export const REST = 0;
export const DUE = 2;
export const SEQUENCE = 3;

export const ACCOUNT = 8;
export const STATE = 9;
export const PARTNER = 10;
export const ID_BYTES = 11;
export const HEAP_PLACE = 12;
export const TAG = 13;
export const HASH = 14;
export const ID = 16;

/** States of a hold. 0 is a free row. */
export const OPEN = 1;
export const CLOSED = 2;
export const EXPIRED = 3;
/** Added to the state when the hold's command was forgotten: such a row goes as soon as the hold is closed. */
export const FORGOTTEN = 16;
export const STATE_MASK = 15;
