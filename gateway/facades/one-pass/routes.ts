/** The routes of One-Pass. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { formatMoney, type Money } from "../../../engine/index.ts";
import { type App, partnerOf, type RouteDeps } from "../../app-type.ts";
import { ApiError } from "../../errors.ts";
import type { Partner } from "../../registry/index.ts";
import { groupOf } from "../../routes/group-of.ts";
import { type Binding, callerOf } from "../caller.ts";
import { type JsonValue, jsonNumber } from "../json.ts";
import type { Admission } from "./admission.ts";
import { readBatchPay, readQuery, readTrade, readValidation } from "./bodies.ts";
import { centsText } from "./cents.ts";
import { envelope, ok } from "./envelope.ts";
import type { Jobs } from "./jobs/jobs.ts";
import type { Progress } from "./jobs/types.ts";
import type { RedisCache } from "./redis-cache.ts";
import { BATCH_PAY, INIT_REDIS_CACHE, PROGRESS, QUERY, TRADE, VALIDATE } from "./schemas.ts";
import { TRADE_CODES, tradeCommand, tradeData } from "./trade.ts";
import { validateBalance } from "./validate.ts";

export interface Parts {
  /** Undefined where no third party is configured. */
  readonly jobs: Jobs | undefined;
  readonly binding: Binding;
  readonly redisCache: RedisCache;
  readonly admission: Admission;
}

export function registerRoutes(app: App, deps: RouteDeps, parts: Parts): void {
  // Before the body is read: who may not ask is not listened to.
  const askedBy = (rights: { readonly write: boolean }) => ({
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      inCents(callerOf(deps, parts.binding, request, rights));
      parts.admission.enter(reply);
    },
  });
  const reads = askedBy({ write: false });
  const writes = askedBy({ write: true });
  const bodyOf = (request: FastifyRequest) => request.body as JsonValue | undefined;

  refuseOthers(app);

  app.post("/onePass/batchPay", { schema: BATCH_PAY, ...writes }, async (request) => {
    const { id: partner } = partnerOf(request);
    const batch = readBatchPay(bodyOf(request));
    await jobsOf(parts).add({ partner, ...batch });
    return ok(request);
  });

  app.get("/onePass/batchPay/:batchPayId", { schema: PROGRESS, ...reads }, async (request) => {
    const { id: partner } = partnerOf(request);
    const { batchPayId } = request.params;
    const progress = await jobsOf(parts).progress(partner, batchPayId);
    if (progress === undefined) throw new ApiError("NOT_FOUND", "No batch has this batchPayId.");
    return ok(request, { batchPayId, ...progressData(progress) });
  });

  app.post("/onePass/userTrade", { schema: TRADE, ...writes }, async (request) => {
    const partner = partnerOf(request);
    const trade = readTrade(bodyOf(request));
    const [result] = await deps.commands.submit(partner, [tradeCommand(request, trade)]);
    if (result?.code === "OK") return ok(request, tradeData(trade, result));
    const refusal = TRADE_CODES[result?.code ?? ""];
    if (refusal === undefined) throw new Error(`a transfer had the result ${result?.code}`);
    return envelope(request, refusal);
  });

  app.post("/onePass/queryUserAmount", { schema: QUERY, ...reads }, async (request) => {
    const partner = partnerOf(request);
    const uids = readQuery(bodyOf(request));
    const views = await groupOf(deps, partner).lookup(partner.index, partner.currency.index, uids);
    const amounts = uids.map((uid, index) => ({ uid: jsonNumber(uid), amount: amountOf(views[index]?.available) }));
    return ok(request, amounts);
  });

  app.post("/onePass/initRedisCache", { schema: INIT_REDIS_CACHE, ...writes }, async (request) => {
    const partner = partnerOf(request);
    if (partner.id !== parts.binding.partner && hasOthers(deps, partner)) {
      throw new ApiError(
        "FORBIDDEN",
        "The store of a group that has other partners too is filled again by an operator.",
      );
    }
    const { lines } = await parts.redisCache.rebuild(partner.group.name);
    return ok(request, lines.join(" "));
  });

  app.post("/onePass/validateBalance", { schema: VALIDATE, ...reads }, async (request) => {
    const partner = partnerOf(request);
    const { isRight, ...found } = await validateBalance(deps, partner, readValidation(bodyOf(request)));
    return envelope(request, {
      ...(isRight ? { code: 200, msg: "ok" } : { code: 400, msg: found.msg }),
      data: found.data,
    });
  });
}

/** What is no call of One-Pass is refused in its envelope, too. */
function refuseOthers(app: App): void {
  app.all("/onePass/*", { schema: { hide: true } }, async () => {
    throw new ApiError("NOT_FOUND", "One-Pass has no such call.");
  });
}

/** One-Pass knows cents only. Throws CONFLICT for a partner whose currency has others. */
function inCents(partner: Partner): Partner {
  const { code, scale } = partner.currency;
  if (scale === 2) return partner;
  throw new ApiError(
    "CONFLICT",
    `One-Pass needs a currency with two decimals; ${partner.id} has ${code} with ${scale}.`,
  );
}

/** True if the partner's group has other partners. */
function hasOthers({ registry }: RouteDeps, { id, group }: Partner): boolean {
  return registry
    .partners({ after: 0, limit: Number.MAX_SAFE_INTEGER })
    .some((other) => other.id !== id && other.group.name === group.name);
}

function jobsOf({ jobs }: Parts): Jobs {
  if (jobs !== undefined) return jobs;
  throw new ApiError("OVERLOADED", "RINGFENCE_ONEPASS_FUND_URL is not set: there is no third party to draw from.");
}

export function amountOf(money: Money | undefined): unknown {
  return jsonNumber(money === undefined ? "0.00" : formatMoney(money.hi, money.lo, 2));
}

function progressData({ drawnCents, creditedCents, ...progress }: Progress): object {
  const [drawn, credited] = [drawnCents, creditedCents].map((cents) => jsonNumber(centsText(cents)));
  return { ...progress, drawn, credited };
}
