/** POST /balance/request-balance on the fast path, as `hot/command-route.ts` is. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { BODY_BYTES_MAX } from "../../../engine/index.ts";
import type { App, GatewayDeps } from "../../app-type.ts";
import { secretNotice } from "../../auth.ts";
import { ApiError } from "../../errors.ts";
import { discardBody, readBody } from "../../hot/body.ts";
import { isJson } from "../../hot/command-request.ts";
import type { GroupLink } from "../../link/group-link.ts";
import { type OrderParts, OrderRequest } from "./order-request.ts";
import { OrderSender } from "./order-sender.ts";

export const ORDER_PATH = "/balance/request-balance";

export interface OrderRouteOptions {
  readonly linkOf: (group: string) => GroupLink | undefined;
  /** Counts an answer by its status. */
  readonly count: (status: number) => void;
  /** False: who sends no key is taken for a service. */
  readonly auth: boolean;
}

export function orderRoute(app: App, deps: GatewayDeps, { linkOf, count, auth }: OrderRouteOptions): void {
  const parts: OrderParts = {
    sender: new OrderSender({ registry: deps.registry, linkOf }),
    count,
    onFault: (error, requestId) => deps.logger.error({ requestId, err: error }, "fault"),
  };
  const handle = (request: IncomingMessage, response: ServerResponse, requestId: string): void => {
    const orders = new OrderRequest(parts, response, requestId);
    try {
      admit(request, orders);
      readBody(request, BODY_BYTES_MAX, orders);
    } catch (error) {
      discardBody(request);
      orders.refuse(error);
    }
  };
  const admit = ({ socket, headers }: IncomingMessage, orders: OrderRequest): void => {
    if (auth || headers.authorization !== undefined) {
      const principal = deps.authenticator.ordering(socket, headers.authorization);
      if (principal.kind === "partner") orders.only = principal.partner.index;
      else orders.notice = secretNotice(principal);
    }
    if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
    if (!isJson({ headers })) throw new ApiError("UNSUPPORTED_MEDIA_TYPE");
  };
  app.route({
    method: "POST",
    url: ORDER_PATH,
    schema: { hide: true },
    onRequest: (request, reply, done) => {
      reply.hijack();
      handle(request.raw, reply.raw, request.id);
      done();
    },
    handler: () => {
      throw new Error("the request was hijacked");
    },
  });
}
