/** What guards every listener alike: limits, the count of requests under way, time for slow clients, TLS. */
import type { EdgeSettings } from "../config.ts";
import { BODIES_BYTES_MAX, IN_FLIGHT_DEFAULT, REQUEST_TIMEOUT_MS } from "../limits.ts";
import { BodyBudget } from "./body-budget.ts";
import { InFlight } from "./in-flight.ts";
import { RateLimits } from "./rate-limits.ts";
import type { TlsPair } from "./tls.ts";

const EDGE_DEFAULTS: EdgeSettings = Object.freeze({
  rateLimit: undefined,
  inFlight: IN_FLIGHT_DEFAULT,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
});

export class Edge {
  readonly limits: RateLimits;
  readonly inFlight: InFlight;
  readonly bodies = new BodyBudget(BODIES_BYTES_MAX);
  readonly requestTimeoutMs: number;
  /** Certificate and key that a new listener starts with; undefined: plain HTTP. */
  readonly tls: TlsPair | undefined;

  constructor(settings: EdgeSettings = EDGE_DEFAULTS, tls?: TlsPair) {
    this.limits = new RateLimits(settings.rateLimit);
    this.inFlight = new InFlight(settings.inFlight);
    this.requestTimeoutMs = settings.requestTimeoutMs;
    this.tls = tls;
  }
}
