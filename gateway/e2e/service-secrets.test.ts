/** Who may send orders and settle holds: secrets of services, keys of partners, and what neither may. */
import { expect, test } from "vitest";
import { Caller, mainOf, order, other, PATH, SUCCESS, secretOf, trial } from "./orders.ts";
import { Client, inProcess } from "./server.ts";

test("orders need a service's secret or a partner's key: others are refused in the envelope, with nothing taken", async () => {
  const { service, url, admin, group } = await trial();
  const before = [await group("g0"), await group("g1")];
  const refusals: readonly (readonly [Caller, Record<string, string>, number, string])[] = [
    [new Caller(url, undefined), {}, 401, "UNAUTHENTICATED"],
    [new Caller(url, "rs_live_nobody"), {}, 401, "UNAUTHENTICATED"],
    [new Caller(url, admin.key), {}, 403, "FORBIDDEN"],
    [service, { "content-type": "text/plain" }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [service, { authorization: "Basic abc" }, 401, "UNAUTHENTICATED"],
  ];
  for (const [caller, headers, status, code] of refusals) {
    const replied = await caller.send([order(1), other(1)], headers);
    expect([replied.status, replied.envelope.HttpCode, replied.envelope.Status]).toEqual([status, status, "error"]);
    expect(replied.envelope.ErrorDetail.ErrorList.startsWith(`${code}: `)).toBe(true);
    expect(replied.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="ringfence"' : null);
  }
  const free = { freeBytes: expect.any(Number) };
  expect([await group("g0"), await group("g1")]).toEqual([
    { ...before[0], ...free },
    { ...before[1], ...free },
  ]);
});

test("a partner's key sends its own orders, and cannot even tell which other partners there are", async () => {
  const { test, test1, url } = await trial();
  const own = new Caller(url, test.key);
  expect((await own.send([order(1)])).text).toBe(SUCCESS);
  for (const code of ["TEST1", "NOBODY"]) {
    const { status, envelope } = await own.send([order(2), other(2, { PartnerCode: code })]);
    expect([status, envelope.ErrorDetail.ErrorList]).toEqual([
      403,
      `/1/PartnerCode FOREIGN_PARTNER: The key is not that of partner "${code}".`,
    ]);
  }
  expect([await mainOf(test), await mainOf(test1)]).toEqual([
    ["9999999998000.00", "2000.00"],
    ["10000000000000.00", "0.00"],
  ]);
});

test("a suspended partner's key sends no orders", async () => {
  const { test, url, admin } = await trial();
  await admin.send("PATCH", "/v1/admin/partners/TEST", { status: "suspended" });
  const { status, envelope } = await new Caller(url, test.key).send([order(1)]);
  expect([status, envelope.ErrorDetail.ErrorList.slice(0, 17)]).toEqual([403, "PARTNER_SUSPENDED"]);
});

test("the secret is rotated without a refused request: make, be told, move, revoke", async () => {
  const { service, admin, url } = await trial();
  let id = 1;
  const send = async (caller: Caller) => {
    const { status, headers } = await caller.send([order(id), other(id++)]);
    return [status, headers.get("x-ringfence-secret")];
  };
  expect(await send(service)).toEqual([200, null]);
  const next = new Caller(url, await secretOf({ admin }, "gateway"));
  expect(await send(service)).toEqual([200, "outdated; current=2"]);
  expect(await send(next)).toEqual([200, null]);
  const refused = await service.send("[]");
  expect([refused.status, refused.headers.get("x-ringfence-secret")]).toEqual([400, "outdated; current=2"]);
  const third = await admin.send("POST", "/v1/admin/services", { id: "gateway" });
  expect([third.status, third.body.code]).toEqual([409, "CONFLICT"]);
  const listed = await admin.get("/v1/admin/services");
  expect((listed.body as { services: object[] }).services).toMatchObject([
    { id: "gateway", version: 1, current: false, due: false },
    { id: "gateway", version: 2, current: true, due: false },
  ]);
  expect((await admin.send("DELETE", "/v1/admin/services/gateway/versions/1")).status).toBe(204);
  expect(await send(service)).toEqual([401, null]);
  expect(await send(next)).toEqual([200, null]);
});

const release = (id: string, hold: string) => ({ id, type: "release", hold });
const capture = (id: string, hold: string, amount: string) => ({ id, type: "capture", hold, amount });

test("a service settles holds for the partner that it names: captures, releases, and reads what became of them", async () => {
  const { service, url, test, test1 } = await trial();
  await service.send([order(1), other(1), order(2)]);
  const settler = new Client(url, service.secret!);
  const named = (partner: string) => ({ "x-ringfence-partner": partner });
  const commands = [capture("c-1", "1", "1500.00"), release("r-1", "1"), release("r-2", "2")];
  const done = await settler.send("POST", "/v1/commands", { commands }, { ...named("TEST"), prefer: "wait=10" });
  expect([done.status, done.body.results!.map(({ code }) => code)]).toEqual([200, ["OK", "OK", "OK"]]);
  expect([await mainOf(test), await mainOf(test1)]).toEqual([
    ["9999999998500.00", "0.00"],
    ["9999999998000.00", "2000.00"],
  ]);
  const read = await settler.send("GET", "/v1/commands/c-1", undefined, named("TEST"));
  expect(read.body).toMatchObject({ id: "c-1", status: "applied" });
  expect((await settler.send("GET", "/v1/commands/c-1", undefined, named("TEST1"))).body.code).toBe(
    "COMMAND_NOT_FOUND",
  );
});

test("beyond that a service may nothing: no other type, no partner unnamed, no other route", async () => {
  const { service, url, group } = await trial();
  const settler = new Client(url, service.secret!);
  const named = { "x-ringfence-partner": "TEST" };
  const before = (await group("g0")).sequence;
  const types = [
    { id: "x", type: "credit", account: "main", amount: "1.00" },
    { id: "x", type: "debit", account: "main", amount: "1.00" },
    { id: "x", type: "transfer", account: "main", to: "mine", amount: "1.00" },
    { id: "x", type: "hold", account: "main", amount: "1.00" },
    { id: "x", type: "reverse", command: "fund" },
    { id: "x", type: "limits", account: "main", minBalance: "-1.00" },
    ...["open", "freeze", "unfreeze", "close"].map((type) => ({ id: "x", type, account: "main" })),
  ];
  for (const command of types) {
    const { status, body } = await settler.send(
      "POST",
      "/v1/commands",
      { commands: [release("r", "1"), command] },
      named,
    );
    expect([command.type, status, body.code]).toEqual([command.type, 403, "FORBIDDEN"]);
    expect(body.errors).toMatchObject([{ pointer: "/commands/1/type", code: "TYPE_NOT_ALLOWED" }]);
  }
  const send = async (method: string, path: string, headers: Record<string, string>) => {
    const { status, body } = await settler.send(
      method,
      path,
      method === "GET" ? undefined : { commands: [release("r", "1")] },
      headers,
    );
    return `${status} ${body.code}`;
  };
  expect(await send("POST", "/v1/commands", {})).toBe("403 FORBIDDEN");
  expect(await send("GET", "/v1/commands/1", {})).toBe("403 FORBIDDEN");
  expect(await send("POST", "/v1/commands", { "x-ringfence-partner": "NOBODY" })).toBe("404 NOT_FOUND");
  for (const path of ["/v1/accounts/main", "/v1/results", "/v1/accounts/main/entries", "/v1/admin/partners"]) {
    expect([path, await send("GET", path, named)]).toEqual([path, "403 FORBIDDEN"]);
  }
  expect((await group("g0")).sequence).toBe(before);
});

test("a suspended partner's holds are not settled, by nobody, until it is active again", async () => {
  const { service, url, admin, test } = await trial();
  await service.send([order(1)]);
  const settler = new Client(url, service.secret!);
  const named = { "x-ringfence-partner": "TEST", prefer: "wait=10" };
  const settle = () => settler.send("POST", "/v1/commands", { commands: [release("r", "1")] }, named);
  await admin.send("PATCH", "/v1/admin/partners/TEST", { status: "suspended" });
  const refused = await settle();
  expect([refused.status, refused.body.code]).toEqual([403, "PARTNER_SUSPENDED"]);
  expect((await settler.send("GET", "/v1/commands/1", undefined, named)).body.code).toBe("OK");
  await admin.send("PATCH", "/v1/admin/partners/TEST", { status: "active" });
  expect((await settle()).body.results![0]!.code).toBe("OK");
  expect(await mainOf(test)).toEqual(["10000000000000.00", "0.00"]);
});

test("a service that sends an old secret is told so on the native routes too, refused or not", async () => {
  const { service, url, admin } = await trial();
  await service.send([order(1)]);
  await secretOf({ admin }, "gateway");
  const settler = new Client(url, service.secret!);
  const named = { "x-ringfence-partner": "TEST" };
  const replies = [
    await settler.send("POST", "/v1/commands", { commands: [release("r", "1")] }, named),
    await settler.send("POST", "/v1/commands", { commands: [] }, named),
    await settler.send("GET", "/v1/commands/r", undefined, named),
    await settler.send("GET", "/v1/commands/unknown", undefined, named),
  ];
  expect(replies.map(({ status, headers }) => [status, headers.get("x-ringfence-secret")])).toEqual(
    [202, 400, 200, 404].map((status) => [status, "outdated; current=2"]),
  );
});

test("a partner's key may name its partner or none, and no other", async () => {
  const { test } = await trial();
  const named = (partner: string) => ({ "x-ringfence-partner": partner, prefer: "wait=10" });
  const credit = (id: string) => ({ commands: [{ id, type: "credit", account: "a", amount: "1.00" }] });
  expect((await test.send("POST", "/v1/commands", credit("a"), named("TEST"))).status).toBe(200);
  const refused = await test.send("POST", "/v1/commands", credit("b"), named("TEST1"));
  expect([refused.status, refused.body.code]).toEqual([403, "FORBIDDEN"]);
  expect((await test.send("GET", "/v1/commands/a", undefined, named("TEST1"))).status).toBe(403);
});

test("switched off, orders need no key, but a key that is sent still counts, and native routes need theirs", async () => {
  const { url, test, service } = await trial({ SERVICE_AUTH: "off" });
  expect((await new Caller(url, undefined).send([order(1), other(1)])).text).toBe(SUCCESS);
  expect((await service.send([order(2)])).text).toBe(SUCCESS);
  expect((await new Caller(url, "rs_live_nobody").send([order(3)])).status).toBe(401);
  expect((await new Caller(url, test.key).send([other(3)])).status).toBe(403);
  const response = await fetch(`${url}/v1/commands/1`, { headers: { "x-ringfence-partner": "TEST" } });
  expect(response.status).toBe(401);
});

test("health, other methods, the document, and the count of answers", async () => {
  const running = await trial();
  const { url, service, admin } = running;
  const health = await fetch(`${url}/balance/health-check`);
  expect([health.status, await health.text()]).toEqual([200, '{"status":"ok"}']);
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    const response = await fetch(url + PATH, { method });
    const envelope = (await response.json()) as { HttpCode: number; Status: string };
    expect([method, response.status, envelope.HttpCode, envelope.Status]).toEqual([method, 404, 404, "error"]);
  }
  await service.send([order(1)]);
  await service.send("[");
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('ringfence_order_requests_total{status="200"} 1');
  expect(metrics).toContain('ringfence_order_requests_total{status="400"} 1');
  expect(metrics).toContain('ringfence_service_secret_due{service="gateway"} 0');
  const { body } = await admin.get("/openapi.json");
  const { paths } = body as { paths: Record<string, Record<string, { security: object[]; responses: object }>> };
  expect(Object.keys(paths[PATH]!)).toEqual(["post"]);
  expect(paths[PATH]!.post!.security).toEqual([{ serviceSecret: [] }, { partnerKey: [] }]);
  expect(Object.keys(paths["/balance/health-check"]!.get!.responses).sort()).toEqual(["200", "4XX", "5XX"]);
});

test("with a period the older of two versions is shown with its end, three days behind its successor", async () => {
  const { admin } = await inProcess({ SERVICE_ROTATION_DAYS: "30", SERVICE_OVERLAP_DAYS: "3" });
  await admin.send("POST", "/v1/admin/services", { id: "gateway" });
  await admin.send("POST", "/v1/admin/services", { id: "gateway" });
  const { services } = (await admin.get("/v1/admin/services")).body as unknown as {
    services: { created: string; ends?: string }[];
  };
  expect(Date.parse(services[0]!.ends!) - Date.parse(services[1]!.created)).toBe(3 * 86_400_000);
  expect(services[1]!.ends).toBeUndefined();
});
