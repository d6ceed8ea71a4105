/** Amounts of facades' calls: from the digits that were sent to the decimal that a command takes, and back to a JSON number. */
import { MONEY_DIGITS_MAX } from "../../engine/index.ts";
import { type ApiError, invalidBody } from "../errors.ts";
import { JsonNumber, type JsonValue, jsonNumber } from "./json.ts";

/** Places that these systems have always shown. */
const PLACES_SHOWN = 2;

export interface AmountRule {
  /** Name of the field, for what is said of it. */
  readonly field: string;
  /** Places of the currency, 0 to 18. */
  readonly scale: number;
  /** Zero may stand: for a balance, not for a movement. */
  readonly zero?: boolean;
}

/**
 * The amount as the native API takes it: a decimal with at most `scale` places. Taken are a JSON number, by its literal digits, and
 * a string, both written `(0|[1-9][0-9]*)(\.[0-9]+)?`. Throws INVALID_BODY, with the code INVALID_AMOUNT, for anything else.
 */
export function readAmount(value: JsonValue | undefined, rule: AmountRule): string {
  const { field, scale, zero = false } = rule;
  if (value === undefined) throw invalidAmount(field, `${field} is missing`);
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string") throw invalidAmount(field, `${field} must be a number, or a string of one`);
  const match = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text);
  if (match === null) throw invalidAmount(field, `${field} must be a plain decimal, without sign and exponent`);
  const [, whole = "", fraction = ""] = match;
  // What is shown can be sent back: a currency without minor unit is shown with two places, which are zeros.
  const beyond = fraction.slice(scale);
  if (fraction.length > Math.max(scale, PLACES_SHOWN) || /[1-9]/.test(beyond)) {
    throw invalidAmount(field, `${field} has more than ${scale} decimal places`);
  }
  if ((whole === "0" ? 0 : whole.length) + scale > MONEY_DIGITS_MAX) {
    throw invalidAmount(field, `${field} has more than ${MONEY_DIGITS_MAX - scale} digits before the point`);
  }
  if (!zero && !/[1-9]/.test(text)) throw invalidAmount(field, `${field} must be above zero`);
  const kept = fraction.slice(0, scale);
  return kept === "" ? whole : `${whole}.${kept}`;
}

/**
 * A JSON number of a decimal in major units, digit by digit: with two places at least, and with all places of a currency that has
 * more, for a rounded balance would be a wrong one.
 */
export function shownAmount(text: string): unknown {
  const [whole = "", fraction = ""] = text.split(".");
  return jsonNumber(`${whole}.${fraction.padEnd(PLACES_SHOWN, "0")}`);
}

function invalidAmount(field: string, detail: string): ApiError {
  return invalidBody(`/${field}`, "INVALID_AMOUNT", `${detail}.`);
}
