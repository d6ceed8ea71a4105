/** What governs HTTP itself: times, sizes, ids. The benchmark's null server has it too, so that it costs what HTTP costs here. */
import type { IncomingMessage } from "node:http";
import { LogController } from "fastify";
import { contextOf, type TlsPair } from "./edge/tls.ts";
import {
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  STALLED_CONNECTION_MS,
} from "./limits.ts";
import { requestIdOf } from "./request-id.ts";

export interface HttpGuard {
  readonly requestTimeoutMs: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsPair | undefined;
}

const PLAIN: HttpGuard = { requestTimeoutMs: REQUEST_TIMEOUT_MS, tls: undefined };

/** Fastify's options. */
export function httpOptions(guard: HttpGuard = PLAIN) {
  return {
    // Neither a line nor a child logger a request: the hot route cannot pay for them, and metrics count what is served.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: <Logger>(logger: Logger): Logger => logger,
    genReqId: (request: Pick<IncomingMessage, "headers">) => requestIdOf(request.headers),
    requestIdHeader: false,
    requestTimeout: guard.requestTimeoutMs,
    connectionTimeout: STALLED_CONNECTION_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...serverOptions(guard),
  } as const;
}

/** What node's server is made with, plain or with TLS. */
function serverOptions({ requestTimeoutMs, tls }: HttpGuard) {
  const options = {
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    // How late a slow client may be found out.
    connectionsCheckingInterval: Math.min(2_000, requestTimeoutMs),
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  if (tls === undefined) return { http: options };
  return { https: { ...options, ...contextOf(tls), handshakeTimeout: options.headersTimeout } };
}
