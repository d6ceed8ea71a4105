/** What replies look like: the components of the OpenAPI document. */
import { Type } from "typebox";
import { CODE_NAMES, MEMO_BYTES_MAX, TYPE_NAMES } from "../../engine/index.ts";
import { ERROR_CODES } from "../errors.ts";
import { AccountStatusName, CurrencyCode, component, Id, MoneyText, Sequence, Time } from "./common.ts";

const nullable = (schema: object) => Type.Unsafe<unknown>({ anyOf: [schema, { type: "null" }] });
const oneOf = (values: readonly string[]) => Type.Unsafe<string>({ type: "string", enum: [...values] });
const closed = { additionalProperties: false };

const Problem = Type.Object(
  {
    type: Type.String({ examples: ["urn:ringfence:error:INVALID_BODY"] }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: oneOf(ERROR_CODES),
    detail: Type.String(),
    requestId: Id,
    oldest: Type.Optional(Sequence),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({ description: "RFC 6901 pointer into the body", examples: ["/commands/0/amount"] }),
            code: Type.String(),
            detail: Type.String(),
          },
          closed,
        ),
      ),
    ),
  },
  { ...closed, description: "RFC 9457 problem; docs/ERRORS.md says what each code means" },
);

const Change = Type.Object(
  {
    account: Id,
    currency: CurrencyCode,
    delta: MoneyText,
    available: MoneyText,
    held: MoneyText,
    status: AccountStatusName,
    version: Type.Integer({ minimum: 1 }),
  },
  { ...closed, description: "One account touched; `delta` is the signed change of `available + held`" },
);

const Result = Type.Object(
  {
    sequence: Sequence,
    id: Type.String({ description: "The command's id, or `@expire:<hold>` for an expiry", examples: ["ord-1"] }),
    type: oneOf(TYPE_NAMES.filter((name) => name !== undefined)),
    status: oneOf(["applied", "rejected"]),
    code: oneOf(CODE_NAMES),
    at: Time,
    partner: Id,
    // Null where neither the command nor what it names says one: a hold or a command that was not found.
    currency: nullable(CurrencyCode),
    account: nullable(Id),
    amount: Type.Optional(MoneyText),
    to: Type.Optional(Id),
    hold: Type.Optional(Id),
    command: Type.Optional(Id),
    memo: Type.Optional(Type.String({ maxLength: MEMO_BYTES_MAX })),
    available: nullable(MoneyText),
    held: nullable(MoneyText),
    changes: Type.Array(component("Change"), { maxItems: 2 }),
    duplicate: Type.Optional(Type.Literal(true)),
    of: Type.Optional(Sequence),
  },
  { description: "What became of one command; the same over HTTP and Kafka" },
);

const bucketFields = {
  group: Type.String({ examples: ["g0"] }),
  sequence: Type.Integer({ minimum: 1, description: "Of the first command; command i has `sequence + i`" }),
  count: Type.Integer({ minimum: 1 }),
  requestId: Id,
};

const Pending = Type.Object(
  { status: Type.Literal("pending"), ...bucketFields },
  { ...closed, description: "The bucket is durable" },
);

const Done = Type.Object(
  { status: Type.Literal("done"), ...bucketFields, results: Type.Array(component("Result")) },
  { ...closed, description: "The bucket is durable; one result a command, in order" },
);

const Account = Type.Object(
  {
    account: Type.String({ examples: ["alice"] }),
    currency: CurrencyCode,
    available: MoneyText,
    held: MoneyText,
    balance: Type.String({ description: "available + held", examples: ["10.25"] }),
    status: AccountStatusName,
    minBalance: MoneyText,
    maxBalance: Type.Optional(MoneyText),
    version: Type.Integer({ minimum: 0 }),
    sequence: Sequence,
  },
  closed,
);

const UnknownAccount = Type.Object(
  { account: Type.String(), currency: CurrencyCode, status: Type.Literal("unknown") },
  closed,
);

const ResultPage = Type.Object(
  { results: Type.Array(component("Result")), next: Type.Integer({ minimum: 0, description: "Read on after this" }) },
  closed,
);

const Entry = Type.Object(
  {
    sequence: Sequence,
    id: Type.String({ description: "The command's id", examples: ["ord-1"] }),
    type: oneOf(TYPE_NAMES.filter((name) => name !== undefined)),
    amount: Type.String({ description: "Signed change of available + held; never zero", examples: ["-10.25"] }),
    balance: Type.String({ description: "available + held after it", examples: ["89.75"] }),
    counterparty: Type.String({ description: "The account on the other side, or `@world`", examples: ["@world"] }),
    memo: nullable(Type.String({ maxLength: MEMO_BYTES_MAX })),
    at: Time,
  },
  { ...closed, description: "One change of an account's balance; holds, releases and expiries make none" },
);

const EntryPage = Type.Object(
  {
    entries: Type.Array(component("Entry"), { description: "Newest first" }),
    cursor: nullable(Type.String({ description: "For the next, older page; null on the last" })),
  },
  closed,
);

/** Component name → schema. */
export const REPLY_SCHEMAS = Object.freeze({
  Problem,
  Change,
  Result,
  Pending,
  Done,
  Account,
  UnknownAccount,
  ResultPage,
  Entry,
  EntryPage,
});
