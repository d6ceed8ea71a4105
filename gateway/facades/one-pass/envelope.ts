/** What every call answers with: `{"code","msg","requestId","data"}`. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiError } from "../../errors.ts";

export interface Envelope {
  /** As an HTTP status where it is one; 501 and 502 are One-Pass's own. */
  readonly code: number;
  readonly msg: string;
  readonly requestId: string;
  readonly data: unknown;
}

/** The caller's `X-KSY-REQUEST-ID`; undefined if none was sent. */
export function givenRequestId({ headers }: FastifyRequest): string | undefined {
  const given = headers["x-ksy-request-id"];
  return typeof given === "string" && given !== "" ? given : undefined;
}

export function ok(request: FastifyRequest, data: unknown = null): Envelope {
  return envelope(request, { code: 200, msg: "ok", data });
}

export function envelope(
  request: FastifyRequest,
  { code, msg, data = null }: { readonly code: number; readonly msg: string; readonly data?: unknown },
): Envelope {
  return { code, msg, requestId: givenRequestId(request) ?? request.id, data };
}

/** Answers an error: the HTTP status is the code. */
export function refuse(error: ApiError, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(error.status);
  if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
  reply.send(envelope(request, { code: error.status, msg: error.message }));
}
