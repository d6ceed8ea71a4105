/**
 * Layout of an account's row: 128 bytes. The numbers that a command reads and writes come first, the name last; each half
 * is one cache line, and a lookup that compares the name brings in the second while the first is on its way.
 *
 * ```
 * float64  0 available hi  1 available lo  2 held hi  3 held lo  4 min hi  5 min lo  6 max hi  7 max lo
 * word    16 version      17 state        18 partner 19 currency 20, 21 hash lanes  22 tag  23 tail
 *         24 key hash     25..31 the name's first 28 bytes, zero-padded
 * state: byte 0 status, byte 1 name bytes, byte 2 flags.  tag: the index's hash of the key, key hash: one that does not
 * depend on the index's seed, for the state hash.  tail: place of the name's further 36 bytes, 0 when none
 * ```
 */
export const AVAILABLE = 0;
export const HELD = 2;
export const MIN = 4;
export const MAX = 6;

export const VERSION = 16;
export const STATE = 17;
export const PARTNER = 18;
export const CURRENCY = 19;
export const HASH = 20;
export const TAG = 22;
export const TAIL = 23;
export const KEY_HASH = 24;
export const NAME = 25;

/** Words of the name that stand in the row. */
export const NAME_WORDS_INLINE = 7;

export const STATUS_MASK = 0xff;
export const NAME_BYTES_SHIFT = 8;
/** The account has a ceiling. */
export const HAS_MAX = 1 << 16;
/** The account is `@world`: no floor, no ceiling, not addressable. */
export const IS_WORLD = 1 << 17;
/** A floor or ceiling was set, so the state hash takes the limits in. */
export const HAS_LIMITS = 1 << 18;
