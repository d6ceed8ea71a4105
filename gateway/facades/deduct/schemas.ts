/** The deduct service's calls as the OpenAPI document has them. */
import { Type } from "typebox";
import { reply } from "../../schemas/common.ts";

const closed = { additionalProperties: false };

const UserId = Type.Unsafe<unknown>({
  anyOf: [{ type: "integer", minimum: 0 }, { type: "string" }],
  description: "The account's name",
  examples: [1],
});

const Amount = (description: string) =>
  Type.Unsafe<unknown>({ anyOf: [{ type: "number" }, { type: "string" }], description, examples: [10.0] });

const done = reply(
  "The balance after it",
  Type.Object(
    {
      code: Type.Literal(200),
      message: Type.Literal("success"),
      data: Type.Object({ user_id: UserId, balance: Type.Number({ description: "With two decimals" }) }, closed),
    },
    closed,
  ),
);

const refused = reply(
  "Refused; the code is the HTTP status, docs/deduct.md says what each means",
  Type.Object({ code: Type.Integer(), message: Type.String({ examples: ["insufficient balance"] }) }, closed),
);
const failures = { "4xx": refused, "5xx": refused };

export const DEDUCT = {
  summary: "Deducts an amount from a user's balance",
  description:
    "Applied once for an `Idempotency-Key`: sent again with the same key it gives the first answer again. Answered when durable.",
  tags: ["deduct"],
  headers: Type.Object({
    "Idempotency-Key": Type.Optional(
      Type.String({ minLength: 1, description: "Any text, one a call; makes a retry safe" }),
    ),
  }),
  body: Type.Object({ user_id: UserId, amount: Amount("Above zero, without exponent") }, closed),
  response: { 200: done, ...failures },
};

export const RESET = {
  summary: "Sets a user's balance, for demonstrations",
  description:
    "Only for the partner that RINGFENCE_DEDUCT_PARTNER names. Credits or debits the difference to what was read before; an account that is not there is opened.",
  tags: ["deduct"],
  body: Type.Object({ user_id: UserId, balance: Amount("Zero or above, without exponent") }, closed),
  response: { 200: done, ...failures },
};
