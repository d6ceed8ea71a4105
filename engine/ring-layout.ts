/**
 * Layout of a ring: a SharedArrayBuffer through which one thread hands entries to another.
 *
 * ```
 * byte   0 published u32   written by the producer: units handed over since the beginning, modulo 2^32
 * byte 128 consumed u32    written by the consumer: units given back since the beginning, modulo 2^32
 * byte 256 sleeping u32    1 while the consumer waits to be woken
 * byte 512 entries         a power of two bytes, in units of 8
 * ```
 *
 * The words are 128 bytes apart, two cache lines, for processors fetch lines in pairs: otherwise each side's store would take
 * the line that the other side is about to store to. Counters of 32 bits suffice where LMAX has 64: only differences are
 * used, and those are below the capacity.
 *
 * An entry is contiguous; one that would pass the end is put at the start, behind a PAD entry.
 *
 * ```
 * word 0 units of the entry   1 kind   2 token   3 count   float 2 sequence   float 3 time ms   then the payload
 * ```
 */
export const PUBLISHED_WORD = 0;
export const CONSUMED_WORD = 32;
export const SLEEPING_WORD = 64;
export const ENTRIES_BYTE = 512;

/** Bytes of an entry's head. */
export const ENTRY_HEAD_BYTES = 32;
export const ENTRY_UNITS = 0;
export const ENTRY_KIND = 1;
export const ENTRY_TOKEN = 2;
export const ENTRY_COUNT = 3;
/** float64s from the entry's start. */
export const ENTRY_SEQUENCE = 2;
export const ENTRY_TIME = 3;

/** Kinds of entries. In the command ring: */
export const ENTRY = Object.freeze({
  /** Skips to the start of the ring. */
  pad: 0,
  /** Command records; the answer is their first sequence. */
  commands: 1,
  /** Command records; the answer carries the records with their results. */
  commandsWithResults: 2,
  /** Control records; no answer. */
  control: 3,
  /** Query records for accounts; the answer carries a row a record. */
  accounts: 4,
  /** One query record for a command; the answer carries its record, or nothing. */
  command: 5,
  /** Control records with which all begins that the group does not know: once some were refused, only these are taken. */
  controlsBegin: 6,
  // In the reply ring:
  /** The commands were taken, are durable, and have the sequences from `sequence` on. */
  taken: 16,
  /** As `taken`, with the records as payload. */
  results: 17,
  /** Account rows of 128 bytes, zeros for an unknown account. */
  rows: 18,
  /** A record (count 1) with its sequence and time in the head, or none (count 0). */
  record: 19,
  /** The commands were not taken: the disk has no room. */
  diskFull: 20,
  /** Control records were not taken, for the same reason: they are to be sent again before any later command. No token. */
  controlRefused: 21,
});
