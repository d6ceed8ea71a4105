/** The facade of One-Pass: puts its parts together. */
import { join } from "node:path";
import type { RouteDeps } from "../../app-type.ts";
import type { Settings } from "../../config.ts";
import type { TrustedAddresses } from "../caller.ts";
import type { Facade } from "../facade.ts";
import { Admission } from "./admission.ts";
import { refuse } from "./envelope.ts";
import { Jobs, type JobsOptions } from "./jobs/jobs.ts";
import { RedisCache } from "./redis-cache.ts";
import { registerRoutes } from "./routes.ts";

interface Needs extends Pick<JobsOptions, "commands" | "registry" | "log"> {
  readonly trusted: TrustedAddresses;
}
type OnePassSettings = Pick<Settings, "data" | "facades" | "onePass" | "redis">;

/** `needs`: what the job thread's end works with; the routes get the rest when they are registered. */
export function onePassFacade(settings: OnePassSettings, { trusted, ...needs }: Needs): Facade {
  const { facades, onePass: own } = settings;
  const { fund } = own;
  const jobs =
    fund === undefined ? undefined : new Jobs({ start: { path: join(settings.data, "one-pass.db"), fund }, ...needs });
  const parts = {
    jobs,
    binding: { partner: facades.onePassPartner, trusted },
    redisCache: new RedisCache(settings),
  };
  return {
    name: "one-pass",
    register: (scope, deps: RouteDeps) => {
      const admission = new Admission(own);
      scope.addHook("onRequest", async (request) => admission.charge(request));
      registerRoutes(scope, deps, { ...parts, admission });
    },
    refuse,
    start: async () => jobs?.start(),
    stop: async () => {
      await Promise.all([jobs?.stop(), parts.redisCache.stop()]);
    },
  };
}
