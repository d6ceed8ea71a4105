/** The replies of request-balance, key by key in the order that its callers know. */
import type { ApiError, BodyFault } from "../../errors.ts";
import { JSON_TYPE } from "../../hot/answer.ts";
import { problemHeaders } from "../../problem.ts";

/** The answer once every order is durable. 164 bytes; their text is a promise. */
export const SUCCESS =
  '{"ErrorDetail":{"ErrorList":""},"HttpCode":200,"Message":"request balance success, but balance is processing, please check other event response","Status":"success"}';

const NOTHING_TAKEN = "request balance error, nothing was taken";
const OUTCOME_UNKNOWN = "request balance outcome is unknown, please send the same orders again";

/** A refusal: `ErrorList` is one line, each fault with its place in the body: `/2/OrderID INVALID_INTEGER: …`. */
export function renderRefusal(error: ApiError): string {
  const isUnknown = error.code === "OUTCOME_UNKNOWN" || error.code === "INTERNAL";
  const list = error.errors?.map(lineOf).join(" | ") ?? `${error.code}: ${error.message}`;
  return JSON.stringify({
    ErrorDetail: { ErrorList: list },
    HttpCode: error.status,
    Message: isUnknown ? OUTCOME_UNKNOWN : NOTHING_TAKEN,
    Status: "error",
  });
}

export function refusalHeaders(error: ApiError, requestId: string): Record<string, string> {
  return { ...problemHeaders(error, requestId), "content-type": JSON_TYPE };
}

function lineOf({ pointer, code, detail }: BodyFault): string {
  return `${pointer === "" ? "body" : pointer} ${code}: ${detail}`;
}
