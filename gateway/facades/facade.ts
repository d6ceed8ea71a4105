/** What the gateway asks of a facade: the calls of another system, translated to commands. A facade keeps no balance. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App, GatewayDeps, RouteDeps } from "../app-type.ts";
import type { ApiError } from "../errors.ts";

export interface Facade {
  /** Lower case, for logs: `wallet`. */
  readonly name: string;
  /**
   * Registers the routes in a scope of their own: the cold routes' hooks run there, JSON bodies come as `JsonValue` (`json.ts`), and
   * what a route or a hook throws is answered by `refuse`.
   */
  register(scope: App, deps: RouteDeps): void | Promise<void>;
  /**
   * Registers routes on the fast path, in a scope without the cold routes' hooks: they read bytes, authenticate, count and set headers
   * themselves, as `GatewayDeps.registerCommandRoute` does. What they throw is answered by `refuse`.
   */
  registerHot?(scope: App, deps: GatewayDeps): void | Promise<void>;
  /** OpenAPI path -> item, of the routes of `registerHot`: they have no schema to be described by. */
  readonly operations?: Readonly<Record<string, object>>;
  /** Answers an error in the facade's own envelope. INTERNAL is logged already. */
  refuse(error: ApiError, request: FastifyRequest, reply: FastifyReply): void;
  /** Goes on with what a crash left undone; runs once the groups serve. */
  start?(): Promise<void>;
  /** Ends work in the background; runs before the groups stop. */
  stop?(): Promise<void>;
}
