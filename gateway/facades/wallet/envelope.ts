/** The wallet's errors: `{"error":{"code","message"}}`. Codes that are not named here are those of docs/ERRORS.md. */
import type { FastifyReply } from "fastify";
import { assert, RESULT_CODES } from "../../../engine/index.ts";
import type { Result } from "../../../results/index.ts";
import type { ApiError } from "../../errors.ts";

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const KEY_REUSED = "This Idempotency-Key was used before for another call; nothing was changed.";

/** Result code → status, for every code that a credit or a debit can have. */
const RESULT_STATUS: Readonly<Record<string, number>> = Object.freeze({
  ACCOUNT_NOT_FOUND: 404,
  ACCOUNT_CLOSED: 409,
  ACCOUNT_FROZEN: 409,
  INSUFFICIENT_BALANCE: 422,
  BALANCE_LIMIT: 422,
  AMOUNT_OUT_OF_RANGE: 422,
  ID_REUSED: 422,
  // Of a repeat alone: the id was that of a command in an atomic bucket which was refused.
  ATOMIC_ABORTED: 422,
});

/** What a rejected credit or debit answers. */
export function refusalOfResult({ code, type }: Result): Refusal {
  const status = RESULT_STATUS[code];
  assert(status !== undefined, `a ${type} of the wallet was answered with ${code}`);
  if (code === "ID_REUSED" || code === "ATOMIC_ABORTED")
    return { status, code: "IDEMPOTENCY_KEY_REUSED", message: KEY_REUSED };
  return { status, code, message: RESULT_CODES.find(([name]) => name === code)![1] };
}

/** What an error of the gateway answers. */
export function refusalOfError({ code, status, message, errors }: ApiError): Refusal {
  if (code === "INTERNAL") return { status, code: "SYSTEM_ERROR", message };
  // Not 503, which here always says that nothing was taken: who meets this one must not send it again under another key.
  if (code === "OUTCOME_UNKNOWN") return { status: 504, code, message };
  const isAmount = code === "INVALID_BODY" && errors?.some((fault) => fault.pointer.endsWith("/amount"));
  return { status, code: isAmount === true ? "INVALID_AMOUNT" : code, message };
}

export function sendRefusal(reply: FastifyReply, { status, code, message }: Refusal): FastifyReply {
  return reply.code(status).send({ error: { code, message } });
}
