/** Balances: one account now or at a point in time, and many at once. */
import { Type } from "typebox";
import { accountJson } from "../account-json.ts";
import { type App, partnerOf, type RouteDeps } from "../app-type.ts";
import { ApiError, invalidBody } from "../errors.ts";
import type { AccountView, PastAccountQuery } from "../group.ts";
import { LOOKUP_ACCOUNTS_MAX } from "../limits.ts";
import { parsePointInTime } from "../point-in-time.ts";
import { CurrencyCode, component, ReadableAccount, reply, replyOf } from "../schemas/common.ts";
import { currencyOf, groupOf } from "./group-of.ts";

const closed = { additionalProperties: false };

const ACCOUNT = {
  summary: "An account's balance, now or at a point in time",
  tags: ["accounts"],
  params: Type.Object({ account: ReadableAccount }, closed),
  querystring: Type.Object(
    {
      currency: Type.Optional(CurrencyCode),
      at: Type.Optional(Type.String({ maxLength: 40, description: "A sequence (digits) or an RFC 3339 time in UTC" })),
    },
    closed,
  ),
  response: { 200: replyOf("The account", "Account") },
};

const LOOKUP = {
  summary: "Many accounts' balances, all at one sequence",
  tags: ["accounts"],
  body: Type.Object(
    {
      accounts: Type.Array(ReadableAccount, { minItems: 1, maxItems: LOOKUP_ACCOUNTS_MAX }),
      currency: Type.Optional(CurrencyCode),
    },
    closed,
  ),
  response: {
    200: reply(
      "The accounts in the order asked; unknown ones have status `unknown`",
      Type.Object({ accounts: Type.Array({ anyOf: [component("Account"), component("UnknownAccount")] }) }, closed),
    ),
  },
};

const invalidRequest = (detail: string) => new ApiError("INVALID_REQUEST", detail);
const invalidCurrency = (detail: string) => invalidBody("/currency", "UNKNOWN_CURRENCY", detail);

/** The account as it was. Throws HISTORY_TRIMMED or INVALID_REQUEST where that is not known. */
async function past(deps: RouteDeps, query: PastAccountQuery): Promise<AccountView | undefined> {
  const found = await deps.history.balanceAt(query);
  if (found === undefined) return undefined;
  if ("trimmed" in found) throw new ApiError("HISTORY_TRIMMED", undefined, { oldest: found.trimmed });
  if ("beyond" in found) throw invalidRequest(`\`at\` lies beyond the durable end, sequence ${found.beyond}.`);
  return found;
}

export function accountRoutes(app: App, deps: RouteDeps): void {
  app.get("/v1/accounts/:account", { schema: ACCOUNT }, async (request) => {
    const partner = partnerOf(request);
    const { account } = request.params;
    const currency = currencyOf(deps, { partner, code: request.query.currency }, invalidRequest);
    const { at } = request.query;
    const group = groupOf(deps, partner);
    const view =
      at === undefined
        ? await group.account(partner.index, currency.index, account)
        : await past(deps, {
            group: group.name,
            partner: partner.index,
            account,
            currency: currency.index,
            at: parsePointInTime(at),
          });
    if (view === undefined) throw new ApiError("ACCOUNT_NOT_FOUND");
    return accountJson(view, currency);
  });

  app.post("/v1/accounts/lookup", { schema: LOOKUP }, async (request) => {
    const partner = partnerOf(request);
    const { accounts } = request.body;
    const currency = currencyOf(deps, { partner, code: request.body.currency }, invalidCurrency);
    const views = await groupOf(deps, partner).lookup(partner.index, currency.index, accounts);
    const known = (view: AccountView | undefined, account: string) =>
      view === undefined ? { account, currency: currency.code, status: "unknown" } : accountJson(view, currency);
    return { accounts: accounts.map((account, position) => known(views[position], account)) };
  });
}
