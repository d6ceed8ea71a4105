/** What the shared hooks refuse on a facade's routes comes in the facade's own envelope. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { EdgeSettings } from "../config.ts";
import { signature } from "../e2e/sign.ts";
import { Edge } from "../edge/edge.ts";
import { testGateway } from "../testing.ts";
import { type Binding, callerOf, TrustedAddresses } from "./caller.ts";
import type { Facade } from "./facade.ts";

/** Answers with who calls, or `{"oops": <code>}`; holds calls to /tiny/slow until `release`. */
class Tiny implements Facade {
  readonly name = "tiny";
  readonly #binding: Binding;
  readonly release: () => void;
  readonly #released: Promise<void>;

  constructor(partner: string | undefined, hosts: readonly string[] = []) {
    this.#binding = { partner, trusted: new TrustedAddresses([], hosts) };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    this.release = resolve;
  }

  register(...[scope, deps]: Parameters<Facade["register"]>): void {
    const who = (write: boolean) => (request: Parameters<typeof callerOf>[2]) => ({
      caller: callerOf(deps, this.#binding, request, { write }).id,
    });
    scope.post("/tiny", who(true));
    // As the wallet does: before the body is read.
    scope.post("/tiny/early", { onRequest: async (request) => void who(true)(request) }, () => ({ early: true }));
    scope.get("/tiny", who(false));
    scope.get("/tiny/slow", async (request) => {
      const found = who(false)(request);
      await this.#released;
      return found;
    });
  }

  refuse(...[error, , reply]: Parameters<Facade["refuse"]>): void {
    if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
    reply.code(error.status).send({ oops: error.code });
  }
}

async function tiny(settings: Partial<EdgeSettings> = {}, options: { bound?: string; hosts?: readonly string[] } = {}) {
  const { bound = "demo", hosts } = options;
  const facade = new Tiny(bound === "" ? undefined : bound, hosts);
  const edge = new Edge({ rateLimit: undefined, inFlight: 100, requestTimeoutMs: 30_000, ...settings });
  const gateway = await testGateway("both", { edge, facades: [facade] });
  const call = async (headers: Record<string, string> = {}, payload?: string) => {
    const method = payload === undefined ? ("GET" as const) : ("POST" as const);
    const sent = payload === undefined ? {} : { payload };
    const response = await gateway.app.inject({ method, url: "/tiny", headers, ...sent });
    return { said: `${response.statusCode} ${response.body}`, headers: response.headers };
  };
  return { ...gateway, facade, edge, call };
}

const refused = (status: number, code: string) => `${status} {"oops":"${code}"}`;

test("too many calls of a bound partner, and too many guessed keys, are refused in the facade's envelope", async () => {
  const { call } = await tiny({ rateLimit: { perSecond: 0.001, burst: 2 } });
  expect([(await call()).said, (await call()).said]).toEqual(['200 {"caller":"demo"}', '200 {"caller":"demo"}']);
  const { said, headers } = await call();
  expect(said).toBe(refused(429, "RATE_LIMITED"));
  expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  const guess = { authorization: "Bearer rk_live_guess" };
  const guesses = [await call(guess), await call(guess), await call(guess)].map((one) => one.said);
  expect(guesses).toEqual([
    refused(401, "UNAUTHENTICATED"),
    refused(401, "UNAUTHENTICATED"),
    refused(429, "RATE_LIMITED"),
  ]);
});

test("too many calls under way are refused in the facade's envelope, and health is answered all the same", async () => {
  const { app, facade, edge, call } = await tiny({ inFlight: 2 });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => facade.release());
  const slow = [1].map(() => fetch(`${app.listeningOrigin}/tiny/slow`));
  while (edge.inFlight.total < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  // A partner may have three quarters of two, which is one.
  const answer = await fetch(`${app.listeningOrigin}/tiny`);
  expect([answer.status, await answer.text(), answer.headers.get("retry-after")]).toEqual([
    503,
    '{"oops":"OVERLOADED"}',
    "1",
  ]);
  expect((await fetch(`${app.listeningOrigin}/health`)).status).toBe(200);
  facade.release();
  expect(await (await slow[0]!).json()).toEqual({ caller: "demo" });
  while (edge.inFlight.total > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await call()).said).toBe('200 {"caller":"demo"}');
});

test("what is under way on a connection that breaks is not counted any more, pipelined requests too", async () => {
  const { app, facade, edge } = await tiny({ inFlight: 100 });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => facade.release());
  const socket = connect(Number(new URL(app.listeningOrigin).port), "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write("GET /tiny/slow HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40));
  while (edge.inFlight.total < 40) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.resetAndDestroy();
  while (edge.inFlight.total > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(edge.inFlight.total).toBe(0);
});

test("a body that is too large, no JSON, or has __proto__ in it is refused in the facade's envelope", async () => {
  const { call } = await tiny();
  const json = { "content-type": "application/json" };
  expect((await call(json, "{")).said).toBe(refused(400, "INVALID_BODY"));
  expect((await call(json, '{"a":{"__proto__":{"b":1}}}')).said).toBe(refused(400, "INVALID_BODY"));
  expect((await call(json, `"${"x".repeat(300_000)}"`)).said).toBe(refused(413, "BODY_TOO_LARGE"));
  expect((await call({ "content-type": "text/plain" }, "{}")).said).toBe(refused(415, "UNSUPPORTED_MEDIA_TYPE"));
});

test("a body that is no UTF-8 is refused and not repaired, on a facade's routes and on the admin's", async () => {
  const { app, admin } = await tiny();
  const payload = Buffer.from('{"id":"caf\xe9"}', "latin1");
  const headers = { "content-type": "application/json", ...admin };
  const response = await app.inject({ method: "POST", url: "/v1/admin/partners", headers, payload });
  expect(response.json()).toMatchObject({ status: 400, detail: "The body is not UTF-8." });
  const json = { "content-type": "application/json" };
  const facade = await app.inject({ method: "POST", url: "/tiny", headers: json, payload });
  expect([facade.statusCode, facade.body]).toEqual([400, '{"oops":"INVALID_BODY"}']);
});

test("an unsigned call where signatures are required, and any call while stopping, are refused in the facade's envelope", async () => {
  const { app, deps, call, registry } = await tiny();
  registry.addSigningSecret("demo");
  registry.changePartner("demo", { signed: "required" });
  expect((await call()).said).toBe(refused(401, "SIGNATURE_INVALID"));
  const unsigned = await app.inject({ method: "POST", url: "/tiny/early", payload: {} });
  expect([unsigned.statusCode, unsigned.json().oops]).toEqual([401, "SIGNATURE_INVALID"]);
  deps.lifecycle.stopping = true;
  expect((await call()).said).toBe(refused(503, "STOPPING"));
});

test("a facade's signed calls cover their bodies, whether it asks who calls before or after they are read", async () => {
  const { app, registry } = await tiny();
  const { secret } = registry.addSigningSecret("demo");
  registry.changePartner("demo", { signed: "required" });
  const said = async (path: string, signed: string, payload: string) => {
    const headers = {
      "content-type": "application/json",
      "x-signature": signature(secret, { method: "POST", path, body: signed }),
    };
    return (await app.inject({ method: "POST", url: path, headers, payload })).body;
  };
  expect(await said("/tiny", '{"a":1}', '{"a":1}')).toBe('{"caller":"demo"}');
  expect(await said("/tiny/early", '{"a":1}', '{"a":1}')).toBe('{"early":true}');
  expect(await said("/tiny", '{"a":1}', '{"a":2}')).toBe('{"oops":"SIGNATURE_INVALID"}');
  expect(await said("/tiny/early", '{"a":1}', '{"a":2}')).toBe('{"oops":"SIGNATURE_INVALID"}');
});

test.each([
  [{ origin: "https://evil.example" }],
  [{ origin: "null" }],
  [{ "sec-fetch-site": "cross-site" }],
  [{ "sec-fetch-site": "same-origin" }],
  [{ host: "evil.example" }],
  [{ host: "evil.example:8080" }],
  [{ host: "127.0.0.1.evil.example" }],
  [{ host: "localhost.evil.example" }],
  [{ "x-forwarded-for": "203.0.113.5" }],
  [{ forwarded: "for=203.0.113.5" }],
  [{ via: "1.1 proxy" }],
])("a call without a key from loopback is refused with %j: a web page or a proxy may have sent it", async (headers) => {
  const { call, demo } = await tiny();
  expect((await call(headers)).said).toBe(refused(403, "FORBIDDEN"));
  expect((await call({ ...headers, ...demo.headers })).said).toBe('200 {"caller":"demo"}');
});

test.each(["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3", "gateway.internal:80"])(
  "a call without a key that names the service %s passes",
  async (host) => {
    const { call } = await tiny({}, { hosts: ["gateway.internal"] });
    expect((await call({ host })).said).toBe('200 {"caller":"demo"}');
  },
);
