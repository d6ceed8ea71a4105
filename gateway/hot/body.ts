/** Reads a request's raw body: no stream wrappers, no parser, one Buffer. The benchmark's null server reads with it too. */
import type { IncomingMessage } from "node:http";
import type { BodyBudget } from "../edge/body-budget.ts";
import { ApiError } from "../errors.ts";
import { LINGER_MS } from "../limits.ts";

/** Told once, of the whole body or of why there is none. */
export interface BodySink {
  onBody(body: Uint8Array): void;
  onRefused(error: ApiError): void;
}

/**
 * Reads at most `limit` bytes. A body that is longer is refused as soon as that is known, and the rest is not kept; one that comes in
 * pieces is refused with OVERLOADED when `budget` has no room for the next.
 */
export function readBody(request: IncomingMessage, limit: number, sink: BodySink, budget?: BodyBudget): void {
  const length = Number(request.headers["content-length"] ?? -1);
  if (length > limit) {
    refuseRest(request, sink, new ApiError("BODY_TOO_LARGE"));
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let bytes = 0;
  let taken = 0;
  let isRefused = false;
  const refuse = (error: ApiError) => {
    isRefused = true;
    first = undefined;
    more = undefined;
    refuseRest(request, sink, error);
  };
  request.on("data", (chunk: Buffer) => {
    if (isRefused) return;
    // Nearly every body comes in one piece, and is then used as it is: nothing waits, so nothing is counted.
    if (chunk.byteLength !== length && budget !== undefined) {
      if (first === undefined) request.once("close", () => budget.giveBack(taken));
      if (!budget.take(chunk.byteLength))
        return refuse(new ApiError("OVERLOADED", "Too many bytes of bodies are on their way."));
      taken += chunk.byteLength;
    }
    bytes += chunk.byteLength;
    if (bytes > limit) return refuse(new ApiError("BODY_TOO_LARGE"));
    if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  });
  request.on("end", () => {
    if (isRefused) return;
    if (more !== undefined) sink.onBody(Buffer.concat(more, bytes));
    else sink.onBody(first ?? new Uint8Array(0));
  });
}

function refuseRest(request: IncomingMessage, sink: BodySink, error: ApiError): void {
  discardBody(request);
  sink.onRefused(error);
}

/** Throws away the rest of a body whose request is answered already, and ends the connection if it does not end soon. */
export function discardBody(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
}
