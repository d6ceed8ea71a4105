/** Bodies of the third party's calls → what they ask for. */
import { centsOf } from "./cents.ts";
import { FUND_CENTS_MAX, PAY_CENTS_MAX, type Payment } from "./fund-system.ts";

/** The request is not understood; the message is for the envelope. */
export class BadRequest extends Error {
  override name = "BadRequest";
}

const UID = /^[0-9]{1,20}$/;

/** As JSON, but every number as the text of its literal: a float would lose cents. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === "number" ? (context?.source ?? String(value)) : value,
    );
  } catch {
    throw new BadRequest("the body is not JSON");
  }
}

function field(value: unknown, name: string): string {
  const found = (value as Readonly<Record<string, unknown>> | null)?.[name];
  if (typeof found !== "string" || found === "") throw new BadRequest(`${name} is missing`);
  return found;
}

function uidOf(value: unknown): string {
  const uid = field(value, "uid");
  if (!UID.test(uid)) throw new BadRequest("uid is not a whole number");
  return uid;
}

function amountOf(value: unknown, range: { readonly min: number; readonly max: number }): number {
  const cents = centsOf(field(value, "amount"), range);
  if (cents === undefined) throw new BadRequest("amount is out of range or is no whole number of cents");
  return cents;
}

export function readUsers(text: string): { uid: string; cents: number }[] {
  const users = parse(text);
  if (!Array.isArray(users)) throw new BadRequest("the body is not an array");
  return users.map((user) => ({ uid: uidOf(user), cents: amountOf(user, { min: 0, max: FUND_CENTS_MAX }) }));
}

export function readPayment(text: string): Payment {
  const body = parse(text);
  return {
    transactionId: field(body, "transactionId"),
    uid: uidOf(body),
    cents: amountOf(body, { min: 1, max: PAY_CENTS_MAX }),
  };
}

export function readBegin(text: string): { batchPayId: string; uids: string[] } {
  const body = parse(text);
  const { uids } = body as { readonly uids?: unknown };
  if (!Array.isArray(uids) || !uids.every((uid) => typeof uid === "string" && UID.test(uid))) {
    throw new BadRequest("uids is not an array of whole numbers");
  }
  return { batchPayId: field(body, "batchPayId"), uids };
}

/** The batchPayId of a finish, which may come in the query, as a form, or as JSON. */
export function readFinish(query: string, text: string): string {
  const inQuery = new URLSearchParams(query).get("batchPayId");
  if (inQuery !== null && inQuery !== "") return inQuery;
  if (text.trimStart().startsWith("{")) return field(parse(text), "batchPayId");
  const inForm = new URLSearchParams(text).get("batchPayId");
  if (inForm === null || inForm === "") throw new BadRequest("batchPayId is missing");
  return inForm;
}
