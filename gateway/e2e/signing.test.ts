/** Signed requests against the running service, on the hot route and on cold ones. */
import { expect, test } from "vitest";
import { type Answer, inProcess, raw } from "./server.ts";
import { signature } from "./sign.ts";

const MASTER_KEY = "ab".repeat(32);
const credit = (id: string) => ({ commands: [{ id, type: "credit", account: "alice", amount: "1.00" }] });

/** A service whose partner `demo` has a signing secret. */
async function withSecret(signed: "required" | "optional") {
  const service = await inProcess({ MASTER_KEY });
  const made = await service.admin.send("POST", "/v1/admin/partners/demo/signing");
  const { secret, secretId } = made.body as unknown as { secret: string; secretId: string };
  const require_ = () => service.admin.send("PATCH", "/v1/admin/partners/demo", { signed });
  expect((await require_()).status).toBe(200);
  const send = (method: string, path: string, header: string | undefined, body?: string): Promise<Answer> =>
    service.demo.send(method, path, body, header === undefined ? {} : { "x-signature": header });
  const post = (header: string | undefined, body: string) => send("POST", "/v1/commands", header, body);
  return { ...service, secret, secretId, send, post };
}

const told = ({ status, body }: Answer) => `${status} ${body.code}`;
const INVALID = "401 SIGNATURE_INVALID";

test("on the hot route a good signature passes, and every other one is refused with nothing taken", async () => {
  const { secret, post, group } = await withSecret("required");
  const body = JSON.stringify(credit("a"));
  const request = { method: "POST", path: "/v1/commands", body };
  const good = signature(secret, request);
  const flipped = good.slice(0, -1) + (good.endsWith("0") ? "1" : "0");
  const refused: [string, string | undefined, string][] = [
    ["missing", undefined, body],
    ["another body", good, JSON.stringify(credit("b"))],
    ["one bit changed", flipped, body],
    ["another method", signature(secret, { ...request, method: "PUT" }), body],
    ["another path", signature(secret, { ...request, path: "/v1/commands?x" }), body],
    ["another secret", signature(`${secret}x`, request), body],
    ["no key", signature("", request), body],
    ["too old", signature(secret, { ...request, offset: -302 }), body],
    ["ahead", signature(secret, { ...request, offset: 302 }), body],
    ["another time than was signed", good.replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) - 7}`), body],
    ["empty", "", body],
    ["a version that is not known", good.replace("v1=", "v0="), body],
    ["cut", good.slice(0, -2), body],
    ["two of them", `${good}, ${good}`, body],
    ["upper case", good.toUpperCase(), body],
  ];
  for (const [title, header, text] of refused)
    expect([title, told(await post(header, text))]).toEqual([title, INVALID]);
  // A body that is no bucket is refused for its signature, before anything looks at what it says.
  expect(told(await post(good, "{"))).toBe(INVALID);
  expect((await group()).sequence).toBe(0);
  expect((await post(good, body)).status).toBe(202);
  expect((await post(signature(secret, { ...request, offset: -290 }), body)).status).toBe(202);
  expect((await post(signature(secret, { ...request, offset: 290 }), body)).status).toBe(202);
});

test("a signed request that is replayed has no second effect", async () => {
  const { secret, demo, url, send } = await withSecret("required");
  const body = JSON.stringify(credit("once"));
  const header = signature(secret, { method: "POST", path: "/v1/commands", body });
  const lines = [
    "POST /v1/commands HTTP/1.1",
    "host: x",
    `authorization: Bearer ${demo.key}`,
    `x-signature: ${header}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    "prefer: wait=5",
    "connection: close",
  ];
  const bytes = `${lines.join("\r\n")}\r\n\r\n${body}`;
  expect(await raw(url, [bytes])).toMatch(/^HTTP\/1\.1 200 .*"available":"1\.00"/s);
  expect(await raw(url, [bytes])).toMatch(/^HTTP\/1\.1 200 .*"available":"1\.00".*"duplicate":true/s);
  const path = "/v1/accounts/alice";
  const read = await send("GET", path, signature(secret, { method: "GET", path }));
  expect(read.body.available).toBe("1.00");
});

test("on cold routes the signature covers method, path, query and body, an empty one too", async () => {
  const { secret, demo, send } = await withSecret("required");
  const path = "/v1/results?after=0&limit=5";
  expect((await send("GET", path, signature(secret, { method: "GET", path }))).status).toBe(200);
  expect(told(await demo.get(path))).toBe(INVALID);
  expect(told(await send("GET", path, signature(secret, { method: "GET", path: "/v1/results?after=0" })))).toBe(
    INVALID,
  );
  const body = '{"accounts": ["alice"]}';
  const lookup = { method: "POST", path: "/v1/accounts/lookup", body };
  expect((await send("POST", lookup.path, signature(secret, lookup), body)).status).toBe(200);
  expect(told(await send("POST", lookup.path, signature(secret, lookup), '{"accounts":["alice"]}'))).toBe(INVALID);
  expect(told(await send("POST", lookup.path, signature(secret, { ...lookup, body: "" }), body))).toBe(INVALID);
});

test("where it is optional, a missing signature passes and a wrong one does not", async () => {
  const { secret, post } = await withSecret("optional");
  const body = JSON.stringify(credit("a"));
  expect((await post(undefined, body)).status).toBe(202);
  expect(told(await post(signature(`${secret}x`, { method: "POST", path: "/v1/commands", body }), body))).toBe(INVALID);
});

test("a partner's secret signs for that partner only", async () => {
  const { secret, admin, url, group } = await withSecret("required");
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "shop" })).body;
  await admin.send("POST", "/v1/admin/partners/shop/signing");
  const body = JSON.stringify(credit("a"));
  const answer = await fetch(`${url}/v1/commands`, {
    method: "POST",
    body,
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "x-signature": signature(secret, { method: "POST", path: "/v1/commands", body }),
    },
  });
  expect([answer.status, (await group()).sequence]).toEqual([401, 0]);
});

test("two secrets are live while one follows the other; a revoked one signs nothing, and the last one stays", async () => {
  const { secret, secretId, admin, post } = await withSecret("required");
  const path = "/v1/admin/partners/demo/signing";
  const second = (await admin.send("POST", path)).body as unknown as { secret: string; secretId: string };
  expect(told(await admin.send("POST", path))).toBe("409 CONFLICT");
  const body = JSON.stringify(credit("a"));
  const request = { method: "POST", path: "/v1/commands", body };
  for (const one of [secret, second.secret]) expect((await post(signature(one, request), body)).status).toBe(202);
  expect((await admin.send("DELETE", `${path}/${secretId}`)).status).toBe(204);
  expect(told(await post(signature(secret, request), body))).toBe(INVALID);
  expect((await post(signature(second.secret, request), body)).status).toBe(202);
  expect(told(await admin.send("DELETE", `${path}/${second.secretId}`))).toBe("409 CONFLICT");
  const shown = JSON.stringify((await admin.get("/v1/admin/partners")).body);
  expect(shown).toContain(second.secretId);
  expect(shown).not.toContain(second.secret);
});

test("signatures cannot be required of a partner without a secret, nor secrets made without a master key", async () => {
  const { admin } = await inProcess();
  expect(told(await admin.send("PATCH", "/v1/admin/partners/demo", { signed: "required" }))).toBe("409 CONFLICT");
  expect(told(await admin.send("POST", "/v1/admin/partners/demo/signing"))).toBe("409 CONFLICT");
  expect(told(await admin.send("POST", "/v1/admin/partners/nobody/signing"))).toBe("404 NOT_FOUND");
});
