/** request-balance: a payment gateway's balance command service, carried on. docs/request-balance.md is its page. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { App, GatewayDeps } from "../../app-type.ts";
import { ApiError } from "../../errors.ts";
import { reply as replyOf } from "../../schemas/common.ts";
import type { Facade } from "../facade.ts";
import { refusalHeaders, renderRefusal } from "./envelope.ts";
import { ORDER_PATH, type OrderRouteOptions, orderRoute } from "./order-route.ts";
import { OPERATIONS, REFUSALS } from "./schemas.ts";

const HEALTH = {
  summary: "The process serves",
  tags: ["request-balance"],
  security: [],
  response: { 200: replyOf("Alive", Type.Object({ status: Type.Literal("ok") })), ...REFUSALS },
};

export function requestBalanceFacade(options: OrderRouteOptions): Facade {
  return {
    name: "request-balance",
    operations: OPERATIONS,

    register(scope: App): void {
      scope.get("/balance/health-check", { schema: HEALTH }, () => ({ status: "ok" }));
      // Other methods would be answered by the service's own envelope otherwise.
      scope.route({
        method: ["GET", "PUT", "PATCH", "DELETE"],
        url: ORDER_PATH,
        schema: { hide: true },
        handler: () => {
          throw new ApiError("NOT_FOUND", `There is no such route; orders are sent by POST ${ORDER_PATH}.`);
        },
      });
    },

    registerHot(scope: App, deps: GatewayDeps): void {
      orderRoute(scope, deps, options);
    },

    refuse(error: ApiError, request: FastifyRequest, reply: FastifyReply): void {
      reply.code(error.status).headers(refusalHeaders(error, request.id)).send(renderRefusal(error));
    },
  };
}
