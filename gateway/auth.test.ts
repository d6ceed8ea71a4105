import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { TestGateway } from "./testing.ts";
import { testGateway } from "./testing.ts";

interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
}

/** Every operation that the gateway documents, with something in the place of each parameter. */
async function calls({ app }: TestGateway, of: (path: string) => boolean): Promise<Call[]> {
  const { paths } = (await app.inject("/openapi.json")).json();
  return Object.entries(paths as Record<string, object>)
    .filter(([path]) => of(path))
    .flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({
        method: method.toUpperCase() as Call["method"],
        url: path.replace(/\{[^}]+\}/g, "1"),
      })),
    );
}

const isAdmin = (path: string) => path.startsWith("/v1/admin");
const isPartner = (path: string) => path.startsWith("/v1/") && !isAdmin(path);

async function codes({ app }: TestGateway, list: readonly Call[], headers: Record<string, string>): Promise<string[]> {
  const seen = new Set<string>();
  for (const call of list) {
    const response = await app.inject({ ...call, headers });
    seen.add(`${response.statusCode} ${response.json().code}`);
  }
  return [...seen];
}

describe("every route under /v1", () => {
  it("answers 401 without a key, and says which scheme", async () => {
    const gateway = await testGateway();
    const all = await calls(gateway, (path) => path.startsWith("/v1/"));
    expect(all.length).toBeGreaterThan(20);
    expect(await codes(gateway, all, {})).toEqual(["401 UNAUTHENTICATED"]);
    expect((await gateway.app.inject("/v1/results")).headers["www-authenticate"]).toMatch(/^Bearer/);
  });

  it.each(["Basic abc", "Bearer", "Bearer ", "Bearer rk_live_unknown", "Bearer a b", `Bearer ${"a".repeat(500)}`, ""])(
    "answers 401 to Authorization: %s",
    async (authorization) => {
      const gateway = await testGateway();
      const all = await calls(gateway, (path) => path.startsWith("/v1/"));
      expect(await codes(gateway, all, { authorization })).toEqual(["401 UNAUTHENTICATED"]);
    },
  );

  it("of the admin's answers 403 to a partner's key", async () => {
    const gateway = await testGateway();
    expect(await codes(gateway, await calls(gateway, isAdmin), gateway.demo.headers)).toEqual(["403 FORBIDDEN"]);
  });

  it("of the partners' answers 403 to an admin's key", async () => {
    const gateway = await testGateway();
    expect(await codes(gateway, await calls(gateway, isPartner), gateway.admin)).toEqual(["403 FORBIDDEN"]);
  });

  it("answers 403 to a service's secret, for none of them acts for a partner that is not named", async () => {
    const gateway = await testGateway();
    const { secret } = gateway.registry.addService("ledger");
    const all = await calls(gateway, (path) => path.startsWith("/v1/"));
    expect(await codes(gateway, all, { authorization: `Bearer ${secret}` })).toEqual(["403 FORBIDDEN"]);
  });

  it("asks for the key before it looks at the request", async () => {
    const { app } = await testGateway();
    const response = await app.inject({ method: "POST", url: "/v1/accounts/lookup", payload: "{", headers: {} });
    expect(response.statusCode).toBe(401);
  });
});

describe("a partner's key", () => {
  it("is known by any case of the scheme's name", async () => {
    const { app, demo } = await testGateway();
    const authorization = demo.headers.authorization.replace("Bearer", "bearer");
    expect((await app.inject({ url: "/v1/results", headers: { authorization } })).statusCode).toBe(200);
  });

  it("stops working at once when revoked, on a connection that proved it before", async () => {
    const { deps, registry, demo } = await testGateway();
    const socket = new Socket();
    const ask = () => deps.authenticator.principal(socket, demo.headers.authorization)?.kind;
    expect([ask(), ask()]).toEqual(["partner", "partner"]);
    registry.revokePartnerKey("demo", registry.partnerKeys("demo")[0]!.keyId);
    expect([ask(), ask()]).toEqual([undefined, undefined]);
  });

  it("does not lend its rights to another header on the same connection (I12)", async () => {
    const { deps, demo, other, admin } = await testGateway();
    const shop = other("shop");
    const socket = new Socket();
    const ask = (authorization?: string) => {
      const principal = deps.authenticator.principal(socket, authorization);
      return principal?.kind === "partner" ? principal.partner.id : principal?.kind;
    };
    const asked = [demo.headers.authorization, shop.headers.authorization, undefined, "Bearer x", admin.authorization];
    expect([...asked, ...asked].map(ask)).toEqual([
      ...["demo", "shop", undefined, undefined, "admin"],
      ...["demo", "shop", undefined, undefined, "admin"],
    ]);
  });

  it("shows its partner's new settings on a connection that proved it before", async () => {
    const { deps, registry, demo } = await testGateway();
    const socket = new Socket();
    const write = () => deps.authenticator.writingPartner(socket, demo.headers.authorization);
    expect(write().strict).toBe(false);
    registry.changePartner("demo", { strict: true });
    expect(write().strict).toBe(true);
    registry.changePartner("demo", { status: "suspended" });
    expect(write).toThrow(expect.objectContaining({ code: "PARTNER_SUSPENDED" }));
  });

  it("of a suspended partner reads, but sends no commands", async () => {
    const { app, registry, demo } = await testGateway();
    const send = () => app.inject({ method: "POST", url: "/v1/commands", headers: demo.headers, payload: {} });
    expect((await send()).statusCode).toBe(202);
    registry.changePartner("demo", { status: "suspended" });
    const refused = await send();
    expect([refused.statusCode, refused.json().code]).toEqual([403, "PARTNER_SUSPENDED"]);
    expect((await app.inject({ url: "/v1/results", headers: demo.headers })).statusCode).toBe(200);
    const lookup = { method: "POST" as const, url: "/v1/accounts/lookup", payload: { accounts: ["a"] } };
    expect((await app.inject({ ...lookup, headers: demo.headers })).statusCode).toBe(200);
  });
});
