/** Bodies of the calls → what they ask for. What breaks a rule throws ApiError INVALID_BODY and has touched nothing. */
import { type ApiError, invalidBody } from "../../errors.ts";
import { JsonNumber, type JsonValue } from "../json.ts";
import { parseCents } from "./cents.ts";
import { BATCH_ID_CHARACTERS_MAX, BATCH_UIDS_MAX, QUERY_UIDS_MAX, TRADE_CENTS_MAX } from "./limits.ts";

/** A uid's digits; such is the account's name. */
const UID = /^(0|[1-9][0-9]{0,18})$/;

const wrong = (pointer: string, detail: string): ApiError => invalidBody(pointer, "INVALID", detail);

type Fields = Readonly<Record<string, JsonValue>>;

function object(body: JsonValue | undefined): Fields {
  if (
    body === undefined ||
    body === null ||
    typeof body !== "object" ||
    Array.isArray(body) ||
    body instanceof JsonNumber
  ) {
    throw wrong("", "The body must be a JSON object.");
  }
  return body as Fields;
}

function uid(value: JsonValue | undefined, pointer: string): string {
  if (value instanceof JsonNumber && UID.test(value.text)) return value.text;
  throw wrong(pointer, `${pointer.slice(1)} must be a uid: a whole number of at most 19 digits.`);
}

function uids(value: JsonValue | undefined, pointer: string, max: number): string[] {
  const name = pointer === "" ? "The body" : pointer.slice(1);
  if (!Array.isArray(value)) throw wrong(pointer, `${name} must be an array of uids.`);
  if (value.length === 0 || value.length > max) throw wrong(pointer, `${name} must have 1 to ${max} uids.`);
  return value.map((one: JsonValue, index) => uid(one, `${pointer}/${index}`));
}

/** Text of a decimal given as a number or a string. */
function decimal(value: JsonValue | undefined, pointer: string): string {
  if (value instanceof JsonNumber) return value.text;
  if (typeof value === "string") return value;
  throw wrong(pointer, `${pointer.slice(1)} must be a number or a string.`);
}

export function readBatchPay(body: JsonValue | undefined): { readonly batchPayId: string; readonly uids: string[] } {
  const fields = object(body);
  const { batchPayId } = fields;
  const isId =
    typeof batchPayId === "string" &&
    batchPayId.length >= 1 &&
    batchPayId.length <= BATCH_ID_CHARACTERS_MAX &&
    // A half of a surrogate pair has no UTF-8: the job journal would take all of them for one id.
    batchPayId.isWellFormed() &&
    !/\p{Cc}/u.test(batchPayId);
  if (!isId) throw wrong("/batchPayId", `batchPayId must be a string of 1 to ${BATCH_ID_CHARACTERS_MAX} characters.`);
  return { batchPayId, uids: [...new Set(uids(fields.uids, "/uids", BATCH_UIDS_MAX))] };
}

export interface Trade {
  readonly sourceUid: string;
  readonly targetUid: string;
  readonly cents: number;
}

export function readTrade(body: JsonValue | undefined): Trade {
  const fields = object(body);
  const sourceUid = uid(fields.sourceUid, "/sourceUid");
  const targetUid = uid(fields.targetUid, "/targetUid");
  const cents = parseCents(decimal(fields.amount, "/amount"));
  if (cents === undefined || cents < 1 || cents > TRADE_CENTS_MAX) {
    throw wrong("/amount", "amount must be 0.01 to 10000, with at most two decimals.");
  }
  return { sourceUid, targetUid, cents };
}

export function readQuery(body: JsonValue | undefined): string[] {
  return uids(body, "", QUERY_UIDS_MAX);
}

/** `expected` is a decimal with at most two places. */
export function readValidation(body: JsonValue | undefined): { readonly uid: string; readonly expected: string } {
  const fields = object(body);
  const expected = decimal(fields.expectedAmount, "/expectedAmount");
  if (!/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,2})?$/.test(expected)) {
    throw wrong("/expectedAmount", "expectedAmount must be a decimal with at most two places.");
  }
  return { uid: uid(fields.uid, "/uid"), expected };
}
