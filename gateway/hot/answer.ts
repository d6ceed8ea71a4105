/** The answer of the routes that are beside Fastify's lifecycle. The benchmark's null server answers by it too. */
import type { ServerResponse } from "node:http";
import { SECRET_HEADER } from "../auth.ts";
import { SECURITY_HEADER_LIST } from "../problem.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Length of `body` in UTF-8. */
  readonly bytes: number;
  readonly requestId: string;
  /** For a service that sent an old secret. */
  readonly notice?: string | undefined;
}

/** Sends headers and body in one write; nothing where the client has gone. */
export function sendAnswer(response: ServerResponse, { status, body, bytes, requestId, notice }: Answer): void {
  if (response.destroyed) return;
  // As a list, which goes out as it is; of an object each name would be looked at first.
  const headers = [
    "content-type",
    JSON_TYPE,
    "content-length",
    String(bytes),
    "x-request-id",
    requestId,
    ...SECURITY_HEADER_LIST,
  ];
  if (notice !== undefined) headers.push(SECRET_HEADER, notice);
  leaveOutKeepAlive(response);
  response.writeHead(status, headers);
  response.end(body);
}

/**
 * HTTP/1.1 keeps a connection unless told otherwise (RFC 9112, 9.3), so node's two lines that say so are left out: 50 bytes, and a
 * microsecond of a client that parses in JavaScript.
 */
function leaveOutKeepAlive(response: ServerResponse): void {
  if (!response.shouldKeepAlive || response.req.httpVersionMinor !== 1) return;
  // Fastify sets it to "close" while it stops.
  if (!response.hasHeader("connection")) response.removeHeader("connection");
}
