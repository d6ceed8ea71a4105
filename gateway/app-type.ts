import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import { assert } from "../engine/index.ts";
import type { Authenticator } from "./auth.ts";
import type { Commands } from "./commands.ts";
import type { Settings } from "./config.ts";
import type { GroupDirectory, History, ResultLogs } from "./group.ts";
import type { Metrics } from "./metrics.ts";
import type { Partner, Registry } from "./registry/index.ts";
import type { Stores } from "./stores.ts";
import type { Streams } from "./streams.ts";

/** The Fastify instance that routes are registered on; request types follow from their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** Set on partner routes before anything else runs; undefined elsewhere. */
    partner: Partner | undefined;
  }
}

/** The partner of a partner route's request. */
export function partnerOf(request: { readonly partner: Partner | undefined }): Partner {
  assert(request.partner !== undefined, "a partner route ran without its partner");
  return request.partner;
}

/** The one thing that changes while serving: set once, when the shutdown begins. */
export interface Lifecycle {
  stopping: boolean;
}

/** What the composition root puts together before it builds an app. */
export interface GatewayDeps {
  readonly settings: Pick<Settings, "groups" | "services">;
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  readonly groups: GroupDirectory;
  readonly commands: Commands;
  readonly resultLogs: ResultLogs;
  readonly history: History;
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly logger: FastifyBaseLogger;
  readonly lifecycle: Lifecycle;
  /**
   * Registers POST /v1/commands in a scope of its own. None of the cold routes' hooks run there: the hot route authenticates,
   * counts and sets headers itself. What it throws is answered as a problem document.
   */
  readonly registerCommandRoute: (app: App, deps: GatewayDeps) => void | Promise<void>;
}

/** What cold routes have beside the composition root's parts. */
export interface RouteDeps extends GatewayDeps {
  readonly streams: Streams;
}
