/**
 * The record: one command and, once applied, its result. Layout only; nobody outside `engine/record*.ts` knows an
 * offset. All numbers little-endian, a record starts at a multiple of 8 and is a multiple of 8 long, padding is zero.
 *
 * ```
 * command part                                   result part (follows the command part)
 *  0 type u8          4 memoBytes u8              0 code u8         2 status u8 of account 1
 *  1 idBytes u8       5 fields u8                 1 outcome u8      3 status u8 of account 2
 *  2 nameBytes u8     6 context u8                4 version u32 of account 1
 *  3 toBytes u8       7 commandUnits u8 (of 8 B)  8 [BALANCES] available money, [HELD] held money
 *  8 partner u32                                    [CHANGE_2] version u32, zero u32, available money,
 * 12 currency u16                                              [HELD_2] held money
 * 14 resultUnits u8   15 width u8 (1: amount wide)  [RESOLVED] type u8, nameBytes u8, toBytes u8, zero u8,
 * 16 [AMOUNT] money   (hi only when wide)                      currency u16, zero u16, amount lo, amount hi,
 *    [ISSUED] f64 ms since 1970                                name and to, each padded to 4; padded to 8
 *    [EXPIRES_IN] f64 seconds                       [DUPLICATE] first sequence f64, first time f64 ms
 *    [MIN_SET] lo f64, hi f64
 *    [MAX_SET] lo f64, hi f64
 *    id, name, to, memo: each padded to 4 bytes with zeros; then padded to 8
 * ```
 *
 * Money is `hi * 10^15 + lo` minor units, `0 <= lo < 10^15`, both float64; hi is left out where it is 0 (see `width` and
 * outcome WIDE). `name` is the account; for capture and release the hold; for reverse the command to undo. In a ring the
 * result part is absent and `resultUnits` 0. Control records have no result part and take no sequence.
 */

/** Command types: the number in records. Those from 32 on are control records, which take no sequence. */
export const TYPE = Object.freeze({
  open: 1,
  credit: 2,
  debit: 3,
  transfer: 4,
  hold: 5,
  capture: 6,
  release: 7,
  reverse: 8,
  freeze: 9,
  unfreeze: 10,
  close: 11,
  limits: 12,
  /** Written by the group itself; `id` is the hold's id, shown as `@expire:<hold id>`. */
  expire: 13,
  /** Control: `partner` is the index, `id` the partner's name. */
  definePartner: 32,
  /** Control: `currency` is the index, `id` the code, amount the scale. */
  defineCurrency: 33,
  /** Control: amount is the id horizon in commands. */
  setHorizon: 34,
});

export type CommandType =
  | "open"
  | "credit"
  | "debit"
  | "transfer"
  | "hold"
  | "capture"
  | "release"
  | "reverse"
  | "freeze"
  | "unfreeze"
  | "close"
  | "limits"
  | "expire";

/** Number in records → type name; undefined for control records. */
export const TYPE_NAMES: readonly (CommandType | undefined)[] = [
  undefined,
  "open",
  "credit",
  "debit",
  "transfer",
  "hold",
  "capture",
  "release",
  "reverse",
  "freeze",
  "unfreeze",
  "close",
  "limits",
  "expire",
];

/** First type number of control records. */
export const FIRST_CONTROL_TYPE = 32;

/** Bits of `fields`: what the client said. They are part of the normalized body. */
export const FIELD = Object.freeze({
  AMOUNT: 1,
  ISSUED: 2,
  EXPIRES_IN: 4,
  /** `"open": false` */
  NO_OPEN: 8,
  MIN_SET: 16,
  /** `"minBalance": null` */
  MIN_NULL: 32,
  MAX_SET: 64,
  /** `"maxBalance": null` */
  MAX_NULL: 128,
});

/** Bits of `context`: how the command came. Not part of the body, so left out when bodies are compared. */
export const CONTEXT = Object.freeze({
  ATOMIC: 1,
  /** Last command of its atomic bucket. */
  BUCKET_END: 2,
  /** The partner's accounts open only by `open`. */
  STRICT: 4,
});

/** Bits of `outcome`. */
export const OUTCOME = Object.freeze({
  BALANCES: 1,
  CHANGE_1: 2,
  CHANGE_2: 4,
  WIDE: 8,
  HELD: 16,
  RESOLVED: 32,
  DUPLICATE: 64,
  HELD_2: 128,
});

/** Account status: the number in records and rows. */
export const STATUS_NAMES = ["active", "frozen", "closed"] as const;
export type AccountStatus = (typeof STATUS_NAMES)[number];
export const STATUS = Object.freeze({ active: 0, frozen: 1, closed: 2 });

/** Bytes before the numbers of the command part. */
export const COMMAND_HEAD_BYTES = 16;

/** Name of the account that stands for the world outside; no command can address it, for `@` is in no id. */
export const WORLD = "@world";
