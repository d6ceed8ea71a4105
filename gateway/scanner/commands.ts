/**
 * The command scanner: bytes of a `POST /v1/commands` body -> records. One pass over the bytes; a command's strings are
 * remembered by position and its record is written when its object closes, so the order of keys does not matter.
 * Nothing here makes a string, a closure or an object for a command. Why a body was refused is not its business:
 * `explain` says so, slowly.
 */
import {
  BODY_BYTES_MAX,
  BUCKET_COMMANDS_MAX,
  EXPIRES_IN_SECONDS_MAX,
  ID_BYTES_MAX,
  MEMO_BYTES_MAX,
} from "../../engine/limits.ts";
import { LIMB, type Money } from "../../engine/money.ts";
import { CONTEXT, FIELD, TYPE } from "../../engine/record.ts";
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  DIGIT_0,
  NAME_PAIRS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  REFUSED,
  SPACE,
  skipSpace,
  wordOf,
} from "./bytes.ts";
import { type Currencies, type Currency, CurrencyCache } from "./currencies.ts";
import { Decimal } from "./decimals.ts";
import { Draft } from "./draft.ts";
import { COMMAND_FIELDS, COMMAND_NAMES, FIELD_NAMES, type FieldName } from "./fields.ts";
import { Keywords } from "./keywords.ts";
import { Source } from "./source.ts";
import { NOT_A_TIME, readTime } from "./time.ts";
import { type RecordTarget, RecordWriter } from "./writer.ts";

/** What the body cannot say for itself. */
export interface ScanContext {
  /** Index of the partner that sent the body. */
  readonly partner: number;
  /** The partner's default currency. */
  readonly currency: Currency;
  /** The partner's accounts open only by `open`. */
  readonly strict: boolean;
  readonly currencies: Currencies;
  /** Bounds of every `amount`, in minor units of the command's currency, both included. */
  readonly minAmount?: Money;
  readonly maxAmount?: Money;
}

/** What `scan` returns when the target has no room for the records that are well-formed so far. */
export const FULL = -2;

const BODY_KEYS = new Keywords(["commands", "atomic"], '":');
const COMMANDS_KEY = 0;

const KEYS = new Keywords(FIELD_NAMES, '":');
const TYPES = new Keywords(COMMAND_NAMES, '"');
/** TYPE number of each keyword of TYPES. */
const TYPE_NUMBERS = Uint8Array.from(COMMAND_NAMES, (name) => TYPE[name]);

const ID = indexOf("id");
const TO = indexOf("to");
const LAST_NAME = indexOf("command");
const COMMAND_TYPE = indexOf("type");
const AMOUNT = indexOf("amount");
const CURRENCY = indexOf("currency");
const MEMO = indexOf("memo");
const ISSUED = indexOf("issued");
const EXPIRES_IN = indexOf("expiresIn");
const OPEN = indexOf("open");
const MIN_BALANCE = indexOf("minBalance");

/** Bits of the fields that each TYPE number needs, and of those that it may have. Type 0, not known, may have none. */
const REQUIRED = new Int32Array(COMMAND_NAMES.length + 1);
const ALLOWED = new Int32Array(COMMAND_NAMES.length + 1);
for (const name of COMMAND_NAMES) {
  const { required, optional } = COMMAND_FIELDS[name];
  REQUIRED[TYPE[name]] = bitsOf(required);
  ALLOWED[TYPE[name]] = bitsOf([...required, ...optional]);
}

/** Types that take the currency of what they name, unless one is given, be it by an amount in the default currency. */
const NAMES_MONEY = (1 << TYPE.capture) | (1 << TYPE.release) | (1 << TYPE.reverse);

const TRUE = wordOf("true");
const NULL = wordOf("null");
const FALS = wordOf("fals");
const LETTER_E = 0x65;

export class CommandScanner {
  /** After `scan`: the byte after the last record, if it returned a count. */
  end = 0;
  /** After `scan`: the body said `"atomic": true`. */
  atomic = false;

  readonly #source = new Source();
  readonly #writer = new RecordWriter();
  readonly #draft = new Draft();
  readonly #amount = new Decimal();
  readonly #floor = new Decimal();
  readonly #ceiling = new Decimal();
  readonly #currencies = new CurrencyCache();
  /** Index of the keyword that `#key` read last. */
  #keyword = 0;
  #count = 0;
  #partner = 0;
  #contextBits = 0;
  #defaultIndex = 0;
  #defaultScale = 0;
  #minAmount: Money | undefined;
  #maxAmount: Money | undefined;

  /**
   * Writes the commands in the first `length` bytes of `body` as records from `target.start` on. Returns their count,
   * 1 to 10,000; REFUSED (-1) for a malformed body, FULL (-2) if the target is too small for the commands up to the
   * first malformed one. Then part of the target has been overwritten, and `end` is its start. A body spelled
   * otherwise, with the same meaning, gives the same bytes.
   */
  scan(body: Uint8Array, length: number, context: ScanContext, target: RecordTarget): number {
    this.#partner = context.partner;
    this.#contextBits = context.strict ? CONTEXT.STRICT : 0;
    this.#defaultIndex = context.currency.index;
    this.#defaultScale = context.currency.scale;
    this.#minAmount = context.minAmount;
    this.#maxAmount = context.maxAmount;
    this.#currencies.use(context.currencies);
    this.#writer.begin(target);
    this.#count = 0;
    this.atomic = false;
    this.end = target.start;
    if (length > BODY_BYTES_MAX) return REFUSED;
    const outcome = this.#body(this.#source.load(body, length));
    if (outcome < 0) return outcome;
    if (this.atomic) this.#writer.markAtomic();
    this.end = this.#writer.end;
    return this.#count;
  }

  /** The whole body. Returns the position behind it, REFUSED or FULL, as do the steps below. */
  #body(start: number): number {
    const bytes = this.#source.bytes;
    let seen = 0;
    let pos = skipSpace(bytes, start);
    if (bytes[pos] !== OPEN_OBJECT) return REFUSED;
    do {
      pos = this.#key(BODY_KEYS, pos + 1);
      if (pos < 0 || (seen & (1 << this.#keyword)) !== 0) return REFUSED;
      seen |= 1 << this.#keyword;
      pos = this.#keyword === COMMANDS_KEY ? this.#commands(pos) : this.#atomic(pos);
      if (pos < 0) return pos;
      pos = skipSpace(bytes, pos);
    } while (bytes[pos] === COMMA);
    if (bytes[pos] !== CLOSE_OBJECT || (seen & (1 << COMMANDS_KEY)) === 0) return REFUSED;
    pos = skipSpace(bytes, pos + 1);
    return pos === this.#source.end ? pos : REFUSED;
  }

  #atomic(pos: number): number {
    const behind = this.#boolean(pos);
    this.atomic = behind === pos + 4;
    return behind;
  }

  #commands(start: number): number {
    const bytes = this.#source.bytes;
    let pos = start;
    if (bytes[pos] !== OPEN_ARRAY) return REFUSED;
    do {
      if (this.#count === BUCKET_COMMANDS_MAX) return REFUSED;
      pos = this.#command(skipSpace(bytes, pos + 1));
      if (pos < 0) return pos;
      this.#count++;
      pos = skipSpace(bytes, pos);
    } while (bytes[pos] === COMMA);
    return bytes[pos] === CLOSE_ARRAY ? pos + 1 : REFUSED;
  }

  #command(start: number): number {
    const bytes = this.#source.bytes;
    this.#source.forgetStrings();
    this.#draft.clear();
    let seen = 0;
    let pos = start;
    if (bytes[pos] !== OPEN_OBJECT) return REFUSED;
    do {
      pos = this.#key(KEYS, pos + 1);
      if (pos < 0) return REFUSED;
      const field = this.#keyword;
      const bit = 1 << field;
      if ((seen & bit) !== 0) return REFUSED;
      seen |= bit;
      pos = field <= LAST_NAME ? this.#name(field, pos) : this.#value(field, pos);
      if (pos < 0) return REFUSED;
      if (bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos);
    } while (bytes[pos] === COMMA);
    if (bytes[pos] !== CLOSE_OBJECT || !this.#complete(seen)) return REFUSED;
    return this.#writer.write(this.#draft, this.#source.view, this.#partner, this.#contextBits) ? pos + 1 : FULL;
  }

  /** A key and its colon, white space around them. Returns the position of the value and sets `#keyword`. */
  #key(keywords: Keywords, start: number): number {
    const bytes = this.#source.bytes;
    let pos = bytes[start]! <= SPACE ? skipSpace(bytes, start) : start;
    if (bytes[pos] !== QUOTE) return REFUSED;
    const keyword = keywords.find(this.#source.view, pos + 1);
    if (keyword >= 0) {
      this.#keyword = keyword;
      pos += 1 + keywords.sizes[keyword]!;
    } else {
      pos = this.#spelledKey(keywords, pos);
      if (pos < 0) return REFUSED;
    }
    return bytes[pos]! <= SPACE ? skipSpace(bytes, pos) : pos;
  }

  /** A key with escapes, or with white space before its colon. */
  #spelledKey(keywords: Keywords, quote: number): number {
    const source = this.#source;
    const end = source.readString(quote);
    if (end < 0) return REFUSED;
    this.#keyword = keywords.find(source.view, source.stageKeyword('":'));
    const colon = skipSpace(source.bytes, end);
    return this.#keyword >= 0 && source.bytes[colon] === COLON ? colon + 1 : REFUSED;
  }

  /** id, account, to, hold, command. */
  #name(field: number, pos: number): number {
    const source = this.#source;
    const draft = this.#draft;
    const end = this.#nameText(pos);
    const length = source.textBytes;
    if (end < 0 || length === 0 || length > ID_BYTES_MAX) return REFUSED;
    if (field === ID) {
      draft.idAt = source.textAt;
      draft.idBytes = length;
    } else if (field === TO) {
      draft.toAt = source.textAt;
      draft.toBytes = length;
    } else {
      draft.nameAt = source.textAt;
      draft.nameBytes = length;
    }
    return end;
  }

  /** A string of name bytes, four at a time as long as there is no escape. */
  #nameText(pos: number): number {
    const source = this.#source;
    const { bytes, view } = source;
    if (bytes[pos] !== QUOTE) return REFUSED;
    const end = nameEnd(view, pos + 1);
    if (bytes[end] === QUOTE) {
      source.textAt = pos + 1;
      source.textBytes = end - pos - 1;
      return end + 1;
    }
    const behind = source.readString(pos);
    // Zeros or the closing quote stand behind the text, so its end is where the run of name bytes must stop.
    return behind >= 0 && nameEnd(view, source.textAt) === source.textAt + source.textBytes ? behind : REFUSED;
  }

  #value(field: number, pos: number): number {
    if (field === COMMAND_TYPE) return this.#type(pos);
    if (field === AMOUNT) {
      const end = this.#amount.read(this.#source, pos);
      return this.#amount.negative ? REFUSED : end;
    }
    if (field === CURRENCY) return this.#currency(pos);
    if (field === MEMO) return this.#memo(pos);
    if (field === ISSUED) return this.#issued(pos);
    if (field === EXPIRES_IN) return this.#expiresIn(pos);
    if (field === OPEN) return this.#open(pos);
    return this.#limit(field, pos);
  }

  #type(pos: number): number {
    const source = this.#source;
    if (source.bytes[pos] !== QUOTE) return REFUSED;
    let type = TYPES.find(source.view, pos + 1);
    let end = REFUSED;
    if (type >= 0) end = pos + 1 + TYPES.sizes[type]!;
    else {
      end = source.readString(pos);
      if (end < 0) return REFUSED;
      type = TYPES.find(source.view, source.stageKeyword('"'));
      if (type < 0) return REFUSED;
    }
    this.#draft.type = TYPE_NUMBERS[type]!;
    return end;
  }

  #currency(pos: number): number {
    const source = this.#source;
    const end = this.#nameText(pos);
    return end >= 0 && this.#currencies.find(source.view, source.textAt, source.textBytes) ? end : REFUSED;
  }

  #memo(pos: number): number {
    const source = this.#source;
    const end = source.readString(pos);
    if (end < 0 || source.textBytes > MEMO_BYTES_MAX) return REFUSED;
    this.#draft.memoAt = source.textAt;
    this.#draft.memoBytes = source.textBytes;
    return end;
  }

  #issued(pos: number): number {
    const source = this.#source;
    const end = source.readString(pos);
    if (end < 0) return REFUSED;
    const ms = readTime(source.bytes, source.textAt, source.textBytes);
    if (ms === NOT_A_TIME) return REFUSED;
    this.#draft.issued = ms;
    this.#draft.fields |= FIELD.ISSUED;
    return end;
  }

  #expiresIn(start: number): number {
    const bytes = this.#source.bytes;
    let pos = start;
    let seconds = 0;
    // A number that starts with a zero is 0 or malformed.
    if (bytes[pos] === DIGIT_0) return REFUSED;
    for (let digit = bytes[pos]! - DIGIT_0; digit >= 0 && digit <= 9; digit = bytes[++pos]! - DIGIT_0) {
      seconds = seconds * 10 + digit;
      if (seconds > EXPIRES_IN_SECONDS_MAX) return REFUSED;
    }
    if (seconds === 0) return REFUSED;
    this.#draft.expiresIn = seconds;
    this.#draft.fields |= FIELD.EXPIRES_IN;
    return pos;
  }

  #open(pos: number): number {
    const end = this.#boolean(pos);
    if (end === pos + 5) this.#draft.fields |= FIELD.NO_OPEN;
    return end;
  }

  /** `true` ends at pos + 4, `false` at pos + 5. */
  #boolean(pos: number): number {
    const word = this.#source.view.getInt32(pos, true);
    if (word === TRUE) return pos + 4;
    return word === FALS && this.#source.bytes[pos + 4] === LETTER_E ? pos + 5 : REFUSED;
  }

  /** minBalance or maxBalance: null or a decimal, `minBalance <= 0 <= maxBalance`, and no `-0`. */
  #limit(field: number, pos: number): number {
    const isFloor = field === MIN_BALANCE;
    if (this.#source.view.getInt32(pos, true) === NULL) {
      this.#draft.fields |= isFloor ? FIELD.MIN_NULL : FIELD.MAX_NULL;
      return pos + 4;
    }
    const decimal = isFloor ? this.#floor : this.#ceiling;
    const end = decimal.read(this.#source, pos);
    if (end < 0) return REFUSED;
    if (decimal.negative ? !isFloor || decimal.isZero() : isFloor && !decimal.isZero()) return REFUSED;
    this.#draft.fields |= isFloor ? FIELD.MIN_SET : FIELD.MAX_SET;
    return end;
  }

  /** What can be told only when the object has closed: which fields there are, the currency, and so the money. */
  #complete(seen: number): boolean {
    const draft = this.#draft;
    const required = REQUIRED[draft.type]!;
    if ((seen & required) !== required || (seen & ~ALLOWED[draft.type]!) !== 0) return false;
    let scale = this.#defaultScale;
    if ((seen & (1 << CURRENCY)) !== 0) {
      draft.currency = this.#currencies.index;
      scale = this.#currencies.scale;
    } else if ((NAMES_MONEY & (1 << draft.type)) === 0 || (seen & (1 << AMOUNT)) !== 0) {
      draft.currency = this.#defaultIndex;
    }
    if ((seen & (1 << AMOUNT)) !== 0 && !this.#completeAmount(scale)) return false;
    return (draft.fields & (FIELD.MIN_SET | FIELD.MAX_SET)) === 0 || this.#completeLimits(scale);
  }

  #completeAmount(scale: number): boolean {
    const draft = this.#draft;
    const amount = this.#amount;
    if (amount.isZero() || !amount.scaleTo(this.#source.bytes, scale)) return false;
    draft.fields |= FIELD.AMOUNT;
    draft.amountHi = amount.hi;
    draft.amountLo = amount.lo;
    const min = this.#minAmount;
    const max = this.#maxAmount;
    if (min !== undefined && isBelow(amount, min)) return false;
    return max === undefined || !isBelow(max, amount);
  }

  #completeLimits(scale: number): boolean {
    const draft = this.#draft;
    const bytes = this.#source.bytes;
    if ((draft.fields & FIELD.MIN_SET) !== 0) {
      const floor = this.#floor;
      if (!floor.scaleTo(bytes, scale)) return false;
      // -(hi, lo) with the lower limb kept at or above zero.
      const borrow = floor.lo === 0 ? 0 : 1;
      draft.minHi = floor.negative ? -floor.hi - borrow : 0;
      draft.minLo = borrow === 1 ? LIMB - floor.lo : 0;
    }
    if ((draft.fields & FIELD.MAX_SET) !== 0) {
      if (!this.#ceiling.scaleTo(bytes, scale)) return false;
      draft.maxHi = this.#ceiling.hi;
      draft.maxLo = this.#ceiling.lo;
    }
    return true;
  }
}

/** Position of the first byte from `pos` on that may not stand in a name. */
function nameEnd(view: DataView, start: number): number {
  let pos = start;
  for (;;) {
    const word = view.getInt32(pos, true);
    const low = NAME_PAIRS[word & 0xffff]!;
    if (low !== 2) return pos + low;
    const high = NAME_PAIRS[word >>> 16]!;
    if (high !== 2) return pos + 2 + high;
    pos += 4;
  }
}

function isBelow(a: Money, b: Money): boolean {
  return a.hi < b.hi || (a.hi === b.hi && a.lo < b.lo);
}

function indexOf(field: FieldName): number {
  return FIELD_NAMES.indexOf(field);
}

function bitsOf(fields: readonly FieldName[]): number {
  return fields.reduce((bits, field) => bits | (1 << indexOf(field)), 0);
}
