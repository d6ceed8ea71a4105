/** Builds the HTTP server: what every route shares, and which routes a listener has. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { type App, type GatewayDeps, partnerOf, type RouteDeps } from "./app-type.ts";
import { PARTNER_HEADER, SECRET_HEADER, secretNotice } from "./auth.ts";
import { checkSigned } from "./edge/signature.ts";
import { ApiError } from "./errors.ts";
import type { Facade } from "./facades/facade.ts";
import { readJson } from "./facades/json.ts";
import { fromSocketError, toApiError } from "./fault.ts";
import { discardBody } from "./hot/body.ts";
import { sendProblem as sendRawProblem } from "./hot/command-request.ts";
import { httpOptions } from "./http-options.ts";
import { COLD_BODY_BYTES_MAX, CONNECTIONS_MAX, LINGER_MS } from "./limits.ts";
import { collectOpenApi, docsRoutes, openApiRoute } from "./openapi.ts";
import { JSON_CONTENT_POLICY, problemHeaders, renderProblem, SECURITY_HEADERS } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { adminGroupRoutes } from "./routes/admin-groups.ts";
import { adminCurrencyRoutes, adminKeyRoutes, adminServiceRoutes } from "./routes/admin-keys.ts";
import { adminPartnerRoutes, adminSigningRoutes } from "./routes/admin-partners.ts";
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
  // A client that does not end would else keep the half that it has open; one that has not ended its TLS handshake, all of it.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Node's own answer to an `Expect` other than 100-continue is a 417 with nothing of ours in it. */
function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  discardBody(request);
  const problem = new ApiError("INVALID_REQUEST", "Of `Expect` only 100-continue is known here.");
  sendRawProblem(response, problem, requestIdOf(request.headers));
}

function makeServer(deps: GatewayDeps): App {
  const { edge } = deps;
  return fastify({
    loggerInstance: deps.logger,
    ...httpOptions(edge),
    bodyLimit: COLD_BODY_BYTES_MAX,
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
  app.server.on("checkExpectation", refuseExpectation);
  app.decorateRequest("partner", undefined);
  app.decorateRequest("rawBody", undefined);
  app.setErrorHandler((error, request, reply) => sendProblem(deps, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    deps.edge.limits.chargeAddress(request.raw.socket.remoteAddress);
    sendProblem(deps, new ApiError("NOT_FOUND", "There is no such route."), request, reply);
  });
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    request.rawBody = body;
    // Some clients say JSON and send nothing where nothing is asked; where a body is asked its schema refuses this.
    if (body.byteLength === 0) return done(null, undefined);
    let text: string;
    try {
      text = textOf(body);
    } catch (error) {
      return done(error as ApiError);
    }
    parse(request, text, done);
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws INVALID_BODY for bytes that are no UTF-8: repaired, two different names would become one. */
function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new ApiError("INVALID_BODY", "The body is not UTF-8.");
  }
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

/** Counts a scope's requests while they are under way. Health, metrics and the admin's are not: they must be answered then too. */
function counted(scope: App, { edge }: RouteDeps): void {
  scope.addHook("onRequest", async (_, reply) => edge.inFlight.enter(reply.raw));
}

async function partnerScope(scope: App, deps: RouteDeps): Promise<void> {
  counted(scope, deps);
  guarded(scope, deps, (request) => {
    const { raw, headers } = request;
    request.partner = deps.authenticator.partner(raw.socket, headers.authorization);
    deps.edge.inFlight.assign(raw, request.partner.index);
  });
  // Behind the parser, which has the body's bytes then.
  scope.addHook("preValidation", async (request) => checkSigned(deps.registry, partnerOf(request), request));
  accountRoutes(scope, deps);
  entryRoutes(scope, deps);
  resultRoutes(scope, deps);
}

/** Routes on which a service may act for a partner that it names. */
async function actingScope(scope: App, deps: RouteDeps): Promise<void> {
  counted(scope, deps);
  guarded(scope, deps, (request, reply) => {
    const { raw, headers } = request;
    const { partner, service } = deps.authenticator.acting(raw.socket, headers.authorization, headers[PARTNER_HEADER]);
    request.partner = partner;
    deps.edge.inFlight.assign(raw, partner.index);
    // There are only GETs here, without a body. A service has no secret of the partner's to sign with.
    if (service === undefined) checkSigned(deps.registry, partner, request);
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
  adminSigningRoutes(scope, deps);
  adminKeyRoutes(scope, deps);
  adminServiceRoutes(scope, deps);
  adminCurrencyRoutes(scope, deps);
  adminGroupRoutes(scope, deps);
}

const NO_BODY = Buffer.alloc(0);
/** What goes wrong in a facade's scope is told in its own envelope. */
function refuseAs(facade: Facade, scope: App, deps: GatewayDeps): void {
  scope.setErrorHandler((error, request, reply) => facade.refuse(told(deps, error, request), request, reply));
}

/** A facade's routes, with its own envelope for what is refused. */
async function facadeScope(scope: App, deps: RouteDeps, facade: Facade): Promise<void> {
  refuseAs(facade, scope, deps);
  scope.removeContentTypeParser("application/json");
  scope.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => {
      request.rawBody = body;
      try {
        return body.byteLength === 0 ? undefined : readJson(textOf(body));
      } catch (error) {
        throw new ApiError("INVALID_BODY", `The body is no JSON: ${(error as Error).message}.`);
      }
    },
  );
  // Their bodies carry JsonNumbers, and each has rules of its own for what it refuses: the schemas are for the document only.
  scope.setValidatorCompiler(() => () => true);
  counted(scope, deps);
  scope.addHook("onRequest", async () => {
    if (deps.lifecycle.stopping) throw new ApiError("STOPPING");
  });
  scope.addHook("preValidation", async (request) => {
    request.rawBody ??= NO_BODY;
    if (request.partner !== undefined) checkSigned(deps.registry, request.partner, request);
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
    openApiRoute(scope, deps);
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
