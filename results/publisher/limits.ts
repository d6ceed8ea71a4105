/** Every limit of publishing, with why it has that value. */

/** Results of one record. With the next one it is part of the contract: a repeat is cut at the same places. */
export const SLICE_RESULTS_MAX = 1000;

/** Bytes of the results of one record, commas counted: well below the 1,048,588 that a broker takes unless configured. */
export const SLICE_BYTES_MAX = 700_000;

/** Bytes of key, headers and lengths of a record, at most: three names of 64 and six numbers. */
export const RECORD_OVERHEAD_BYTES = 700;

/**
 * Bytes of one send. kafkajs makes one record batch of what it is given for a partition, and the broker's limit of
 * 1,048,588 bytes is for the batch.
 */
export const SEND_BYTES_MAX = 1_000_000;

/** Records of one send: small ones have costs of their own. */
export const SEND_RECORDS_MAX = 2000;

/** How long one request to a broker may take, ms. */
export const REQUEST_MS_MAX = 10_000;

/** How long a connection may take to be made, ms. */
export const CONNECT_MS_MAX = 3000;

/** Between a failure and the next attempt, ms: doubled from the first to the last. */
export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 5000;

/** Between two looks whether what made the publisher refuse was put right, ms. */
export const REFUSED_MS = 10_000;

/** Between two writes of the cursor file while results flow, ms: a cursor that is behind only means repeats. */
export const CURSOR_FILE_MS = 5000;

/** How long a stop may go on publishing what is durable, ms. */
export const FLUSH_MS_MAX = 5000;
