/** The wallet: an account's balance, credit, debit and history under `/api/v1/wallet`. docs/wallet.md is its contract. */
import type { FastifyRequest } from "fastify";
import { type App, partnerOf, type RouteDeps } from "../../app-type.ts";
import { ApiError } from "../../errors.ts";
import { groupOf } from "../../routes/group-of.ts";
import { readAmount, shownAmount } from "../amount.ts";
import { type Binding, callerOf } from "../caller.ts";
import { callIdOf, isId } from "../command-id.ts";
import type { Facade } from "../facade.ts";
import { readFields } from "../fields.ts";
import { readInTime, sendOne } from "../one-command.ts";
import { refusalOfError, refusalOfResult, sendRefusal } from "./envelope.ts";
import { readPageQuery } from "./page-query.ts";
import { availableText, transactionIdOf, transactionsOf, WALLET_PREFIX } from "./render.ts";
import { BALANCE, CREDIT, DEBIT, TRANSACTIONS } from "./schemas.ts";

const PREFIX = "/api/v1/wallet";

/** `binding`: RINGFENCE_WALLET_PARTNER and the trusted addresses. */
export function walletFacade(binding: Binding): Facade {
  return {
    name: "wallet",
    register: async (scope, deps) => {
      await scope.register(async (inner: App) => walletRoutes(inner, deps, binding), { prefix: PREFIX });
    },
    refuse: (error, _request, reply) => {
      if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
      if (error.status === 401) reply.header("www-authenticate", 'Bearer realm="ringfence"');
      sendRefusal(reply, refusalOfError(error));
    },
  };
}

function walletRoutes(app: App, deps: RouteDeps, binding: Binding): void {
  // Before the body is read: who may not ask is not listened to.
  app.addHook("onRequest", async (request) => {
    request.partner = callerOf(deps, binding, request, { write: request.method !== "GET" });
  });
  app.setNotFoundHandler(() => {
    throw new ApiError("NOT_FOUND", "The wallet has no such call.");
  });
  readingRoutes(app, deps);
  for (const type of ["credit", "debit"] as const) {
    const schema = type === "credit" ? CREDIT : DEBIT;
    app.post(`/:account_id/${type}`, { schema }, async (request, reply) => {
      const partner = partnerOf(request);
      const account = accountOf(request);
      const { amount } = readFields(request.body, ["amount"]);
      const callId = callIdOf(WALLET_PREFIX, request.headers["idempotency-key"]);
      const text = readAmount(amount, { field: "amount", scale: partner.currency.scale });
      const result = await sendOne(deps, partner, callId, { type, account, amount: text });
      if (result.status === "rejected") return sendRefusal(reply, refusalOfResult(result));
      return {
        account_id: account,
        balance: shownAmount(result.available!),
        transaction_id: transactionIdOf(callId.id),
      };
    });
  }
}

function readingRoutes(app: App, deps: RouteDeps): void {
  const viewOf = async (request: FastifyRequest) => {
    const partner = partnerOf(request);
    const found = groupOf(deps, partner).account(partner.index, partner.currency.index, accountOf(request));
    const view = await readInTime(found);
    if (view === undefined) throw new ApiError("ACCOUNT_NOT_FOUND");
    return view;
  };

  app.get("/:account_id/balance", { schema: BALANCE }, async (request) => {
    const { account, available } = await viewOf(request);
    return { account_id: account, balance: shownAmount(availableText(available, partnerOf(request).currency)) };
  });

  app.get("/:account_id/transactions", { schema: TRANSACTIONS }, async (request) => {
    const { group, id, currency } = partnerOf(request);
    const account = accountOf(request);
    const query = readPageQuery(request.query);
    const names = { group: group.name, partner: id, currency: currency.code, account };
    const page = await readInTime(deps.stores.entries({ ...names, ...query }));
    // The store may be behind: only the group knows that there is no such account.
    if (page === undefined) await viewOf(request);
    return {
      account_id: account,
      transactions: transactionsOf(page?.entries ?? []),
      cursor: page?.cursor ?? null,
    };
  });
}

/** The account that the path names. Throws INVALID_REQUEST for what can be no account's name, `@world` among it. */
function accountOf({ params }: FastifyRequest): string {
  const { account_id: account } = params as { readonly account_id: string };
  if (isId(account)) return account;
  throw new ApiError("INVALID_REQUEST", "An account_id is 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`.");
}
