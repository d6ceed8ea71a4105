/** One order of request-balance: its object in the scan memory -> the draft. The documented spelling has a way of its own, see `readUsual`. */
import { FIELD, ID_BYTES_MAX, TYPE } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_, wordOf } from "./bytes.ts";
import { FIXED_AT, SCAN_MEMORY, TEXT } from "./memory.ts";
import { lastOrderField, ORDER_FIELD, ORDER_FIELDS, readOrderKey } from "./order-fields.ts";
import { type OrderPartners, type OrderScope, PartnerTable } from "./partner-table.ts";
import { DRAFT } from "./state.ts";
import { forgetStrings, nameEnd, readName, readString, skipSpace } from "./strings.ts";

// Local copies, see bytes.ts.
const { SPACE, QUOTE, COMMA, COLON, DIGIT_0, OPEN_OBJECT, CLOSE_OBJECT } = BYTE;
const REFUSED = REFUSED_;
const NAME_BYTES_MAX = ID_BYTES_MAX;
const PAYMENT = TYPE.hold;
const RECHARGE = TYPE.credit;
const AMOUNT = ORDER_FIELD.amount;
const CODE = ORDER_FIELD.code;
const IDENTIFICATION = ORDER_FIELD.identification;
const ID = ORDER_FIELD.id;
const ALL_FIELDS = (1 << ORDER_FIELDS.length) - 1;
const HAS_AMOUNT = FIELD.AMOUNT;
const text = TEXT;
const draft = DRAFT;
const bytes = new Uint8Array(SCAN_MEMORY);
const view = new DataView(SCAN_MEMORY);

/** The account that orders act on. It stands in the scan memory, for a draft's strings are positions there. */
const ORDER_ACCOUNT = "main";
new TextEncoder().encodeInto(ORDER_ACCOUNT, bytes.subarray(FIXED_AT));

/** 2^64 - 1 has 20 digits; as limbs of 15 digits: */
const U64_DIGITS = 20;
const U64_HI = 18446;
const U64_LO = 744073709551615;
const LIMB_DIGITS = 15;

/** Upper and lower limb of the long number read last. */
const limbs = new Float64Array(2);

const table = new PartnerTable();

/** The order's partner, once its code was read; and 0, or the only partner whose orders are taken. */
const scope: { found: OrderScope | undefined; only: number } = { found: undefined, only: 0 };

/** Field at each place of the order before. */
const guesses = new Uint8Array(ORDER_FIELDS.length + 1);

/** Sets whose orders follow; `only`: index of the partner whose orders alone are taken, or 0. */
export function enterPartners(partners: OrderPartners, only: number): void {
  table.use(partners);
  scope.only = only;
}

/** The partner of the order read last. */
export function orderScope(): OrderScope {
  return scope.found!;
}

/** Reads the order at `start` into the draft. Returns the position behind it, or REFUSED. */
export function readOrder(start: number): number {
  draft.type = 0;
  draft.fields = HAS_AMOUNT;
  draft.nameAt = FIXED_AT;
  draft.nameBytes = ORDER_ACCOUNT.length;
  draft.toBytes = 0;
  let end = readUsual(start);
  if (end === REFUSED) end = readAny(start);
  if (end === REFUSED) return REFUSED;
  const found = scope.found!;
  draft.currency = found.currency;
  return isWithinBounds(found) ? end : REFUSED;
}

/** `{"AmountRequest":`, `,"PartnerCode":"`, `,"PartnerIdentification":`, `,"OrderID":`, `,"TypeRequest":"`, `payment"}` by words. */
const wordsOf = (whole: string): number[] => (whole.match(/.{1,4}/g) ?? []).map(wordOf);
const [A1, A2, A3, A4, A5] = wordsOf('{"AmountRequest":') as [number, number, number, number, number];
const [C1, C2, C3, C4] = wordsOf(',"PartnerCode":"') as [number, number, number, number];
const [P1, P2, P3, P4, P5, P6] = wordsOf(',"PartnerIdentification":') as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const [O1, O2, O3] = wordsOf(',"OrderID":') as [number, number, number];
const [T1, T2, T3, T4] = wordsOf(',"TypeRequest":"') as [number, number, number, number];
const [M1, M2] = wordsOf('payment"') as [number, number];
const [R1, R2] = wordsOf("recharge") as [number, number];

/**
 * The order as nearly every client spells it: the documented order of keys, neither white space nor escapes. Compares whole words with
 * constants; REFUSED means only that it is spelled otherwise, or wrong: then `readAny` reads it from its start.
 */
function readUsual(start: number): number {
  if (view.getInt32(start, true) !== A1 || view.getInt32(start + 4, true) !== A2) return REFUSED;
  if (view.getInt32(start + 8, true) !== A3 || view.getInt32(start + 12, true) !== A4) return REFUSED;
  if (bytes[start + 16] !== A5) return REFUSED;
  let pos = readAmount(start + 17);
  if (pos === REFUSED || view.getInt32(pos, true) !== C1 || view.getInt32(pos + 4, true) !== C2) return REFUSED;
  if (view.getInt32(pos + 8, true) !== C3 || view.getInt32(pos + 12, true) !== C4) return REFUSED;
  const code = pos + 16;
  pos = nameEnd(code);
  if (bytes[pos] !== QUOTE || !findPartner(code, pos - code)) return REFUSED;
  pos++;
  if (view.getInt32(pos, true) !== P1 || view.getInt32(pos + 4, true) !== P2) return REFUSED;
  if (view.getInt32(pos + 8, true) !== P3 || view.getInt32(pos + 12, true) !== P4) return REFUSED;
  if (view.getInt32(pos + 16, true) !== P5 || view.getInt32(pos + 20, true) !== P6) return REFUSED;
  if (bytes[pos + 24] !== COLON) return REFUSED;
  pos = readIdentification(pos + 25);
  if (pos === REFUSED || view.getInt32(pos, true) !== O1 || view.getInt32(pos + 4, true) !== O2) return REFUSED;
  if ((view.getInt32(pos + 8, true) & 0xffffff) !== O3) return REFUSED;
  pos = readId(pos + 11);
  if (pos === REFUSED || view.getInt32(pos, true) !== T1 || view.getInt32(pos + 4, true) !== T2) return REFUSED;
  if (view.getInt32(pos + 8, true) !== T3 || view.getInt32(pos + 12, true) !== T4) return REFUSED;
  pos = readTypeText(pos + 16);
  return pos !== REFUSED && bytes[pos] === CLOSE_OBJECT ? pos + 1 : REFUSED;
}

/** The order in any spelling of JSON. */
function readAny(start: number): number {
  if (bytes[start] !== OPEN_OBJECT) return REFUSED;
  forgetStrings();
  let pos = start;
  let seen = 0;
  let place = 0;
  do {
    pos = readOrderKey(pos + 1, guesses[place]!);
    if (pos === REFUSED) return REFUSED;
    const field = lastOrderField();
    // A duplicate is refused, so there are never more places than fields.
    guesses[place++] = field;
    if ((seen & (1 << field)) !== 0) return REFUSED;
    seen |= 1 << field;
    pos = readValue(field, pos);
    if (pos === REFUSED) return REFUSED;
    if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
  } while (bytes[pos] === COMMA);
  return bytes[pos] === CLOSE_OBJECT && seen === ALL_FIELDS ? pos + 1 : REFUSED;
}

function readValue(field: number, pos: number): number {
  if (field === AMOUNT) return readAmount(pos);
  if (field === IDENTIFICATION) return readIdentification(pos);
  if (field === ID) return readId(pos);
  if (field === CODE) {
    const end = readName(pos);
    return end !== REFUSED && findPartner(text.at, text.bytes) ? end : REFUSED;
  }
  const end = readString(pos);
  // Behind an unescaped text stand zeros, so the closing quote is put back for the comparison.
  if (end === REFUSED) return REFUSED;
  bytes[text.at + text.bytes] = QUOTE;
  return readTypeText(text.at) === text.at + text.bytes + 1 ? end : REFUSED;
}

/** `payment"` or `recharge"`: sets the type and returns the position behind. */
function readTypeText(pos: number): number {
  const first = view.getInt32(pos, true);
  const second = view.getInt32(pos + 4, true);
  if (first === M1 && second === M2) {
    draft.type = PAYMENT;
    return pos + 8;
  }
  if (first !== R1 || second !== R2 || bytes[pos + 8] !== QUOTE) return REFUSED;
  draft.type = RECHARGE;
  return pos + 9;
}

function findPartner(at: number, length: number): boolean {
  if (length === 0 || length > NAME_BYTES_MAX) return false;
  const found = table.find(at, length);
  scope.found = found;
  return found !== undefined && (scope.only === 0 || found.partner === scope.only);
}

/** The id is the digits as they stand, for a number has only one spelling here. */
function readId(pos: number): number {
  const end = integerEnd(pos);
  draft.idAt = pos;
  draft.idBytes = end - pos;
  return end;
}

/** Goes into the memo, so that results carry it. */
function readIdentification(pos: number): number {
  const end = integerEnd(pos);
  draft.memoAt = pos;
  draft.memoBytes = end - pos;
  return end;
}

/** Position behind the integer from 0 to 2^64 - 1 at `start`, or REFUSED. */
function integerEnd(start: number): number {
  let pos = start;
  // Four digits at once: their upper halves are 3, and stay so when 6 is added.
  for (;;) {
    const word = view.getInt32(pos, true);
    if ((word & 0xf0f0f0f0) !== 0x30303030 || ((word + 0x06060606) & 0xf0f0f0f0) !== 0x30303030) break;
    pos += 4;
    if (pos - start > U64_DIGITS) return REFUSED;
  }
  while (bytes[pos]! >= DIGIT_0 && bytes[pos]! <= DIGIT_0 + 9) pos++;
  const digits = pos - start;
  if (digits === 0 || digits > U64_DIGITS || (bytes[start] === DIGIT_0 && digits > 1)) return REFUSED;
  return digits < U64_DIGITS || readLimbs(start, digits) ? pos : REFUSED;
}

/** Minor units, above zero. */
function readAmount(start: number): number {
  let pos = start;
  let value = 0;
  for (let digit = bytes[pos]! - DIGIT_0; digit >= 0 && digit <= 9; digit = bytes[++pos]! - DIGIT_0) {
    value = value * 10 + digit;
  }
  const digits = pos - start;
  if (digits === 0 || bytes[start] === DIGIT_0 || digits > U64_DIGITS) return REFUSED;
  draft.amountHi = 0;
  draft.amountLo = value;
  if (digits <= LIMB_DIGITS) return pos;
  // The value above is not exact: the digits are read a second time.
  if (!readLimbs(start, digits)) return REFUSED;
  draft.amountHi = limbs[0]!;
  draft.amountLo = limbs[1]!;
  return pos;
}

/** Reads 16 to 20 digits into `limbs`; false above 2^64 - 1. */
function readLimbs(start: number, digits: number): boolean {
  const split = start + digits - LIMB_DIGITS;
  let hi = 0;
  let lo = 0;
  for (let at = start; at < split; at++) hi = hi * 10 + bytes[at]! - DIGIT_0;
  for (let at = split; at < start + digits; at++) lo = lo * 10 + bytes[at]! - DIGIT_0;
  if (hi > U64_HI || (hi === U64_HI && lo > U64_LO)) return false;
  limbs[0] = hi;
  limbs[1] = lo;
  return true;
}

function isWithinBounds({ minAmount, maxAmount }: OrderScope): boolean {
  const { amountHi: hi, amountLo: lo } = draft;
  if (minAmount !== undefined && (hi < minAmount.hi || (hi === minAmount.hi && lo < minAmount.lo))) return false;
  return maxAmount === undefined || hi < maxAmount.hi || (hi === maxAmount.hi && lo <= maxAmount.lo);
}
