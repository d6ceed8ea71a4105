/** What is wrong with a body, as the client is told. */

/** Code -> what it says. The only place where the codes are written. */
export const BODY_ERROR_CODES = {
  BODY_TOO_LARGE: "The body is larger than the limit.",
  INVALID_UTF8: "The body is not UTF-8.",
  BYTE_ORDER_MARK: "The body starts with a byte order mark.",
  INVALID_JSON: "The body is not JSON.",
  LONE_SURROGATE: "A string has half a surrogate pair.",
  NUL_CHARACTER: "A string has the character U+0000.",
  DUPLICATE_KEY: "A key stands twice in its object.",
  WRONG_TYPE: "The value is of another JSON type than the field.",
  MISSING_FIELD: "A required field is absent.",
  UNKNOWN_FIELD: "There is no such field, or the command's type does not have it.",
  EMPTY_COMMANDS: "The array has no command.",
  TOO_MANY_COMMANDS: "The array has more commands than a bucket may hold.",
  UNKNOWN_TYPE: "There is no such command type.",
  INVALID_ID: "An id or account is not 1 to 64 bytes of [A-Za-z0-9._:-].",
  UNKNOWN_CURRENCY: "There is no such currency.",
  INVALID_AMOUNT: "The amount is not a decimal in the currency's scale, above zero, of at most 27 digits.",
  AMOUNT_TOO_SMALL: "The amount is below the partner's minimum.",
  AMOUNT_TOO_LARGE: "The amount is above the partner's maximum.",
  INVALID_LIMIT: "The limit is not null or a decimal in the currency's scale on its side of zero.",
  INVALID_MEMO: "The memo is longer than 128 bytes.",
  INVALID_TIME: "The time is not RFC 3339 in UTC with `Z`, or no real date from 1970 to 9999.",
  INVALID_EXPIRES_IN: "The seconds are not an integer from 1 to 315360000.",
  TYPE_NOT_ALLOWED: "Whoever sent the body may not send commands of this type.",
  EMPTY_ORDERS: "The array has no order.",
  TOO_MANY_ORDERS: "The array has more orders than a bucket may hold.",
  INVALID_INTEGER: "The number is not an integer from 0 to 18446744073709551615, written in digits alone.",
  UNKNOWN_PARTNER: "There is no such partner.",
  FOREIGN_PARTNER: "The key is not this partner's.",
  PARTNER_SUSPENDED: "The partner is suspended.",
} as const;

export type BodyErrorCode = keyof typeof BODY_ERROR_CODES;

/** One thing that is wrong with a body. */
export interface BodyError {
  /** RFC 6901 pointer to the value, or for an absent one to where it belongs; "" is the body. */
  readonly pointer: string;
  readonly code: BodyErrorCode;
  /** One sentence for a developer; may change. */
  readonly detail: string;
}

/** Enough to mend a body by, and few enough to keep the answer small. */
export const BODY_ERRORS_MAX = 20;

/** Unwinds the explainer: what was found is all that will be told. */
export class StopExplaining extends Error {
  override name = "StopExplaining";
}

export class Problems {
  readonly list: BodyError[] = [];

  /** Adds one. Throws StopExplaining when there are BODY_ERRORS_MAX. */
  add(pointer: string, code: BodyErrorCode, detail: string = BODY_ERROR_CODES[code]): void {
    this.list.push({ pointer, code, detail });
    if (this.list.length === BODY_ERRORS_MAX) throw new StopExplaining();
  }

  /** Adds one after which nothing further can be read. */
  stop(pointer: string, code: BodyErrorCode, detail: string): never {
    this.add(pointer, code, detail);
    throw new StopExplaining();
  }
}
