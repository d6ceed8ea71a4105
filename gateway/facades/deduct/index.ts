/** The deduct service: `POST /deduct`, and the reset of an account for demonstrations. docs/deduct.md is its contract. */
import { type App, partnerOf, type RouteDeps } from "../../app-type.ts";
import { ApiError } from "../../errors.ts";
import { readAmount, shownAmount } from "../amount.ts";
import { type Binding, callerOf } from "../caller.ts";
import { callIdOf } from "../command-id.ts";
import type { Facade } from "../facade.ts";
import { readFields } from "../fields.ts";
import { sendOne } from "../one-command.ts";
import { refusalOfError, refusalOfResult, sendRefusal, success } from "./envelope.ts";
import { resetAccount } from "./reset.ts";
import { DEDUCT, RESET } from "./schemas.ts";
import { readUserId } from "./user-id.ts";

/** Of all commands that this facade makes. */
const ID_PREFIX = "dd:";

/** `binding`: RINGFENCE_DEDUCT_PARTNER and the trusted addresses. */
export function deductFacade(binding: Binding): Facade {
  return {
    name: "deduct",
    register: async (scope, deps) => {
      await scope.register(async (inner: App) => deductRoutes(inner, deps, binding), { prefix: "/deduct" });
    },
    refuse: (error, _request, reply) => {
      if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
      if (error.status === 401) reply.header("www-authenticate", 'Bearer realm="ringfence"');
      sendRefusal(reply, refusalOfError(error));
    },
  };
}

function deductRoutes(app: App, deps: RouteDeps, binding: Binding): void {
  // Before the body is read: who may not ask is not listened to.
  app.addHook("onRequest", async (request) => {
    request.partner = callerOf(deps, binding, request, { write: true });
  });
  app.setNotFoundHandler(() => {
    throw new ApiError("NOT_FOUND", "There is no such call; there are POST /deduct and POST /deduct/reset.");
  });

  app.post("", { schema: DEDUCT }, async (request, reply) => {
    const partner = partnerOf(request);
    const { user_id, amount } = readFields(request.body, ["user_id", "amount"]);
    const { account, shown } = readUserId(user_id);
    const text = readAmount(amount, { field: "amount", scale: partner.currency.scale });
    const callId = callIdOf(ID_PREFIX, request.headers["idempotency-key"]);
    const result = await sendOne(deps, partner, callId, { type: "debit", account, amount: text });
    if (result.status === "rejected") return sendRefusal(reply, refusalOfResult(result));
    return success({ user_id: shown, balance: shownAmount(result.available!) });
  });

  app.post("/reset", { schema: RESET }, async (request, reply) => {
    const partner = partnerOf(request);
    // Overwriting a balance is for trials: no partner has it unless the operator has named that partner for this facade.
    if (partner.id !== binding.partner) {
      throw new ApiError("FORBIDDEN", "A reset is for the partner that RINGFENCE_DEDUCT_PARTNER names, and no other.");
    }
    if (request.headers["idempotency-key"] !== undefined) {
      throw new ApiError("INVALID_REQUEST", "A reset takes no Idempotency-Key: sent again, it sets the balance again.");
    }
    const { user_id, balance } = readFields(request.body, ["user_id", "balance"]);
    const { account, shown } = readUserId(user_id);
    const text = readAmount(balance, { field: "balance", scale: partner.currency.scale, zero: true });
    const result = await resetAccount(deps, { partner, account, balance: text, prefix: ID_PREFIX });
    if ("status" in result && result.status === "rejected") return sendRefusal(reply, refusalOfResult(result));
    return success({ user_id: shown, balance: shownAmount(result.available!) });
  });
}
