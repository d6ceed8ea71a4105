/** What is wrong with one command. */
import {
  EXPIRES_IN_SECONDS_MAX,
  formatMoney,
  ID_BYTES_MAX,
  MEMO_BYTES_MAX,
  type Money,
  parseMoney,
  TYPE,
} from "../../engine/index.ts";
import type { ScanContext } from "./command.ts";
import type { Currency } from "./currencies.ts";
import {
  COMMAND_FIELDS,
  COMMAND_NAMES,
  type CommandName,
  FIELD_KINDS,
  type FieldKind,
  type FieldName,
} from "./fields.ts";
import type { JsonReader, JsonValue } from "./json-reader.ts";
import type { BodyErrorCode, Problems } from "./problems.ts";

const UTF8 = new TextEncoder();

type Given = ReadonlyMap<FieldName, JsonValue>;
/** Why a value cannot stand, or undefined. */
type Complaint = readonly [code: BodyErrorCode, detail: string] | undefined;

/** Reads the command at `pointer` and adds what is wrong with it. */
export function explainCommand(reader: JsonReader, pointer: string, context: ScanContext, problems: Problems): void {
  if (reader.peek() !== "{") {
    reader.value(pointer);
    problems.add(pointer, "WRONG_TYPE", "A command must be an object.");
    return;
  }
  const given = new Map<FieldName, JsonValue>();
  reader.object(pointer, (key, inner) => {
    const isField = isFieldName(key);
    const value = reader.value(inner, isField ? "WRONG_TYPE" : "UNKNOWN_FIELD");
    if (isField) given.set(key, value);
    else problems.add(inner, "UNKNOWN_FIELD", "No command has this field.");
  });
  const type = explainType(given, pointer, problems);
  if (type !== undefined) explainFields(type, given, pointer, problems);
  if (type !== undefined && context.types !== undefined && (context.types & (1 << TYPE[type])) === 0) {
    problems.add(`${pointer}/type`, "TYPE_NOT_ALLOWED", `A command of type ${type} may not be sent with this key.`);
  }
  const currency = explainCurrency(given, context, pointer, problems);
  const scale = currency?.scale;
  const { minAmount: _min, maxAmount: _max, ...unbounded } = context;
  const bounds = currency?.index === context.currency.index ? context : unbounded;
  for (const [field, value] of given) {
    const complaint = complaintOf(FIELD_KINDS[field], value, scale, bounds);
    if (complaint !== undefined) problems.add(`${pointer}/${field}`, ...complaint);
  }
}

function explainType(given: Given, pointer: string, problems: Problems): CommandName | undefined {
  const value = given.get("type");
  if (value === undefined) {
    problems.add(`${pointer}/type`, "MISSING_FIELD", "Every command needs type.");
    return undefined;
  }
  if (value.kind !== "string") {
    problems.add(`${pointer}/type`, "WRONG_TYPE", "type must be a string.");
    return undefined;
  }
  const type = COMMAND_NAMES.find((name) => name === value.text);
  if (type === undefined)
    problems.add(`${pointer}/type`, "UNKNOWN_TYPE", `type is one of ${COMMAND_NAMES.join(", ")}.`);
  return type;
}

function explainFields(type: CommandName, given: Given, pointer: string, problems: Problems): void {
  const { required, optional } = COMMAND_FIELDS[type];
  for (const field of given.keys()) {
    if (!required.includes(field) && !optional.includes(field)) {
      problems.add(`${pointer}/${field}`, "UNKNOWN_FIELD", `${type} does not have ${field}.`);
    }
  }
  for (const field of required) {
    if (!given.has(field)) problems.add(`${pointer}/${field}`, "MISSING_FIELD", `${type} needs ${field}.`);
  }
}

/** The command's currency, or undefined if it is not known. */
function explainCurrency(
  given: Given,
  context: ScanContext,
  pointer: string,
  problems: Problems,
): Currency | undefined {
  const value = given.get("currency");
  if (value === undefined) return context.currency;
  if (value.kind !== "string") {
    problems.add(`${pointer}/currency`, "WRONG_TYPE", "currency must be a string.");
    return undefined;
  }
  const isCode = /^[A-Z0-9]{1,12}$/.test(value.text);
  const currency = isCode ? context.currencies.byCode(value.text) : undefined;
  if (currency === undefined) problems.add(`${pointer}/currency`, "UNKNOWN_CURRENCY", "There is no such currency.");
  return currency;
}

function complaintOf(kind: FieldKind, value: JsonValue, scale: number | undefined, context: ScanContext): Complaint {
  switch (kind) {
    case "type":
    case "currency":
      return undefined; // told before: the others depend on them
    case "name":
      return nameComplaint(value);
    case "amount":
      return amountComplaint(value, scale, context);
    case "memo":
      return memoComplaint(value);
    case "time":
      return timeComplaint(value);
    case "seconds":
      return secondsComplaint(value);
    case "boolean":
      return value.kind === "boolean" ? undefined : ["WRONG_TYPE", "It must be true or false."];
    case "floor":
    case "ceiling":
      return limitComplaint(kind, value, scale);
  }
}

function nameComplaint(value: JsonValue): Complaint {
  if (value.kind !== "string") return ["WRONG_TYPE", "It must be a string."];
  const isName = /^[A-Za-z0-9._:-]+$/.test(value.text) && value.text.length <= ID_BYTES_MAX;
  return isName ? undefined : ["INVALID_ID", `It must be 1 to ${ID_BYTES_MAX} bytes of [A-Za-z0-9._:-].`];
}

function amountComplaint(value: JsonValue, scale: number | undefined, context: ScanContext): Complaint {
  const text = decimalText(value);
  if (text === undefined) return ["WRONG_TYPE", "An amount must be a decimal string or a number."];
  if (scale === undefined) return undefined;
  const amount = parseMoney(text, scale);
  if (amount === undefined || (amount.hi === 0 && amount.lo === 0)) {
    const detail = `An amount is a decimal above zero with at most ${scale} places and 27 digits of minor units, without sign and exponent.`;
    return ["INVALID_AMOUNT", detail];
  }
  const { minAmount: min, maxAmount: max } = context;
  if (min !== undefined && isBelow(amount, min)) {
    return ["AMOUNT_TOO_SMALL", `The least amount is ${formatMoney(min.hi, min.lo, scale)}.`];
  }
  if (max !== undefined && isBelow(max, amount)) {
    return ["AMOUNT_TOO_LARGE", `The largest amount is ${formatMoney(max.hi, max.lo, scale)}.`];
  }
  return undefined;
}

function limitComplaint(kind: "floor" | "ceiling", value: JsonValue, scale: number | undefined): Complaint {
  if (value.kind === "null") return undefined;
  const text = decimalText(value);
  if (text === undefined) return ["WRONG_TYPE", "A limit must be null, a decimal string or a number."];
  if (scale === undefined) return undefined;
  const isNegative = kind === "floor" && text.startsWith("-");
  const limit = parseMoney(isNegative ? text.slice(1) : text, scale);
  const isZero = limit !== undefined && limit.hi === 0 && limit.lo === 0;
  const stands = limit !== undefined && (kind === "ceiling" || isNegative !== isZero);
  const side = kind === "floor" ? "minBalance is zero (without sign) or below" : "maxBalance is zero or above";
  return stands ? undefined : ["INVALID_LIMIT", `${side}, with at most ${scale} places and 27 digits of minor units.`];
}

function memoComplaint(value: JsonValue): Complaint {
  if (value.kind !== "string") return ["WRONG_TYPE", "A memo must be a string."];
  const fits = UTF8.encode(value.text).length <= MEMO_BYTES_MAX;
  return fits ? undefined : ["INVALID_MEMO", `A memo has at most ${MEMO_BYTES_MAX} bytes of UTF-8.`];
}

function timeComplaint(value: JsonValue): Complaint {
  if (value.kind !== "string") return ["WRONG_TYPE", "A time must be a string."];
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(value.text);
  // Date moves the 30th of February to March: only a real date comes back as it was.
  const at = parts === null ? Number.NaN : Date.parse(`${parts[1]}Z`);
  const isReal = at >= 0 && new Date(at).toISOString().startsWith(String(parts?.[1]));
  return isReal ? undefined : ["INVALID_TIME", "A time is RFC 3339 with Z, a real date from 1970 to 9999."];
}

function secondsComplaint(value: JsonValue): Complaint {
  if (value.kind !== "number") return ["WRONG_TYPE", "expiresIn must be a number."];
  const isInteger = /^[1-9][0-9]{0,8}$/.test(value.literal) && Number(value.literal) <= EXPIRES_IN_SECONDS_MAX;
  return isInteger ? undefined : ["INVALID_EXPIRES_IN", `It must be an integer from 1 to ${EXPIRES_IN_SECONDS_MAX}.`];
}

function decimalText(value: JsonValue): string | undefined {
  if (value.kind === "string") return value.text;
  return value.kind === "number" ? value.literal : undefined;
}

function isBelow(a: Money, b: Money): boolean {
  return a.hi < b.hi || (a.hi === b.hi && a.lo < b.lo);
}

function isFieldName(key: string): key is FieldName {
  return Object.hasOwn(FIELD_KINDS, key);
}
