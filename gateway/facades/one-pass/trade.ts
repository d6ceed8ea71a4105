/** POST /onePass/userTrade: one transfer, which the engine does whole or not at all. */
import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Result } from "../../../results/index.ts";
import type { CommandInput } from "../../commands.ts";
import { ApiError } from "../../errors.ts";
import { jsonNumber } from "../json.ts";
import type { Trade } from "./bodies.ts";
import { centsText } from "./cents.ts";
import { givenRequestId } from "./envelope.ts";

const REQUEST_ID_REUSED = { code: 409, msg: "this request id was used for another trade" };

/** The engine's refusals → codes of the envelope, in HTTP 200. Others of the engine's codes cannot come of a transfer. */
export const TRADE_CODES: Readonly<Record<string, { readonly code: number; readonly msg: string }>> = Object.freeze({
  INSUFFICIENT_BALANCE: { code: 501, msg: "insufficient balance" },
  SAME_ACCOUNT: { code: 502, msg: "source and target are the same account" },
  ACCOUNT_NOT_FOUND: { code: 404, msg: "unknown user" },
  ACCOUNT_CLOSED: { code: 404, msg: "the account is closed" },
  ACCOUNT_FROZEN: { code: 403, msg: "the account is frozen" },
  BALANCE_LIMIT: { code: 403, msg: "the account's limit would be exceeded" },
  AMOUNT_OUT_OF_RANGE: { code: 403, msg: "the balance would be out of range" },
  ID_REUSED: REQUEST_ID_REUSED,
  // Of a repeat alone: the id was that of a command in an atomic bucket which was refused.
  ATOMIC_ABORTED: REQUEST_ID_REUSED,
});

/**
 * The command's id, from the caller's request id: ids that a command may have stand in it as they are, others by their digest. The
 * two forms never meet, for the first has one `ot:` and then at most 61 characters, and the second begins with `ot-`.
 */
export function tradeIdOf(requestId: string): string {
  if (/^[A-Za-z0-9._:-]{1,61}$/.test(requestId)) return `ot:${requestId}`;
  return `ot-${createHash("sha256").update(requestId).digest("base64url")}`;
}

/** Throws INVALID_REQUEST without a request id: a trade that is sent again must be known again. */
export function tradeCommand(request: FastifyRequest, { sourceUid, targetUid, cents }: Trade): CommandInput {
  const requestId = givenRequestId(request);
  if (requestId === undefined) throw new ApiError("INVALID_REQUEST", "X-KSY-REQUEST-ID is missing.");
  const id = tradeIdOf(requestId);
  // A target that is not there is refused before anything moves, in the same step of the engine: no money can be lost between.
  return { id, type: "transfer", account: sourceUid, to: targetUid, amount: centsText(cents), open: false };
}

/** What the envelope says of a trade that was carried out. `timestamp`: ms since 1970; a repeat gives the first's. */
export function tradeData({ sourceUid, targetUid, cents }: Trade, { at }: Result): object {
  return {
    sourceUid: jsonNumber(sourceUid),
    targetUid: jsonNumber(targetUid),
    amount: jsonNumber(centsText(cents)),
    timestamp: Date.parse(at),
  };
}
