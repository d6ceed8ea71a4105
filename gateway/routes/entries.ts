/** An account's history, from the embedded store. */
import { Type } from "typebox";
import { type App, partnerOf, type RouteDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import { CURSOR_CHARACTERS_MAX, ENTRIES_PAGE_DEFAULT, ENTRIES_PAGE_MAX } from "../limits.ts";
import { CurrencyCode, digits, Id, replyOf } from "../schemas/common.ts";
import { currencyOf, groupOf } from "./group-of.ts";

const closed = { additionalProperties: false };

const ENTRIES = {
  summary: "An account's entries, newest first",
  description:
    "One entry for each change of `available + held`; holds, releases and expiries move money inside the account and make none. The store follows the journal by some milliseconds, longer under load (`GET /v1/admin/stores` tells its lag), so a command just answered may not be here yet. Pages by `cursor` neither repeat nor skip entries, though new ones come meanwhile.",
  tags: ["accounts"],
  params: Type.Object({ account: Id }, closed),
  querystring: Type.Object(
    {
      currency: Type.Optional(CurrencyCode),
      limit: Type.Optional(
        digits(`At most this many entries, 1 to ${ENTRIES_PAGE_MAX}; ${ENTRIES_PAGE_DEFAULT} unless given`),
      ),
      cursor: Type.Optional(
        Type.String({ pattern: `^[A-Za-z0-9_-]{1,${CURSOR_CHARACTERS_MAX}}$`, description: "From the page before" }),
      ),
    },
    closed,
  ),
  response: { 200: replyOf("A page of entries; `cursor` is null on the last", "EntryPage") },
};

export function entryRoutes(app: App, deps: RouteDeps): void {
  app.get("/v1/accounts/:account/entries", { schema: ENTRIES }, async (request) => {
    const partner = partnerOf(request);
    const { account } = request.params;
    const currency = currencyOf(deps, { partner, code: request.query.currency }, (detail) => {
      return new ApiError("INVALID_REQUEST", detail);
    });
    const limit = Number(request.query.limit ?? ENTRIES_PAGE_DEFAULT);
    if (limit < 1 || limit > ENTRIES_PAGE_MAX) {
      throw new ApiError("INVALID_REQUEST", `\`limit\` must be from 1 to ${ENTRIES_PAGE_MAX}.`);
    }
    const { cursor } = request.query;
    const page = await deps.stores.entries({
      ...{ group: partner.group.name, partner: partner.id, currency: currency.code, account, limit },
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (page !== undefined) return { entries: page.entries, cursor: page.cursor ?? null };
    // The store may be behind: only the group knows that there is no such account.
    const view = await groupOf(deps, partner).account(partner.index, currency.index, account);
    if (view === undefined) throw new ApiError("ACCOUNT_NOT_FOUND");
    return { entries: [], cursor: null };
  });
}
