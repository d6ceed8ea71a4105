/** Reads a request's raw body: no stream wrappers, no parser, one Buffer. The benchmark's null server reads with it too. */
import type { IncomingMessage } from "node:http";
import { ApiError } from "../errors.ts";

/** Told once, of the whole body or of why there is none. */
export interface BodySink {
  onBody(body: Uint8Array): void;
  onRefused(error: ApiError): void;
}

/** Reads at most `limit` bytes. A body that is longer is refused as soon as that is known, and the rest is not kept. */
export function readBody(request: IncomingMessage, limit: number, sink: BodySink): void {
  if (Number(request.headers["content-length"] ?? 0) > limit) {
    refuseRest(request, sink);
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > limit) {
      if (bytes - chunk.byteLength <= limit) refuseRest(request, sink);
      return;
    }
    // Nearly every body comes in one piece, and is then used as it is.
    if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  });
  request.on("end", () => {
    if (bytes > limit) return;
    if (more !== undefined) sink.onBody(Buffer.concat(more, bytes));
    else sink.onBody(first ?? new Uint8Array(0));
  });
}

function refuseRest(request: IncomingMessage, sink: BodySink): void {
  discardBody(request);
  sink.onRefused(new ApiError("BODY_TOO_LARGE"));
}

/** How long a refused body may still come, ms. A connection closed at once would often take the answer with it. */
const LINGER_MS = 1000;

/** Throws away the rest of a body whose request is answered already, and ends the connection if it does not end soon. */
export function discardBody(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
}
