/** Limits of One-Pass, with why each has its value. */

/** Cents of the largest trade: 10,000.00, as theirs. */
export const TRADE_CENTS_MAX = 1_000_000;

/** Users of a batch: their uids fit a body of 256 KiB at 19 digits each. */
export const BATCH_UIDS_MAX = 10_000;

/**
 * Users of batches that are not done, of all partners and of one: each takes some 300 bytes as long as its batch goes on, and a third
 * party that stands still ends none.
 */
export const OPEN_UIDS_MAX = 500_000;
export const OPEN_UIDS_OF_PARTNER_MAX = 200_000;

/** Users of a query: one message to the group and back, as of one sequence. */
export const QUERY_UIDS_MAX = 1000;

/** Characters of a batchPayId: it stands in a path, where 256 bytes are the most, and may be of other letters than ASCII. */
export const BATCH_ID_CHARACTERS_MAX = 64;

/** Requests in flight at a time unless configured: theirs. */
export const IN_FLIGHT_DEFAULT = 500;

/** Requests a second of one client address unless configured: theirs. */
export const RATE_DEFAULT = 100;

/** Client addresses remembered by the rate limit: some 100 bytes each. */
export const ADDRESSES_MAX = 10_000;
