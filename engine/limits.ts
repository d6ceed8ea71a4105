/**
 * Every limit of the engine, with why it has that value. A limit that follows from another is written so.
 */

/** Bytes of a partner's command id, an account name, a partner name. One byte holds a length; 64 fits a UUID twice. */
export const ID_BYTES_MAX = 64;

/** Bytes of a memo: a sentence, not a document, for every result and entry carries it. */
export const MEMO_BYTES_MAX = 128;

/** Digits of an amount and of a balance, in minor units: DECIMAL(20,2) and 18-place tokens both fit. */
export const MONEY_DIGITS_MAX = 27;

/** Places behind the point that a currency may have. */
export const SCALE_MAX = 18;

/** Commands in one bucket. The worst bucket must fit a frame: see FRAME_BODY_BYTES_MAX. */
export const BUCKET_COMMANDS_MAX = 10_000;

/** Bytes of one request body. */
export const BODY_BYTES_MAX = 4 << 20;

/** Bytes of the command part of a record: 16 header, 64 numbers, three names of 64, one memo. */
export const COMMAND_BYTES_MAX = 16 + 64 + 3 * ID_BYTES_MAX + MEMO_BYTES_MAX;

/** Bytes of the result part of a record: head 8, two balances of 32, second head 8, resolved 24 + 128, duplicate 16. */
export const RESULT_BYTES_MAX = 8 + 32 + 8 + 32 + 24 + 2 * ID_BYTES_MAX + 16;

/**
 * Bytes of a frame's records. A body of 4 MiB holds at most 10,000 commands; each is at most its JSON text plus 32
 * bytes in the ring and RESULT_BYTES_MAX more in the frame, so one bucket always fits in 8 MiB.
 */
export const FRAME_BODY_BYTES_MAX = 8 << 20;

/** A frame takes no further bucket beyond this: larger ones sync no faster a byte and only add latency. */
export const FRAME_BODY_BYTES_SOFT = 1 << 20;

/** Bytes of a group's command ring: some 150 thousand commands in flight, twice the largest bucket at least. */
export const RING_BYTES = 16 << 20;

/** Bytes of a group's reply ring: every accepted request has reserved its reply here, so the engine never waits. */
export const REPLY_RING_BYTES = 32 << 20;

/** Expiries that a group writes at the start of one frame, so that a burst of due holds delays no one for long. */
export const EXPIRIES_PER_FRAME_MAX = 256;

/** Remembered commands of a group (the id horizon) unless configured. */
export const HORIZON_COMMANDS_DEFAULT = 16_000_000;

/** Seconds after which a hold may expire: ten years. */
export const EXPIRES_IN_SECONDS_MAX = 315_360_000;

/** Partners over all groups: an index is a u32 in records, the bound keeps tables by partner small. */
export const PARTNERS_MAX = 1_000_000;

/** Account rows of one group, 128 bytes each: 8 GiB. Nothing may ask for one more; see `ACCOUNTS_TAKEN_MAX`. */
export const ACCOUNTS_MAX = 1 << 26;

/** Hold rows of one group, open ones and remembered closed ones. */
export const HOLDS_MAX = 1 << 25;

/**
 * Rows in use from which on the gateway refuses commands. What is in the ring by then may still take a row each: less than a million, at
 * 32 bytes a command.
 */
export const ACCOUNTS_TAKEN_MAX: number = ACCOUNTS_MAX - 1_000_000;
export const HOLDS_TAKEN_MAX: number = HOLDS_MAX - 1_000_000;
