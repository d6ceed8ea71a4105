/** What the OpenAPI document says of the routes. What a body must be is checked by `bodies.ts`, digit by digit. */
import { Type } from "typebox";
import { reply } from "../../schemas/common.ts";
import { BATCH_ID_CHARACTERS_MAX, BATCH_UIDS_MAX, QUERY_UIDS_MAX } from "./limits.ts";

const Uid = Type.Integer({ minimum: 0, description: "A user; its digits are the account's name", examples: [100001] });
const Amount = Type.Unsafe<unknown>({
  type: ["number", "string"],
  description: "Whole cents; read from its digits",
  examples: [100.5, "100.50"],
});
const Shown = Type.Number({ description: "With two decimals", examples: [14.48] });
const BatchPayId = Type.String({ minLength: 1, maxLength: BATCH_ID_CHARACTERS_MAX, examples: ["b1"] });

const envelopeOf = (data: object) =>
  Type.Object({ code: Type.Integer(), msg: Type.String(), requestId: Type.String(), data: Type.Unsafe<unknown>(data) });

const FAILURES = {
  "4xx": reply("Refused; `code` is the HTTP status", envelopeOf(Type.Null())),
  "5xx": reply("Not possible at the moment, or a fault", envelopeOf(Type.Null())),
};

const done = (description: string, data: object) => ({ 200: reply(description, envelopeOf(data)), ...FAILURES });

const shared = {
  tags: ["one-pass"],
  headers: Type.Object({ "X-KSY-REQUEST-ID": Type.Optional(Type.String({ description: "Echoed as `requestId`" })) }),
};

export const BATCH_PAY = {
  ...shared,
  summary: "Draws the users' whole funds from the third party and credits them, in the background",
  description:
    "Answers once the batch is durable. A batchPayId runs once: a repeat is answered alike and does nothing.",
  body: Type.Object({ batchPayId: BatchPayId, uids: Type.Array(Uid, { minItems: 1, maxItems: BATCH_UIDS_MAX }) }),
  response: done("Taken, now or before", Type.Null()),
};

export const PROGRESS = {
  ...shared,
  summary: "How far a batch is",
  params: Type.Object({ batchPayId: BatchPayId }),
  response: done(
    "The batch",
    Type.Object({
      batchPayId: BatchPayId,
      state: Type.Unsafe<string>({ type: "string", enum: ["beginning", "drawing", "finishing", "done"] }),
      uids: Type.Integer(),
      uidsDone: Type.Integer(),
      unknown: Type.Array(Type.String(), { description: "Users that the third party does not know" }),
      draws: Type.Integer(),
      blocked: Type.Array(Type.Object({ uid: Type.String(), code: Type.String() }), {
        description: "Credits that the engine refuses at present",
      }),
      drawn: Shown,
      credited: Shown,
    }),
  ),
};

export const TRADE = {
  ...shared,
  summary: "Moves money from one user to another, once per X-KSY-REQUEST-ID",
  description:
    "`code` 501: insufficient balance; 502: same account; 404: unknown user; 403: frozen or limited; 409: the request id was used.",
  body: Type.Object({ sourceUid: Uid, targetUid: Uid, amount: Amount }),
  response: done(
    "Done, or refused by the balances: see `code`",
    Type.Object({ sourceUid: Uid, targetUid: Uid, amount: Shown, timestamp: Type.Integer() }),
  ),
};

export const QUERY = {
  ...shared,
  summary: "Users' amounts, all at one sequence, in the order asked",
  body: Type.Array(Uid, { minItems: 1, maxItems: QUERY_UIDS_MAX }),
  response: done("Unknown users have 0.00", Type.Array(Type.Object({ uid: Uid, amount: Shown }))),
};

export const INIT_REDIS_CACHE = {
  ...shared,
  summary: "Fills the Redis store again from the partner's group's journal",
  response: done("What was done", Type.String()),
};

export const VALIDATE = {
  ...shared,
  summary: "Compares an expected amount with the engine, and the engine with the stores",
  body: Type.Object({ uid: Uid, expectedAmount: Amount }),
  response: done(
    "`code` 200 when all are equal, else 400",
    Type.Object({
      uid: Uid,
      expectedAmount: Shown,
      amount: Shown,
      stores: Type.Array(
        Type.Object({
          name: Type.String(),
          verdict: Type.Unsafe<string>({ type: "string", enum: ["equal", "behind", "different", "unreachable"] }),
        }),
      ),
    }),
  ),
};
