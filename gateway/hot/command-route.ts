/**
 * POST /v1/commands, beside Fastify's request lifecycle: the reply is hijacked in the first hook, the body is read raw and scanned
 * into the ring. Parsing by JSON.parse and a schema would cap the gateway at a third of this.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { BODY_BYTES_MAX } from "../../engine/index.ts";
import type { Names } from "../../results/index.ts";
import type { App, GatewayDeps } from "../app-type.ts";
import { PARTNER_HEADER, secretNotice } from "../auth.ts";
import { ApiError } from "../errors.ts";
import { toApiError } from "../fault.ts";
import type { GroupLink } from "../link/group-link.ts";
import { CommandScanner } from "../scanner/index.ts";
import { discardBody, readBody } from "./body.ts";
import { CommandRequest, type HotParts, isJson, sendProblem } from "./command-request.ts";
import { readPrefer } from "./prefer.ts";
import { ScanContexts } from "./scan-contexts.ts";

export interface CommandRouteOptions {
  readonly linkOf: (group: string) => GroupLink | undefined;
  readonly names: Names;
  readonly count: (status: number) => void;
}

/** Makes the registration of the route; see `GatewayDeps.registerCommandRoute`. */
export function commandRoute(options: CommandRouteOptions): (app: App, deps: GatewayDeps) => void {
  return (app, deps) => {
    const contexts = new ScanContexts(deps.registry);
    const parts: HotParts = {
      scanner: new CommandScanner(),
      names: options.names,
      count: options.count,
      onFault: (error, requestId) => deps.logger.error({ requestId, err: error }, "fault"),
    };
    const handle = (request: IncomingMessage, response: ServerResponse, requestId: string): void => {
      try {
        const bucket = begin(request, response, requestId);
        readBody(request, BODY_BYTES_MAX, bucket);
      } catch (error) {
        discardBody(request);
        const problem = toApiError(error);
        if (problem.code === "INTERNAL") parts.onFault(error, requestId);
        options.count(problem.status);
        sendProblem(response, problem, requestId);
      }
    };
    const begin = (request: IncomingMessage, response: ServerResponse, requestId: string): CommandRequest => {
      const { socket, headers } = request;
      const { partner, service } = deps.authenticator.writing(socket, headers.authorization, headers[PARTNER_HEADER]);
      if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
      if (!isJson(request)) throw new ApiError("UNSUPPORTED_MEDIA_TYPE");
      const wait = readPrefer(request.headers.prefer);
      const link = options.linkOf(partner.group.name);
      if (link === undefined) throw new ApiError("GROUP_DOWN", `Group ${partner.group.name} is not served here.`);
      const context = service === undefined ? contexts.of(partner) : contexts.settling(partner);
      const notice = service && secretNotice(service);
      return new CommandRequest(parts, response, { requestId, link, context, wait, notice });
    };
    app.route({
      method: "POST",
      url: "/v1/commands",
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
  };
}
