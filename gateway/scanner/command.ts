/**
 * One command: its object in the scan memory -> the draft. Strings are remembered by position and money is scaled when
 * the object closes, so the order of keys does not matter.
 */
import { FIELD, LIMB, type Money, TYPE } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_ } from "./bytes.ts";
import type { Currencies, Currency } from "./currencies.ts";
import { ALLOWED_BITS, INDEX, REQUIRED_BITS } from "./field-bits.ts";
import { FIELD_NAMES } from "./fields.ts";
import { findKeyword, type Keywords, keywordSize, makeKeywords, matchesKeyword } from "./keywords.ts";
import { SCAN_MEMORY } from "./memory.ts";
import { AMOUNT, CEILING, CURRENCIES, DRAFT, FLOOR } from "./state.ts";
import { forgetStrings, readString, skipSpace, stageKeyword } from "./strings.ts";
import { readUsualFields, usualFields } from "./usual.ts";
import { readNameField, readValue } from "./values.ts";

/** What the body cannot say for itself. */
export interface ScanContext {
  /** Index of the partner that sent the body. */
  readonly partner: number;
  /** The partner's default currency. */
  readonly currency: Currency;
  /** The partner's accounts open only by `open`. */
  readonly strict: boolean;
  readonly currencies: Currencies;
  /** Bounds of every `amount` in the default currency, in its minor units, both included; other currencies have none. */
  readonly minAmount?: Money;
  readonly maxAmount?: Money;
  /** Bits (1 << TYPE number) of the types that may be sent; all unless given. */
  readonly types?: number;
}

// Local copies, see bytes.ts.
const { SPACE, QUOTE, COMMA, COLON, OPEN_OBJECT, CLOSE_OBJECT } = BYTE;
const REFUSED = REFUSED_;
const REQUIRED = REQUIRED_BITS;
const ALLOWED = ALLOWED_BITS;
const draft = DRAFT;
const amount = AMOUNT;
const floor = FLOOR;
const ceiling = CEILING;
const currencies = CURRENCIES;
const bytes = new Uint8Array(SCAN_MEMORY);

const KEYS = makeKeywords(FIELD_NAMES, '":');
const KEY_ENTRIES = KEYS.entries;
const LAST_NAME = INDEX.command;
const AMOUNT_BIT = 1 << INDEX.amount;
const CURRENCY_BIT = 1 << INDEX.currency;
const HAS_LIMITS = FIELD.MIN_SET | FIELD.MAX_SET;
const HAS_AMOUNT = FIELD.AMOUNT;

/** Types that take the currency of what they name, unless one is given, be it by an amount in the default currency. */
const NAMES_MONEY = (1 << TYPE.capture) | (1 << TYPE.release) | (1 << TYPE.reverse);

/** Field at each place of the command before: a duplicate is refused, so there are never more places than fields. */
const guesses = new Uint8Array(FIELD_NAMES.length + 1);

/** [0]: index of the keyword that `readKey` read last. */
const keywordRead = new Int32Array(1);

/** Parts of the context that every command needs. */
const scope = { index: 0, scale: 0, types: 0, hasBounds: false, minHi: 0, minLo: 0, maxHi: 0, maxLo: 0 };

/** Sets what the commands that follow are scanned under. */
export function enterContext(context: ScanContext): void {
  const { minAmount, maxAmount } = context;
  currencies.use(context.currencies);
  scope.index = context.currency.index;
  scope.scale = context.currency.scale;
  scope.types = context.types ?? -1;
  scope.hasBounds = minAmount !== undefined || maxAmount !== undefined;
  scope.minHi = minAmount?.hi ?? 0;
  scope.minLo = minAmount?.lo ?? 0;
  scope.maxHi = maxAmount?.hi ?? Number.POSITIVE_INFINITY;
  scope.maxLo = maxAmount?.lo ?? 0;
}

/** Reads the command object at `start` into the draft. Returns the position behind it, or REFUSED. */
export function readCommand(start: number): number {
  if (bytes[start] !== OPEN_OBJECT) return REFUSED;
  forgetStrings();
  draft.clear();
  let pos = readUsualFields(start);
  let seen = usualFields();
  let place = 0;
  if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
  while (bytes[pos] === COMMA || pos === start) {
    pos++;
    if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
    let field = guesses[place]!;
    if (bytes[pos] === QUOTE && matchesKeyword(KEY_ENTRIES, field, pos + 1)) {
      pos += 1 + keywordSize(KEY_ENTRIES, field);
      if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
    } else {
      pos = readKey(KEYS, pos);
      if (pos === REFUSED) return REFUSED;
      field = keywordRead[0]!;
      guesses[place] = field;
    }
    place++;
    if ((seen & (1 << field)) !== 0) return REFUSED;
    seen |= 1 << field;
    pos = field <= LAST_NAME ? readNameField(field, pos) : readValue(field, pos);
    if (pos === REFUSED) return REFUSED;
    if (bytes[pos]! <= SPACE) pos = skipSpace(pos);
  }
  return bytes[pos] === CLOSE_OBJECT && complete(seen) ? pos + 1 : REFUSED;
}

/** Reads a key and its colon, with white space around both. Returns the position of the value; sets `lastKeyword`. */
export function readKey(keywords: Keywords, start: number): number {
  const quote = bytes[start]! <= SPACE ? skipSpace(start) : start;
  if (bytes[quote] !== QUOTE) return REFUSED;
  const keyword = findKeyword(keywords, quote + 1);
  keywordRead[0] = keyword;
  if (keyword !== REFUSED) return skipSpace(quote + 1 + keywordSize(keywords.entries, keyword));
  // Escapes in the key, or white space before its colon.
  const end = readString(quote);
  if (end === REFUSED) return REFUSED;
  keywordRead[0] = findKeyword(keywords, stageKeyword('":'));
  const colon = skipSpace(end);
  return keywordRead[0] !== REFUSED && bytes[colon] === COLON ? skipSpace(colon + 1) : REFUSED;
}

/** Index of the keyword that `readKey` read last. */
export function lastKeyword(): number {
  return keywordRead[0]!;
}

/** What can be told only when the object has closed: which fields there are, the currency, and so the money. */
function complete(seen: number): boolean {
  const type = draft.type;
  const required = REQUIRED[type]!;
  if ((seen & required) !== required || (seen & ~ALLOWED[type]!) !== 0) return false;
  if ((scope.types & (1 << type)) === 0) return false;
  let scale = scope.scale;
  if ((seen & CURRENCY_BIT) !== 0) {
    draft.currency = currencies.index;
    scale = currencies.scale;
  } else if ((NAMES_MONEY & (1 << type)) === 0 || (seen & AMOUNT_BIT) !== 0) {
    draft.currency = scope.index;
  }
  if ((seen & AMOUNT_BIT) !== 0 && !completeAmount(scale)) return false;
  return (draft.fields & HAS_LIMITS) === 0 || completeLimits(scale);
}

function completeAmount(scale: number): boolean {
  if (amount.isZero() || !amount.scaleTo(scale)) return false;
  draft.fields |= HAS_AMOUNT;
  draft.amountHi = amount.hi;
  draft.amountLo = amount.lo;
  return !scope.hasBounds || draft.currency !== scope.index || isWithinBounds(amount.hi, amount.lo);
}

function isWithinBounds(hi: number, lo: number): boolean {
  if (hi < scope.minHi || (hi === scope.minHi && lo < scope.minLo)) return false;
  return hi < scope.maxHi || (hi === scope.maxHi && lo <= scope.maxLo);
}

function completeLimits(scale: number): boolean {
  if ((draft.fields & FIELD.MIN_SET) !== 0) {
    if (!floor.scaleTo(scale)) return false;
    // -(hi, lo) with the lower limb kept at or above zero. A floor above zero was refused, so the other case is zero.
    const borrow = floor.lo === 0 ? 0 : 1;
    draft.minHi = floor.negative ? -floor.hi - borrow : 0;
    draft.minLo = borrow === 1 ? LIMB - floor.lo : 0;
  }
  if ((draft.fields & FIELD.MAX_SET) !== 0) {
    if (!ceiling.scaleTo(scale)) return false;
    draft.maxHi = ceiling.hi;
    draft.maxLo = ceiling.lo;
  }
  return true;
}
