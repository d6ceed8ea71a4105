/** One value of a command: from the scan memory into the draft. Each reader returns the position behind, or REFUSED. */
import { EXPIRES_IN_SECONDS_MAX, FIELD, ID_BYTES_MAX, MEMO_BYTES_MAX, TYPE } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_, wordOf } from "./bytes.ts";
import { INDEX } from "./field-bits.ts";
import { COMMAND_NAMES } from "./fields.ts";
import { findKeyword, keywordSize, makeKeywords, matchesKeyword } from "./keywords.ts";
import { SCAN_MEMORY, TEXT } from "./memory.ts";
import { AMOUNT as AMOUNT_DECIMAL, CEILING, CURRENCIES, DRAFT, FLOOR } from "./state.ts";
import { readName, readString, stageKeyword } from "./strings.ts";
import { readTime, TIME_READ } from "./time.ts";

// Local copies, see bytes.ts.
const { QUOTE, DIGIT_0, LOWER_E } = BYTE;
const REFUSED = REFUSED_;
const NAME_BYTES_MAX = ID_BYTES_MAX;
const text = TEXT;
const timeRead = TIME_READ;
const draft = DRAFT;
const amount = AMOUNT_DECIMAL;
const floor = FLOOR;
const ceiling = CEILING;
const currencies = CURRENCIES;
const bytes = new Uint8Array(SCAN_MEMORY);
const view = new DataView(SCAN_MEMORY);

const TYPES = makeKeywords(COMMAND_NAMES, '"');
const TYPE_ENTRIES = TYPES.entries;
/** TYPE number of each keyword of TYPES. */
const TYPE_NUMBERS = Uint8Array.from(COMMAND_NAMES, (name) => TYPE[name]);
/** [0]: keyword of the type read last, the best guess for the next. */
const lastType = new Uint8Array(1);

const TRUE = wordOf("true");
const NULL = wordOf("null");
const FALS = wordOf("fals");

const ID = INDEX.id;
const TO = INDEX.to;
const TYPE_FIELD = INDEX.type;
const AMOUNT = INDEX.amount;
const CURRENCY = INDEX.currency;
const MEMO = INDEX.memo;
const ISSUED = INDEX.issued;
const EXPIRES_IN = INDEX.expiresIn;
const OPEN = INDEX.open;
const MIN_BALANCE = INDEX.minBalance;

/** id, account, to, hold, command. */
export function readNameField(field: number, pos: number): number {
  const end = readName(pos);
  if (end === REFUSED) return REFUSED;
  const length = text.bytes;
  if (length === 0 || length > NAME_BYTES_MAX) return REFUSED;
  if (field === ID) {
    draft.idAt = text.at;
    draft.idBytes = length;
  } else if (field === TO) {
    draft.toAt = text.at;
    draft.toBytes = length;
  } else {
    draft.nameAt = text.at;
    draft.nameBytes = length;
  }
  return end;
}

/** Every other field. */
export function readValue(field: number, pos: number): number {
  if (field === TYPE_FIELD) return readType(pos);
  if (field === AMOUNT) {
    const end = amount.read(pos);
    return amount.negative ? REFUSED : end;
  }
  if (field === CURRENCY) return readCurrency(pos);
  if (field === MEMO) return readMemo(pos);
  if (field === ISSUED) return readIssued(pos);
  if (field === EXPIRES_IN) return readExpiresIn(pos);
  if (field === OPEN) return readOpen(pos);
  return readLimit(field, pos);
}

/** A boolean: `true` ends at pos + 4, `false` at pos + 5. */
export function readBoolean(pos: number): number {
  const word = view.getInt32(pos, true);
  if (word === TRUE) return pos + 4;
  return word === FALS && bytes[pos + 4] === LOWER_E ? pos + 5 : REFUSED;
}

export function readType(pos: number): number {
  if (bytes[pos] !== QUOTE) return REFUSED;
  let type = lastType[0]!;
  let end = pos + 1 + keywordSize(TYPE_ENTRIES, type);
  if (!matchesKeyword(TYPE_ENTRIES, type, pos + 1)) {
    type = findKeyword(TYPES, pos + 1);
    if (type !== REFUSED) end = pos + 1 + keywordSize(TYPE_ENTRIES, type);
    else {
      end = readString(pos);
      if (end === REFUSED) return REFUSED;
      type = findKeyword(TYPES, stageKeyword('"'));
      if (type === REFUSED) return REFUSED;
    }
    lastType[0] = type;
  }
  draft.type = TYPE_NUMBERS[type]!;
  return end;
}

function readCurrency(pos: number): number {
  const end = readName(pos);
  return end !== REFUSED && currencies.find(text.at, text.bytes) ? end : REFUSED;
}

function readMemo(pos: number): number {
  const end = readString(pos);
  if (end === REFUSED || text.bytes > MEMO_BYTES_MAX) return REFUSED;
  draft.memoAt = text.at;
  draft.memoBytes = text.bytes;
  return end;
}

function readIssued(pos: number): number {
  const end = readString(pos);
  if (end === REFUSED) return REFUSED;
  if (!readTime(text.at, text.bytes)) return REFUSED;
  draft.issued = timeRead[0]!;
  draft.fields |= FIELD.ISSUED;
  return end;
}

function readExpiresIn(start: number): number {
  let pos = start;
  let seconds = 0;
  // A number that starts with a zero is 0 or malformed.
  if (bytes[pos] === DIGIT_0) return REFUSED;
  for (let digit = bytes[pos]! - DIGIT_0; digit >= 0 && digit <= 9; digit = bytes[++pos]! - DIGIT_0) {
    seconds = seconds * 10 + digit;
    if (seconds > EXPIRES_IN_SECONDS_MAX) return REFUSED;
  }
  if (seconds === 0) return REFUSED;
  draft.expiresIn = seconds;
  draft.fields |= FIELD.EXPIRES_IN;
  return pos;
}

function readOpen(pos: number): number {
  const end = readBoolean(pos);
  if (end === pos + 5) draft.fields |= FIELD.NO_OPEN;
  return end;
}

/** minBalance or maxBalance: null or a decimal, `minBalance <= 0 <= maxBalance`, and no `-0`. */
function readLimit(field: number, pos: number): number {
  const isFloor = field === MIN_BALANCE;
  if (view.getInt32(pos, true) === NULL) {
    draft.fields |= isFloor ? FIELD.MIN_NULL : FIELD.MAX_NULL;
    return pos + 4;
  }
  const decimal = isFloor ? floor : ceiling;
  const end = decimal.read(pos);
  if (end === REFUSED) return REFUSED;
  if (decimal.negative ? !isFloor || decimal.isZero() : isFloor && !decimal.isZero()) return REFUSED;
  draft.fields |= isFloor ? FIELD.MIN_SET : FIELD.MAX_SET;
  return end;
}
