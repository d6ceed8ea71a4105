/** What the OpenAPI document says of request-balance. The scanner decides what is taken; a test holds the two together. */
import { Type } from "typebox";
import { BUCKET_COMMANDS_MAX } from "../../../engine/index.ts";
import { reply } from "../../schemas/common.ts";
import { ORDER_PATH } from "./order-route.ts";

/** 64-bit integers are beyond what a JSON Schema can bound exactly in a double; the description says the rest. */
const unsigned = (description: string, least: number) =>
  Type.Integer({
    minimum: least,
    description: `${description}; at most 18446744073709551615, written in digits alone`,
  });

const Order = Type.Object(
  {
    AmountRequest: unsigned("Minor units of the partner's default currency", 1),
    PartnerCode: Type.String({
      pattern: "^[A-Za-z0-9._:-]{1,64}$",
      description: "A registered partner's id; the order acts on its account `main`",
      examples: ["TEST"],
    }),
    PartnerIdentification: unsigned("Comes back as the memo of the result", 0),
    OrderID: unsigned("In its digits the command's id: sent again, it takes effect once", 0),
    TypeRequest: Type.Union([Type.Literal("payment"), Type.Literal("recharge")], {
      description: "`payment` places a hold named by the OrderID, `recharge` credits",
    }),
  },
  { additionalProperties: false },
);

/** The body of POST /balance/request-balance. */
export const ORDERS = Type.Array(Order, { minItems: 1, maxItems: BUCKET_COMMANDS_MAX });

const envelope = (status: "success" | "error") =>
  Type.Object(
    {
      ErrorDetail: Type.Object({
        ErrorList: Type.String({ description: "Empty, or each fault with its place: `/2/OrderID INVALID_INTEGER: …`" }),
      }),
      HttpCode: Type.Integer(),
      Message: Type.String(),
      Status: Type.Literal(status),
    },
    { additionalProperties: false },
  );

/** Replies that refuse, in this facade's envelope. */
export const REFUSALS = Object.freeze({
  "4XX": reply("Refused, nothing was taken; ErrorList says why", envelope("error")),
  "5XX": reply("Not possible at the moment, or the outcome is unknown; ErrorList says which", envelope("error")),
});

/** The operation on the fast path, which has no schema of its own. */
export const OPERATIONS = {
  [ORDER_PATH]: {
    post: {
      operationId: "post_balance_request_balance",
      summary: "Sends orders of one or more partners",
      description:
        "200 once all orders are durable; what became of each is read by `GET /v1/commands/{OrderID}`, `/v1/results` or the topic. A malformed array, or one that names a partner that is not registered, is refused whole. After 503 with an unknown outcome send the same orders again.",
      tags: ["request-balance"],
      security: [{ serviceSecret: [] }, { partnerKey: [] }],
      requestBody: { required: true, content: { "application/json": { schema: ORDERS } } },
      responses: { 200: reply("Durable in every group concerned", envelope("success")), ...REFUSALS },
    },
  },
};
