/** The deduct service's answers: `{"code","message","data"?}`, where the code is the HTTP status too. */
import type { FastifyReply } from "fastify";
import { assert } from "../../../engine/index.ts";
import type { Result } from "../../../results/index.ts";
import type { ApiError } from "../../errors.ts";

interface Refusal {
  readonly code: number;
  readonly message: string;
}

const KEY_REUSED: Refusal = {
  code: 422,
  message: "this Idempotency-Key was used before for another call; nothing was changed",
};

/** Result code → answer, for every code that a credit, a debit or an opening can have. */
const RESULT_REFUSALS: Readonly<Record<string, Refusal>> = Object.freeze({
  INSUFFICIENT_BALANCE: { code: 400, message: "insufficient balance" },
  ACCOUNT_NOT_FOUND: { code: 404, message: "user not found" },
  ACCOUNT_CLOSED: { code: 409, message: "account closed" },
  ACCOUNT_FROZEN: { code: 409, message: "account frozen" },
  BALANCE_LIMIT: { code: 422, message: "the balance would leave the account's limits" },
  AMOUNT_OUT_OF_RANGE: { code: 422, message: "the balance would leave the range of 27 digits" },
  ID_REUSED: KEY_REUSED,
  // Of a repeat alone: the id was that of a command in an atomic bucket which was refused.
  ATOMIC_ABORTED: KEY_REUSED,
});

export function refusalOfResult({ code, type }: Result): Refusal {
  const refusal = RESULT_REFUSALS[code];
  assert(refusal !== undefined, `a ${type} of the deduct service was answered with ${code}`);
  return refusal;
}

export function refusalOfError({ code, status, message }: ApiError): Refusal {
  // Not 503, which here always says that nothing was taken: who meets this one must not send it again under another key.
  return { code: code === "OUTCOME_UNKNOWN" ? 504 : status, message };
}

export function sendRefusal(reply: FastifyReply, { code, message }: Refusal): FastifyReply {
  return reply.code(code).send({ code, message });
}

export function success(data: object): object {
  return { code: 200, message: "success", data };
}
