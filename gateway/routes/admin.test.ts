import { describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "../testing.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

const call = ({ app, admin }: TestGateway, method: Method, path: string, payload?: object) =>
  app.inject({ method, url: `/v1/admin${path}`, headers: admin, ...(payload === undefined ? {} : { payload }) });

const readsWith = ({ app }: TestGateway, key: string) =>
  app.inject({ url: "/v1/results", headers: { authorization: `Bearer ${key}` } });

describe("partners", () => {
  it("are made with a key that works, shown once", async () => {
    const gateway = await testGateway();
    const made = await call(gateway, "POST", "/partners", { id: "shop", currency: "USD", strict: true });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toEqual({
      id: "shop",
      group: "g0",
      currency: "USD",
      keyId: expect.stringMatching(/^key_/),
      key: expect.stringMatching(/^rk_live_/),
    });
    expect((await readsWith(gateway, made.json().key)).statusCode).toBe(200);
    const list = await call(gateway, "GET", "/partners");
    expect(list.body).not.toContain(made.json().key);
    expect(list.json().partners).toMatchObject([{ id: "demo" }, { id: "shop", strict: true, status: "active" }]);
  });

  it("default to the first group and CNY", async () => {
    const made = await call(await testGateway(), "POST", "/partners", { id: "shop" });
    expect(made.json()).toMatchObject({ group: "g0", currency: "CNY" });
  });

  it.each([
    [{}, "/id"],
    [{ id: "a b" }, "/id"],
    [{ id: "a".repeat(65) }, "/id"],
    [{ id: "a", group: "g9" }, "/group"],
    [{ id: "a", currency: "ZZZ" }, "/currency"],
    [{ id: "a", strict: "true" }, "/strict"],
    [{ id: "a", minAmount: 5 }, "/minAmount"],
    [{ id: "a", minAmount: "0.001" }, "/minAmount"],
    [{ id: "a", index: 7 }, "/index"],
  ])("are refused with a pointer: %j", async (payload, pointer) => {
    const response = await call(await testGateway(), "POST", "/partners", payload);
    expect(response.json()).toMatchObject({ status: 400, code: "INVALID_BODY", errors: [{ pointer }] });
  });

  it("are made once", async () => {
    const response = await call(await testGateway(), "POST", "/partners", { id: "demo" });
    expect([response.statusCode, response.json().code]).toEqual([409, "CONFLICT"]);
  });

  it("are changed field by field: absent keeps, null removes", async () => {
    const gateway = await testGateway();
    await call(gateway, "PATCH", "/partners/demo", { minAmount: "1.00", maxAmount: "9.00" });
    const changed = await call(gateway, "PATCH", "/partners/demo", { minAmount: null, status: "suspended" });
    expect(changed.json()).toMatchObject({ id: "demo", maxAmount: "9.00", status: "suspended" });
    expect(changed.json()).not.toHaveProperty("minAmount");
  });

  it.each([
    ["/partners/nobody", { strict: true }, 404, "NOT_FOUND"],
    ["/partners/demo", {}, 400, "INVALID_BODY"],
    ["/partners/demo", { id: "other" }, 400, "INVALID_BODY"],
    ["/partners/demo", { status: "gone" }, 400, "INVALID_BODY"],
    ["/partners/demo", { group: "g9" }, 409, "CONFLICT"],
  ])("are not changed by PATCH %s %j", async (path, payload, status, code) => {
    const response = await call(await testGateway(), "PATCH", path, payload);
    expect([response.statusCode, response.json().code]).toEqual([status, code]);
  });

  it("are listed by the thousand, to go on with a cursor", async () => {
    const gateway = await testGateway();
    for (let count = 1; count <= 1000; count++) gateway.registry.addPartner(`p${count}`, {});
    const first = (await call(gateway, "GET", "/partners")).json();
    expect([first.partners.length, first.partners[0].id]).toEqual([1000, "demo"]);
    const rest = (await call(gateway, "GET", `/partners?cursor=${first.cursor}`)).json();
    expect(rest.partners.map(({ id }: { id: string }) => id)).toEqual(["p1000"]);
    expect(rest).not.toHaveProperty("cursor");
  });
});

describe("keys", () => {
  it("of a partner rotate without a moment in which none works", async () => {
    const gateway = await testGateway();
    const [old] = (await call(gateway, "GET", "/partners")).json().partners[0].keys;
    const made = await call(gateway, "POST", "/partners/demo/keys");
    expect(made.statusCode).toBe(201);
    expect((await call(gateway, "POST", "/partners/demo/keys")).json().code).toBe("CONFLICT");
    expect((await call(gateway, "DELETE", `/partners/demo/keys/${old.keyId}`)).statusCode).toBe(204);
    expect((await readsWith(gateway, made.json().key)).statusCode).toBe(200);
    const response = await gateway.app.inject({ url: "/v1/results", headers: gateway.demo.headers });
    expect(response.statusCode).toBe(401);
    expect((await call(gateway, "DELETE", `/partners/demo/keys/${old.keyId}`)).json().code).toBe("NOT_FOUND");
  });

  it("of the admin rotate: make the next, revoke the first with it", async () => {
    const gateway = await testGateway();
    const [first] = (await call(gateway, "GET", "/keys")).json().keys;
    expect((await call(gateway, "DELETE", `/keys/${first.keyId}`)).json().code).toBe("CONFLICT");
    const made = (await call(gateway, "POST", "/keys")).json();
    const next = { ...gateway, admin: { authorization: `Bearer ${made.key}` } };
    expect((await call(next, "DELETE", `/keys/${first.keyId}`)).statusCode).toBe(204);
    expect((await call(gateway, "GET", "/keys")).statusCode).toBe(401);
    expect((await call(next, "GET", "/keys")).json().keys).toMatchObject([{ keyId: made.keyId }]);
  });

  it("of a service count their versions", async () => {
    const gateway = await testGateway();
    const first = await call(gateway, "POST", "/services", { id: "ledger" });
    const second = await call(gateway, "POST", "/services", { id: "ledger" });
    expect([first.json(), second.json()]).toMatchObject([
      { id: "ledger", version: 1, secret: expect.stringMatching(/^rs_live_/) },
      { id: "ledger", version: 2 },
    ]);
    expect((await call(gateway, "DELETE", "/services/ledger/versions/1")).statusCode).toBe(204);
    expect((await call(gateway, "GET", "/services")).json().services).toMatchObject([{ id: "ledger", version: 2 }]);
  });

  it("are never logged", async () => {
    const gateway = await testGateway();
    const keys = [
      (await call(gateway, "POST", "/partners", { id: "shop" })).json().key,
      (await call(gateway, "POST", "/services", { id: "ledger" })).json().secret,
      (await call(gateway, "POST", "/keys")).json().key,
    ];
    expect(gateway.lines.length).toBeGreaterThanOrEqual(3);
    expect(keys.filter((key) => gateway.lines.join().includes(key))).toEqual([]);
  });
});

describe("currencies", () => {
  it("are registered for good, and usable at once", async () => {
    const gateway = await testGateway();
    expect((await call(gateway, "POST", "/currencies", { code: "POINTS", scale: 3 })).statusCode).toBe(201);
    expect((await call(gateway, "POST", "/currencies", { code: "POINTS", scale: 2 })).json().code).toBe("CONFLICT");
    gateway.group.put(1, { account: "alice", currency: 1000, available: { hi: 0, lo: 1500 } });
    const response = await gateway.app.inject({
      url: "/v1/accounts/alice?currency=POINTS",
      headers: gateway.demo.headers,
    });
    expect(response.json()).toMatchObject({ currency: "POINTS", available: "1.500" });
  });

  it.each([
    { code: "points", scale: 0 },
    { code: "", scale: 0 },
    { code: "ABCDEFGHIJKLM", scale: 0 },
    { code: "A", scale: 19 },
    { code: "A", scale: 1.5 },
    { code: "A", scale: "2" },
  ])("outside their bounds are refused: %j", async (payload) => {
    expect((await call(await testGateway(), "POST", "/currencies", payload)).json().code).toBe("INVALID_BODY");
  });
});

describe("groups", () => {
  it("show their lags, their ring and their state's hash", async () => {
    const { groups } = (await call(await testGateway(), "GET", "/groups")).json();
    expect(groups).toMatchObject([
      {
        name: "g0",
        state: "serving",
        sequence: 10,
        durable: 9,
        published: 7,
        lags: { durable: 1, published: 2 },
        ring: { fill: 0.25 },
        stateHash: "ab",
      },
    ]);
  });

  it("that are down are shown with the reason, and without a hash", async () => {
    const gateway = await testGateway();
    gateway.group.overrides = { state: "down", reason: "segment 3 is damaged" };
    gateway.group.failure = "GROUP_DOWN";
    const { groups } = (await call(gateway, "GET", "/groups")).json();
    expect(groups).toMatchObject([{ state: "down", reason: "segment 3 is damaged", stateHash: null }]);
  });

  it("write a snapshot and verify their journal on demand", async () => {
    const gateway = await testGateway();
    expect((await call(gateway, "POST", "/groups/g0/snapshot")).json()).toEqual({ sequence: 9 });
    expect((await call(gateway, "POST", "/groups/g0/verify")).json()).toEqual(gateway.group.verdict);
  });

  it("whose journal does not verify say so, and it is logged as an error", async () => {
    const gateway = await testGateway();
    gateway.group.verdict = { ...gateway.group.verdict, ok: false, report: "frame 7: hash" };
    expect((await call(gateway, "POST", "/groups/g0/verify")).json()).toMatchObject({
      ok: false,
      report: "frame 7: hash",
    });
    expect(gateway.lines.join()).toContain('"level":50');
  });

  it.each(["snapshot", "verify"])("that are not there have no %s", async (action) => {
    const response = await call(await testGateway(), "POST", `/groups/g9/${action}`);
    expect([response.statusCode, response.json().code]).toEqual([404, "NOT_FOUND"]);
  });

  it("show each store's watermark, lag and state", async () => {
    const gateway = await testGateway();
    const status = { name: "sqlite", group: "g0", watermark: 7, lag: 2, state: "following" } as const;
    gateway.stores.statuses.push(status);
    expect((await call(gateway, "GET", "/stores")).json()).toEqual({ stores: [status] });
  });
});
