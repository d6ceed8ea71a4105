/** The wallet's calls as the OpenAPI document has them. */
import { Type } from "typebox";
import { CURSOR_CHARACTERS_MAX, ENTRIES_PAGE_DEFAULT, ENTRIES_PAGE_MAX } from "../../limits.ts";
import { digits, Id, reply, Time } from "../../schemas/common.ts";

const closed = { additionalProperties: false };

const Balance = Type.Number({ description: "With two decimals, digit by digit", examples: [1000.0] });

const params = Type.Object({ account_id: Id }, closed);

const refused = reply(
  "Refused; docs/wallet.md says what each code means",
  Type.Object(
    {
      error: Type.Object({ code: Type.String({ examples: ["INSUFFICIENT_BALANCE"] }), message: Type.String() }, closed),
    },
    closed,
  ),
);
const failures = { "4xx": refused, "5xx": refused };

export const BALANCE = {
  summary: "An account's available balance",
  tags: ["wallet"],
  params,
  response: {
    200: reply("The balance", Type.Object({ account_id: Id, balance: Balance }, closed)),
    ...failures,
  },
};

const movement = (summary: string) => ({
  summary,
  description:
    "Applied once for an `Idempotency-Key`: sent again with the same key it gives the first answer again. Answered when durable.",
  tags: ["wallet"],
  params,
  headers: Type.Object({
    "Idempotency-Key": Type.Optional(
      Type.String({ minLength: 1, description: "Any text, one a call; makes a retry safe" }),
    ),
  }),
  body: Type.Object(
    {
      amount: Type.Unsafe<unknown>({
        anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "string" }],
        description: "Above zero, with at most the currency's places, without exponent",
        examples: [100.0],
      }),
    },
    closed,
  ),
  response: {
    200: reply(
      "The balance after it",
      Type.Object(
        {
          account_id: Id,
          balance: Balance,
          transaction_id: Type.String({
            description: "`wl:` and this is the command's id",
            examples: ["tx_k.order-1"],
          }),
        },
        closed,
      ),
    ),
    ...failures,
  },
});

export const CREDIT = movement("Credits an account");
export const DEBIT = movement("Debits an account");

const Transaction = Type.Object(
  {
    transaction_id: Type.Unsafe<unknown>({
      anyOf: [{ type: "string" }, { type: "null" }],
      description: "Null where the command did not come through the wallet",
    }),
    command_id: Id,
    type: Type.String({ examples: ["credit"] }),
    amount: Type.Number({ description: "Signed", examples: [-10.0] }),
    balance_after: Type.Number({ description: "Available and held together" }),
    created_at: Time,
  },
  closed,
);

export const TRANSACTIONS = {
  summary: "An account's transactions, newest first",
  description:
    "Read from the store of entries, which follows by some milliseconds. Pages by `cursor` neither repeat nor skip transactions.",
  tags: ["wallet"],
  params,
  querystring: Type.Object(
    {
      limit: Type.Optional(digits(`1 to ${ENTRIES_PAGE_MAX}; ${ENTRIES_PAGE_DEFAULT} unless given`)),
      cursor: Type.Optional(Type.String({ maxLength: CURSOR_CHARACTERS_MAX, description: "From the page before" })),
    },
    closed,
  ),
  response: {
    200: reply(
      "A page; `cursor` is null on the last",
      Type.Object(
        {
          account_id: Id,
          transactions: Type.Array(Transaction),
          cursor: Type.Unsafe<unknown>({ anyOf: [{ type: "string" }, { type: "null" }] }),
        },
        closed,
      ),
    ),
    ...failures,
  },
};
