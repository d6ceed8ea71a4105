/** RFC 9457 problem documents: how an error looks on the wire. */
import { type ApiError, HTTP_ERRORS } from "./errors.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** Headers of every reply: it is data for a program, so no browser shall guess, frame, run, or keep it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
});

/** For JSON replies; pages under /docs set their own policy. */
export const JSON_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Both of the above as `writeHead` takes a list: made once, for the hot route. */
export const SECURITY_HEADER_LIST: readonly string[] = Object.freeze([
  ...Object.entries(SECURITY_HEADERS).flat(),
  "content-security-policy",
  JSON_CONTENT_POLICY,
]);

/** The problem document as JSON text. */
export function renderProblem(error: ApiError, requestId: string): string {
  return JSON.stringify({
    type: `urn:ringfence:error:${error.code}`,
    title: HTTP_ERRORS[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    requestId,
    ...(error.oldest === undefined ? {} : { oldest: error.oldest }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  });
}

/** All headers of a problem reply, lower case, for `reply.headers` and for raw `writeHead` alike. */
export function problemHeaders(error: ApiError, requestId: string): Record<string, string> {
  return {
    ...SECURITY_HEADERS,
    "content-security-policy": JSON_CONTENT_POLICY,
    "content-type": PROBLEM_TYPE,
    "x-request-id": requestId,
    ...(error.status === 401 ? { "www-authenticate": 'Bearer realm="ringfence"' } : {}),
    ...(error.retryAfterSeconds === undefined ? {} : { "retry-after": String(error.retryAfterSeconds) }),
  };
}
