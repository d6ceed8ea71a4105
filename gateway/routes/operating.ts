/** For those who run it: health, readiness, metrics. No key is asked: on loopback, or on the admin listener. */
import { Type } from "typebox";
import type { App, RouteDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import { reply } from "../schemas/common.ts";

const HEALTH = {
  summary: "The process serves",
  tags: ["operating"],
  security: [],
  response: {
    200: reply(
      "Healthy",
      Type.Object({
        status: Type.Literal("healthy"),
        service: Type.Literal("ringfence"),
        timestamp: Type.Integer({ description: "Unix seconds" }),
      }),
    ),
  },
};

const READY = {
  summary: "Every group has recovered and can commit; else 503 names those that cannot",
  tags: ["operating"],
  security: [],
  response: { 200: reply("Ready", Type.Object({ status: Type.Literal("ready"), groups: Type.Array(Type.String()) })) },
};

const METRICS = {
  summary: "Metrics for Prometheus",
  tags: ["operating"],
  security: [],
  response: { 200: { description: "Exposition text", content: { "text/plain": { schema: { type: "string" } } } } },
};

/** Served on every listener, for load balancers and supervisors. */
export function healthRoutes(app: App, deps: RouteDeps): void {
  app.get("/health", { schema: HEALTH }, () => ({
    status: "healthy",
    service: "ringfence",
    timestamp: Math.floor(Date.now() / 1000),
  }));

  app.get("/ready", { schema: READY }, () => {
    if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
    const waiting = deps.settings.groups.flatMap((name) => {
      const stats = deps.groups.byName(name)?.stats();
      if (stats?.state === "serving") return [];
      const reason = stats?.reason === undefined ? "" : ` (${stats.reason})`;
      return [`${name} is ${stats?.state ?? "not started"}${reason}`];
    });
    if (waiting.length > 0) throw new ApiError("GROUP_DOWN", `Not ready: ${waiting.join(", ")}.`);
    return { status: "ready", groups: deps.settings.groups };
  });
}

export function metricRoutes(app: App, deps: RouteDeps): void {
  app.get("/metrics", { schema: METRICS }, async (_request, response) => {
    const text = await deps.metrics.text();
    return response.type(deps.metrics.contentType).send(text);
  });
}
