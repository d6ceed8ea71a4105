/** Why an array of orders was refused; see `explain.ts`. */
import { BUCKET_COMMANDS_MAX, toBigInt } from "../../engine/index.ts";
import { decode } from "./explain.ts";
import { JsonReader, type JsonValue } from "./json-reader.ts";
import { ORDER_FIELDS, ORDER_TYPES, type OrderField } from "./order-fields.ts";
import type { OrderPartners, OrderScope } from "./partner-table.ts";
import { type BodyError, type BodyErrorCode, Problems, StopExplaining } from "./problems.ts";

export interface ExplainOrdersOptions {
  readonly partners: OrderPartners;
  /** As `OrderScanOptions.only`. */
  readonly only: number;
}

const U64_MAX = 2n ** 64n - 1n;

/** Everything that is wrong with a body that `OrderScanner.scan` refused: 1 to 20 errors, or none if it is well-formed. */
export function explainOrders(body: Uint8Array, options: ExplainOrdersOptions): BodyError[] {
  const problems = new Problems();
  try {
    explainArray(new JsonReader(decode(body, problems), problems), options, problems);
  } catch (error) {
    if (!(error instanceof StopExplaining)) throw error;
  }
  return problems.list;
}

function explainArray(reader: JsonReader, options: ExplainOrdersOptions, problems: Problems): void {
  if (reader.peek() !== "[") {
    if (reader.peek() !== "{") reader.value("");
    problems.stop("", "WRONG_TYPE", "The body must be an array of orders.");
  }
  let count = 0;
  reader.array("", (_index, pointer) => {
    if (++count > BUCKET_COMMANDS_MAX) {
      problems.stop("", "TOO_MANY_ORDERS", `An array has at most ${BUCKET_COMMANDS_MAX} orders.`);
    }
    explainOrder(reader, pointer, options, problems);
  });
  reader.end();
  if (count === 0) problems.add("", "EMPTY_ORDERS", "The array must have at least one order.");
}

function explainOrder(reader: JsonReader, pointer: string, options: ExplainOrdersOptions, problems: Problems): void {
  if (reader.peek() !== "{") {
    reader.value(pointer);
    problems.add(pointer, "WRONG_TYPE", "An order must be an object.");
    return;
  }
  const values = new Map<string, JsonValue>();
  reader.object(pointer, (key, inner) => {
    if (isField(key)) {
      values.set(key, reader.value(inner));
    } else {
      reader.value(inner, "UNKNOWN_FIELD");
      problems.add(inner, "UNKNOWN_FIELD", `An order has the fields ${ORDER_FIELDS.join(", ")} only.`);
    }
  });
  const complain = (field: OrderField, complaint: Complaint) => {
    if (complaint !== undefined) problems.add(`${pointer}/${field}`, ...complaint);
  };
  const code = values.get("PartnerCode");
  const partner = code === undefined ? {} : partnerOf(code, options);
  complain("PartnerCode", partner.complaint);
  for (const field of ORDER_FIELDS) {
    const value = values.get(field);
    if (value === undefined) complain(field, ["MISSING_FIELD", `An order needs ${field}.`]);
    else if (field !== "PartnerCode") complain(field, complaintOf(field, value, partner.scope));
  }
}

type Complaint = readonly [code: BodyErrorCode, detail: string] | undefined;

interface FoundPartner {
  readonly scope?: OrderScope;
  readonly complaint?: Complaint;
}

function partnerOf(value: JsonValue, { partners, only }: ExplainOrdersOptions): FoundPartner {
  if (value.kind !== "string") return { complaint: ["WRONG_TYPE", "A partner's code must be a string."] };
  const { text } = value;
  const found = /^[A-Za-z0-9._:-]{1,64}$/.test(text) ? partners.byCode(text) : "UNKNOWN_PARTNER";
  // Whoever may act for one partner only is not told which others there are.
  if (only !== 0 && (typeof found === "string" || found.partner !== only)) {
    return { complaint: ["FOREIGN_PARTNER", `The key is not that of partner ${shown(text)}.`] };
  }
  if (found === "UNKNOWN_PARTNER") return { complaint: [found, `Partner ${shown(text)} is not registered.`] };
  if (found === "PARTNER_SUSPENDED") return { complaint: [found, `Partner ${shown(text)} is suspended.`] };
  return { scope: found };
}

/** A code as a message may repeat it: JSON text, cut where it is too long for a code. */
function shown(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

function complaintOf(field: OrderField, value: JsonValue, scope: OrderScope | undefined): Complaint {
  if (field === "TypeRequest") {
    if (value.kind !== "string") return ["WRONG_TYPE", "TypeRequest must be a string."];
    if (ORDER_TYPES.some((type) => type === value.text)) return undefined;
    return ["UNKNOWN_TYPE", `TypeRequest is ${ORDER_TYPES.join(" or ")}.`];
  }
  if (value.kind !== "number") return ["WRONG_TYPE", `${field} must be a number.`];
  const integer = /^(0|[1-9][0-9]{0,19})$/.test(value.literal) ? BigInt(value.literal) : undefined;
  if (integer === undefined || integer > U64_MAX) {
    return ["INVALID_INTEGER", `${field} is an integer from 0 to ${U64_MAX}, in digits alone.`];
  }
  return field === "AmountRequest" ? amountComplaint(integer, scope) : undefined;
}

function amountComplaint(amount: bigint, scope: OrderScope | undefined): Complaint {
  if (amount === 0n) return ["INVALID_AMOUNT", "An amount is above zero, in minor units."];
  const { minAmount, maxAmount } = scope ?? {};
  if (minAmount !== undefined && amount < toBigInt(minAmount)) {
    return ["AMOUNT_TOO_SMALL", `The partner's least amount is ${toBigInt(minAmount)} minor units.`];
  }
  if (maxAmount !== undefined && amount > toBigInt(maxAmount)) {
    return ["AMOUNT_TOO_LARGE", `The partner's largest amount is ${toBigInt(maxAmount)} minor units.`];
  }
  return undefined;
}

function isField(key: string): key is OrderField {
  return ORDER_FIELDS.some((field) => field === key);
}
