import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { ApiError } from "./errors.ts";
import type { Facade } from "./facades/facade.ts";
import { HEADER_BYTES_MAX } from "./limits.ts";
import { testGateway } from "./testing.ts";

/** Sends bytes to the listening app, and gives back all that comes until the socket closes. */
async function raw(origin: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => {
    socket.destroy();
  });
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write(bytes);
  await once(socket, "close");
  return text;
}

describe("the request id", () => {
  it.each(["a", "A-b_c.d:e", "x".repeat(64)])("is echoed: %s", async (id) => {
    const { app } = await testGateway();
    const response = await app.inject({ url: "/nowhere", headers: { "x-request-id": id } });
    expect([response.headers["x-request-id"], response.json().requestId]).toEqual([id, id]);
  });

  it.each(["", "a b", "ä", "x".repeat(65), "a\u0001"])("is made anew where it is not one: %j", async (id) => {
    const { app } = await testGateway();
    const response = await app.inject({ url: "/health", headers: { "x-request-id": id } });
    expect(response.headers["x-request-id"]).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
    expect(response.headers["x-request-id"]).not.toBe(id);
  });

  it("is never made twice", async () => {
    const { app } = await testGateway();
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => (await app.inject("/health")).headers["x-request-id"]),
    );
    expect(new Set(ids).size).toBe(50);
  });
});

describe("an error", () => {
  const post = (payload: string, type: string | undefined) => ({
    method: "POST" as const,
    url: "/v1/accounts/lookup",
    payload,
    ...(type === undefined ? {} : { headers: { "content-type": type } }),
  });

  it.each([
    ["half an object", "{", "application/json", 400, "INVALID_BODY"],
    ["__proto__", '{"__proto__":{}}', "application/json", 400, "INVALID_BODY"],
    ["nothing", "", "application/json", 400, "INVALID_BODY"],
    ["a form", "a=b", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["plain text", "{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["300 KB", `"${"x".repeat(300_000)}"`, "application/json", 413, "BODY_TOO_LARGE"],
  ])("for a body that is %s is a problem", async (_, payload, type, status, code) => {
    const { app, demo } = await testGateway();
    const call = post(payload, type);
    const response = await app.inject({ ...call, headers: { ...call.headers, ...demo.headers } });
    expect(response.statusCode).toBe(status);
    expect(response.headers["content-type"]).toBe("application/problem+json");
    expect(response.json()).toMatchObject({ type: `urn:ringfence:error:${code}`, status, code });
  });

  it.each(["/nowhere", "/v1/nothing", "/v1/accounts", "/v1/accounts/a/b"])("for %s is a 404 problem", async (url) => {
    const { app } = await testGateway();
    const response = await app.inject(url);
    expect([response.statusCode, response.json().code]).toEqual([404, "NOT_FOUND"]);
  });

  it.each(["/v1/accounts/%zz", "/%"])("for the path %s is a 400 problem", async (url) => {
    const { app, demo } = await testGateway();
    const response = await app.inject({ url, headers: demo.headers });
    expect([response.statusCode, response.json().code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("that is a fault of ours is logged with its stack, and shows the client none of it", async () => {
    const { app, group, demo, lines } = await testGateway();
    group.account = async () => {
      throw new Error("secret detail at /some/path");
    };
    const response = await app.inject({ url: "/v1/accounts/alice", headers: demo.headers });
    expect([response.statusCode, response.json().code]).toEqual([500, "INTERNAL"]);
    expect(response.body).not.toMatch(/secret detail|stack|\.ts/);
    expect(lines.join()).toContain("secret detail");
    expect(lines.join()).toContain(response.json().requestId);
    expect(lines.join()).not.toContain(demo.headers.authorization);
  });

  it("thrown on the hot route is a problem with the same headers", async () => {
    const { app } = await testGateway();
    const response = await app.inject({ method: "POST", url: "/v1/commands" });
    expect([response.statusCode, response.json().code]).toEqual([401, "UNAUTHENTICATED"]);
    expect(response.headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
  });

  it.each([
    "RATE_LIMITED",
    "OVERLOADED",
    "GROUP_DOWN",
    "OUTCOME_UNKNOWN",
    "DISK_FULL",
    "GROUP_FULL",
    "STOPPING",
  ] as const)("%s carries Retry-After, for 429 and 503 always do", (code) => {
    expect(new ApiError(code).retryAfterSeconds).toBe(1);
    expect(new ApiError(code, "x", { retryAfterSeconds: 7 }).retryAfterSeconds).toBe(7);
  });
});

describe("every reply", () => {
  it.each(["/health", "/nowhere", "/v1/results", "/metrics", "/openapi.json"])(
    "of %s forbids sniffing, framing and keeping, and allows no other origin",
    async (url) => {
      const { app, demo } = await testGateway();
      const { headers } = await app.inject({ url, headers: { ...demo.headers, origin: "https://evil.example" } });
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      });
      expect(
        Object.keys(headers).filter((name) => name.startsWith("access-control") || name === "x-powered-by"),
      ).toEqual([]);
    },
  );
});

describe("the listener's surface", () => {
  const statuses = async (surface: "partners" | "operators", headers: "demo" | "admin", urls: readonly string[]) => {
    const gateway = await testGateway(surface);
    const auth = headers === "demo" ? gateway.demo.headers : gateway.admin;
    return Promise.all(urls.map(async (url) => (await gateway.app.inject({ url, headers: auth })).statusCode));
  };

  it("for partners has neither admin nor metrics nor docs", async () => {
    expect(await statuses("partners", "admin", ["/v1/admin/groups", "/metrics", "/docs", "/docs/json"])).toEqual([
      404, 404, 404, 404,
    ]);
    expect(await statuses("partners", "demo", ["/v1/results", "/health", "/ready", "/openapi.json"])).toEqual([
      200, 200, 200, 200,
    ]);
  });

  it("for operators has no partner routes", async () => {
    expect(await statuses("operators", "demo", ["/v1/results", "/v1/accounts/a"])).toEqual([404, 404]);
    expect(await statuses("operators", "admin", ["/v1/admin/groups", "/metrics", "/docs/", "/health"])).toEqual([
      200, 200, 200, 200,
    ]);
  });
});

describe("/docs", () => {
  it("asks for nothing from elsewhere, and does not insist on TLS", async () => {
    const { app } = await testGateway();
    const policy = (await app.inject("/docs/")).headers["content-security-policy"];
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/https:|validator|upgrade-insecure/);
  });
});

describe("what is not HTTP", () => {
  it.each([
    ["garbage", "NOT HTTP AT ALL\r\n\r\n", "400", "INVALID_REQUEST"],
    [
      "too many header bytes",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(HEADER_BYTES_MAX)}\r\n\r\n`,
      "431",
      "HEADERS_TOO_LARGE",
    ],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "400",
      "INVALID_REQUEST",
    ],
  ])("(%s) is answered with a problem, and the socket is closed", async (_, bytes, status, code) => {
    const { app } = await testGateway();
    await app.listen({ port: 0 });
    const text = await raw(app.listeningOrigin, bytes);
    expect(text.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4))).toMatchObject({ code });
  });

  it("is cut off in time: headers within 10 s, requests within 30 s, connections on which nothing moves within 60 s", async () => {
    const { app } = await testGateway();
    const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = app.server;
    expect([headersTimeout, requestTimeout, timeout, keepAliveTimeout]).toEqual([10_000, 30_000, 60_000, 72_000]);
  });

  it("is refused, and its connection closed, though the client keeps its half open and says no more", async () => {
    const { app } = await testGateway();
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = new URL(app.listeningOrigin);
    const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    const [served] = (await once(app.server, "connection")) as [Socket];
    const closed = once(served, "close").then(() => "closed");
    socket.write("NOT HTTP\r\n\r\n");
    await once(socket.resume(), "end");
    expect(await Promise.race([closed, setTimeout(20_000, "open")])).toBe("closed");
  });

  it("frees the socket of a client that asks and never reads", async () => {
    const large: Facade = {
      name: "large",
      register: (scope) => void scope.get("/large", () => "x".repeat(64 << 20)),
      refuse: () => {},
    };
    const { app } = await testGateway("both", { facades: [large] });
    await app.listen({ port: 0, host: "127.0.0.1" });
    app.server.setTimeout(300);
    const socket = connect(Number(new URL(app.listeningOrigin).port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    const [served] = (await once(app.server, "connection")) as [Socket];
    socket.write("GET /large HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(served, "close");
    expect(socket.bytesRead).toBeLessThan(64 << 20);
  });
});

describe("while stopping", () => {
  it("partner and admin routes answer STOPPING, health goes on, ready does not", async () => {
    const { app, deps, demo, admin } = await testGateway();
    deps.lifecycle.stopping = true;
    const code = async (url: string, headers = {}) => (await app.inject({ url, headers })).json().code ?? "ok";
    expect(await Promise.all([code("/v1/results", demo.headers), code("/v1/admin/groups", admin)])).toEqual([
      "STOPPING",
      "STOPPING",
    ]);
    expect([await code("/health"), await code("/ready")]).toEqual(["ok", "STOPPING"]);
  });
});

describe("closing", () => {
  it("answers what is under way, and is not held up by the connection that stays open after it", async () => {
    const { app, group, demo } = await testGateway();
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<undefined>();
    group.account = () => {
      asked.resolve();
      return gate.promise;
    };
    await app.listen({ port: 0 });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const answered = once(
      get(`${app.listeningOrigin}/v1/accounts/alice`, { agent, headers: demo.headers }),
      "response",
    );
    await asked.promise;
    const closed = app.close();
    setTimeout(200).then(() => gate.resolve(undefined));
    const [reply] = (await answered) as [IncomingMessage];
    reply.resume();
    const began = performance.now();
    await closed;
    expect(reply.statusCode).toBe(404);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
