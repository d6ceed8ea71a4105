/** The edge on the fast path of request-balance: the same guards as on the native one, in its own envelope. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Caller, mainOf, order, PATH, SUCCESS, trial } from "./orders.ts";
import { signature } from "./sign.ts";

const MASTER_KEY = createHash("sha256").update("of this test").digest("hex");

test("a partner's orders must be signed where it asks for it, and a service's are not, for it acts for many", async () => {
  const { url, admin, test: partner, service } = await trial({ MASTER_KEY });
  const { secret } = (await admin.send("POST", "/v1/admin/partners/TEST/signing")).body as unknown as {
    secret: string;
  };
  expect((await admin.send("PATCH", "/v1/admin/partners/TEST", { signed: "required" })).status).toBe(200);
  const caller = new Caller(url, partner.key);
  const body = JSON.stringify([order(1)]);
  const header = (over: string) => ({ "x-signature": signature(secret, { method: "POST", path: PATH, body: over }) });
  expect((await caller.send(body)).status).toBe(401);
  const refused = await caller.send(body, header("[]"));
  expect([refused.status, refused.envelope.HttpCode, refused.envelope.Status]).toEqual([401, 401, "error"]);
  expect((await caller.send(body, header(body))).text).toBe(SUCCESS);
  expect((await service.send([order(2)])).text).toBe(SUCCESS);
});

test("orders without a key are refused to web pages, foreign names and proxies, and nothing is taken", async () => {
  const { url, test: partner } = await trial({ SERVICE_AUTH: "off" });
  const before = await mainOf(partner);
  for (const headers of [
    { origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "x-forwarded-for": "203.0.113.5" },
  ]) {
    const { status, envelope } = await new Caller(url, undefined).send([order(1)], headers);
    expect([headers, status, envelope.Status]).toEqual([headers, 403, "error"]);
  }
  expect(await mainOf(partner)).toEqual(before);
});

test("a partner beyond its rate is refused by request-balance in its own envelope, with Retry-After", async () => {
  const { url, test: partner } = await trial({ RATE_LIMIT: "1", RATE_BURST: "3" });
  const caller = new Caller(url, partner.key);
  let answer = await caller.send([order(1)]);
  for (let i = 2; i < 40 && answer.status !== 429; i++) answer = await caller.send([order(i)]);
  expect([answer.status, answer.envelope.HttpCode, answer.headers.get("retry-after")]).toEqual([429, 429, "1"]);
});

test("every answer of request-balance has the security headers", async () => {
  const { url, service } = await trial();
  for (const answer of [await service.send([order(1)]), await service.send("["), await new Caller(url, "x").send([])]) {
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  }
});
