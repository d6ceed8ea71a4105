/** Builds the HTTP server: what every route shares, and which routes a listener has. */
import type { Socket } from "node:net";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyReply, type FastifyRequest, LogController } from "fastify";
import type { App, GatewayDeps, RouteDeps } from "./app-type.ts";
import { PARTNER_HEADER, SECRET_HEADER, secretNotice } from "./auth.ts";
import { ApiError } from "./errors.ts";
import type { Facade } from "./facades/facade.ts";
import { readJson } from "./facades/json.ts";
import { fromSocketError, toApiError } from "./fault.ts";
import {
  COLD_BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
} from "./limits.ts";
import { collectOpenApi, docsRoutes, openApiRoute } from "./openapi.ts";
import { JSON_CONTENT_POLICY, problemHeaders, renderProblem, SECURITY_HEADERS } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { adminGroupRoutes } from "./routes/admin-groups.ts";
import { adminCurrencyRoutes, adminKeyRoutes, adminServiceRoutes } from "./routes/admin-keys.ts";
import { adminPartnerRoutes } from "./routes/admin-partners.ts";
import { commandRoutes } from "./routes/commands.ts";
import { entryRoutes } from "./routes/entries.ts";
import { healthRoutes, metricRoutes } from "./routes/operating.ts";
import { resultRoutes } from "./routes/results.ts";
import { Streams } from "./streams.ts";

/** What a listener serves: partners, operators, or both where there is one listener on loopback. */
export type Surface = "partners" | "operators" | "both";

/** The error that the client is told; a fault of ours is logged with what is not told. */
function told({ logger }: GatewayDeps, error: unknown, { id, method, routeOptions }: FastifyRequest): ApiError {
  const problem = toApiError(error);
  if (problem.code === "INTERNAL")
    logger.error({ requestId: id, method, route: routeOptions.url, err: error }, "fault");
  return problem;
}

function sendProblem(deps: GatewayDeps, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = told(deps, error, request);
  // As bytes, because to a string Fastify adds a charset, which this media type has not.
  const body = Buffer.from(renderProblem(problem, request.id));
  reply.code(problem.status).headers(problemHeaders(problem, request.id)).send(body);
}

/** Answers what could not be read as a request; there is no request object and no route. */
function refuseSocket(error: Error, socket: Socket): void {
  // ECONNRESET: nobody is left to be answered.
  if (!socket.writable || ("code" in error && error.code === "ECONNRESET")) {
    socket.destroy();
    return;
  }
  const problem = fromSocketError(error);
  const id = requestIdOf({});
  const body = renderProblem(problem, id);
  const headers = {
    ...problemHeaders(problem, id),
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} Refused\r\n${lines.join("")}\r\n${body}`);
}

function makeServer(deps: GatewayDeps): App {
  return fastify({
    loggerInstance: deps.logger,
    // Neither a line nor a child logger a request: the hot route cannot pay for them, and metrics count what is served.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    genReqId: (request) => requestIdOf(request.headers),
    requestIdHeader: false,
    bodyLimit: COLD_BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    // Our own answer is a problem document: see `coldHooks`.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    // Money: what a client sent is refused or taken, never repaired.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    clientErrorHandler: refuseSocket,
    frameworkErrors: (error, request, reply) => sendProblem(deps, error, request, reply as FastifyReply),
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as App;
}

function shareBasics(app: App, deps: GatewayDeps): void {
  // Schemas of replies are documentation: serializing by them would drop what they forgot.
  app.setSerializerCompiler(() => JSON.stringify);
  app.server.maxConnections = CONNECTIONS_MAX;
  app.decorateRequest("partner", undefined);
  app.setErrorHandler((error, request, reply) => sendProblem(deps, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(deps, new ApiError("NOT_FOUND", "There is no such route."), request, reply),
  );
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Some clients say JSON and send nothing where nothing is asked; where a body is asked its schema refuses this.
    if (body === "") done(null, undefined);
    else parse(request, body as string, done);
  });
}

/** Hooks of the cold routes; the hot route's scope has none. */
function coldHooks(scope: App, deps: GatewayDeps): void {
  const headers = { ...SECURITY_HEADERS, "content-security-policy": JSON_CONTENT_POLICY };
  scope.addHook("onRequest", async (request, reply) => {
    reply.headers(headers).header("x-request-id", request.id);
    // `close`, for a client that goes before its answer never finishes it.
    reply.raw.once("close", deps.metrics.begin());
  });
  scope.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const seconds = reply.elapsedTime / 1000;
    deps.metrics.observe({ method, route: routeOptions.url ?? "none", status: reply.statusCode, seconds });
  });
}

/** A scope whose routes first ask `check` of the key that was sent; nothing else runs before. */
function guarded(scope: App, deps: GatewayDeps, check: (request: FastifyRequest, reply: FastifyReply) => void): void {
  scope.addHook("onRequest", async (request, reply) => {
    check(request, reply);
    if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
  });
}

async function partnerScope(scope: App, deps: RouteDeps): Promise<void> {
  guarded(scope, deps, (request) => {
    request.partner = deps.authenticator.partner(request.raw.socket, request.headers.authorization);
  });
  accountRoutes(scope, deps);
  entryRoutes(scope, deps);
  resultRoutes(scope, deps);
}

/** Routes on which a service may act for a partner that it names. */
async function actingScope(scope: App, deps: RouteDeps): Promise<void> {
  guarded(scope, deps, (request, reply) => {
    const { raw, headers } = request;
    const { partner, service } = deps.authenticator.acting(raw.socket, headers.authorization, headers[PARTNER_HEADER]);
    request.partner = partner;
    const notice = service && secretNotice(service);
    if (notice !== undefined) reply.header(SECRET_HEADER, notice);
  });
  commandRoutes(scope, deps);
}

async function adminScope(scope: App, deps: RouteDeps): Promise<void> {
  guarded(scope, deps, (request) => {
    deps.authenticator.admin(request.raw.socket, request.headers.authorization);
  });
  adminPartnerRoutes(scope, deps);
  adminKeyRoutes(scope, deps);
  adminServiceRoutes(scope, deps);
  adminCurrencyRoutes(scope, deps);
  adminGroupRoutes(scope, deps);
}

/** What goes wrong in a facade's scope is told in its own envelope. */
function refuseAs(facade: Facade, scope: App, deps: GatewayDeps): void {
  scope.setErrorHandler((error, request, reply) => facade.refuse(told(deps, error, request), request, reply));
}

/** A facade's routes, with its own envelope for what is refused. */
async function facadeScope(scope: App, deps: RouteDeps, facade: Facade): Promise<void> {
  refuseAs(facade, scope, deps);
  scope.removeContentTypeParser("application/json");
  scope.addContentTypeParser("application/json", { parseAs: "string" }, async (_: FastifyRequest, body: string) => {
    try {
      return body === "" ? undefined : readJson(body);
    } catch (error) {
      throw new ApiError("INVALID_BODY", `The body is no JSON: ${(error as Error).message}.`);
    }
  });
  // Their bodies carry JsonNumbers, and each has rules of its own for what it refuses: the schemas are for the document only.
  scope.setValidatorCompiler(() => () => true);
  scope.addHook("onRequest", async () => {
    if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
  });
  await facade.register(scope, deps);
}

/**
 * A connection that still had a request when the server closed falls idle later, and would keep the process alive until its
 * keep-alive time is over; node closes only those that are idle at the moment of closing.
 */
function closeAsTheyIdle({ server }: App): void {
  if (!server.listening) return;
  const timer = setInterval(() => server.closeIdleConnections(), 50);
  server.once("close", () => clearInterval(timer));
}

/** The app of one listener, ready to listen or to inject; `close` ends open streams first. Facades are for partners. */
export async function buildApp(deps: GatewayDeps, surface: Surface, facades: readonly Facade[] = []): Promise<App> {
  const app = makeServer(deps);
  const routeDeps: RouteDeps = { ...deps, streams: new Streams() };
  shareBasics(app, deps);
  app.addHook("preClose", async () => {
    routeDeps.streams.abortAll();
    closeAsTheyIdle(app);
  });
  const operations = Object.assign({}, ...facades.map((facade) => facade.operations));
  await collectOpenApi(app, surface === "operators" ? {} : { withCommands: true, operations });
  await app.register(async (scope: App) => {
    coldHooks(scope, deps);
    healthRoutes(scope, routeDeps);
    openApiRoute(scope);
    if (surface !== "operators") await scope.register(async (inner: App) => partnerScope(inner, routeDeps));
    if (surface !== "operators") await scope.register(async (inner: App) => actingScope(inner, routeDeps));
    if (surface !== "operators") {
      for (const facade of facades) await scope.register(async (inner: App) => facadeScope(inner, routeDeps, facade));
    }
    if (surface === "partners") return;
    metricRoutes(scope, routeDeps);
    await scope.register(async (inner: App) => adminScope(inner, routeDeps));
  });
  if (surface !== "partners") await docsRoutes(app);
  if (surface !== "operators") {
    await app.register(async (scope: App) => {
      await deps.registerCommandRoute(scope, deps);
    });
    for (const facade of facades) {
      await app.register(async (scope: App) => {
        refuseAs(facade, scope, deps);
        await facade.registerHot?.(scope, deps);
      });
    }
  }
  await app.ready();
  return app;
}
