import { expect, test } from "vitest";
import { Caller, type Exchange } from "../../e2e/exchange.ts";
import { inProcess, type Running } from "../../e2e/server.ts";

const BASE = "/api/v1/wallet";
const callerOf = ({ url, demo }: Running) => new Caller(url, demo.key);
const codeOf = ({ text }: Exchange): string => JSON.parse(text).error.code;
const errorOf = (exchange: Exchange) => `${exchange.status} ${codeOf(exchange)}`;

test("balance, credit and debit answer as the wallet always has, with two decimals", async () => {
  const wallet = callerOf(await inProcess());
  const credit = await wallet.post(`${BASE}/123456/credit`, '{"amount":1000.00}');
  expect(credit.status).toBe(200);
  expect(credit.text).toMatch(
    /^\{"account_id":"123456","balance":1000\.00,"transaction_id":"tx_r\.[A-Za-z0-9_-]{22}"\}$/,
  );
  const debit = await wallet.post(`${BASE}/123456/debit`, '{"amount":"0.1"}');
  expect(debit.text).toMatch(
    /^\{"account_id":"123456","balance":999\.90,"transaction_id":"tx_r\.[A-Za-z0-9_-]{22}"\}$/,
  );
  const balance = await wallet.get(`${BASE}/123456/balance`);
  expect([balance.status, balance.text]).toEqual([200, '{"account_id":"123456","balance":999.90}']);
  expect(balance.headers.get("content-type")).toBe("application/json; charset=utf-8");
});

test("the balance is what is available, and the native API sees the same account", async () => {
  const running = await inProcess();
  await running.demo.one({ id: "c", type: "credit", account: "a", amount: "10.00" });
  await running.demo.one({ id: "h", type: "hold", account: "a", amount: "2.50" });
  expect((await callerOf(running).get(`${BASE}/a/balance`)).text).toBe('{"account_id":"a","balance":7.50}');
});

test("a transaction_id names its command: `wl:` and the id behind it", async () => {
  const running = await inProcess();
  const { text } = await callerOf(running).post(`${BASE}/a/credit`, '{"amount":1}');
  const { transaction_id } = JSON.parse(text);
  const { body } = await running.demo.get(`/v1/commands/wl:${transaction_id}`);
  expect(body).toMatchObject({ code: "OK", available: "1.00" });
});

test("every figure keeps its digits far beyond a float's", async () => {
  const wallet = callerOf(await inProcess());
  await wallet.post(`${BASE}/a/credit`, '{"amount":9999999999999999999999999.98}');
  await wallet.post(`${BASE}/a/credit`, '{"amount":0.01}');
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":9999999999999999999999999.99}');
});

const REFUSED_AMOUNTS = [
  ["0", "above zero"],
  ["0.00", "above zero"],
  ["-1", "without sign"],
  ["-0", "without sign"],
  ["0.001", "more than 2 decimal places"],
  ["10.000", "more than 2 decimal places"],
  ["1e2", "without sign and exponent"],
  ["1e400", "without sign and exponent"],
  ["10000000000000000000000000", "more than 25 digits"],
  ['"ten"', "plain decimal"],
  ['" 10"', "plain decimal"],
  ['"01"', "plain decimal"],
  ['""', "plain decimal"],
  ["null", "must be a number"],
  ["true", "must be a number"],
  ["[10]", "must be a number"],
  ['{"a":1}', "must be a number"],
] as const;

test("an amount that is not plainly one is INVALID_AMOUNT, says why, leaves no trace and burns no key", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  for (const [amount, why] of REFUSED_AMOUNTS) {
    const refused = await wallet.post(`${BASE}/a/credit`, `{"amount":${amount}}`, "same");
    expect([amount, errorOf(refused)]).toEqual([amount, "400 INVALID_AMOUNT"]);
    expect(refused.text).toContain(why);
  }
  expect((await running.group()).sequence).toBe(0);
  expect((await wallet.post(`${BASE}/a/credit`, '{"amount":1}', "same")).status).toBe(200);
});

test("a missing amount is INVALID_AMOUNT; other faults of a body are INVALID_BODY", async () => {
  const wallet = callerOf(await inProcess());
  expect(errorOf(await wallet.post(`${BASE}/a/debit`, "{}"))).toBe("400 INVALID_AMOUNT");
  for (const body of ["", "[]", "10", "null", "{", '{"amount":1,"currency":"USD"}', '{"__proto__":{"amount":1}}']) {
    expect([body, errorOf(await wallet.post(`${BASE}/a/debit`, body))]).toEqual([body, "400 INVALID_BODY"]);
  }
});

test("the partner's own bounds of an amount are INVALID_AMOUNT too", async () => {
  const running = await inProcess();
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { maxAmount: "50.00" });
  expect(errorOf(await callerOf(running).post(`${BASE}/a/credit`, '{"amount":50.01}'))).toBe("400 INVALID_AMOUNT");
});

test("an unknown account is 404, except that a credit opens it where the partner is not strict", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  expect(errorOf(await wallet.get(`${BASE}/nobody/balance`))).toBe("404 ACCOUNT_NOT_FOUND");
  expect(errorOf(await wallet.get(`${BASE}/nobody/transactions`))).toBe("404 ACCOUNT_NOT_FOUND");
  expect(errorOf(await wallet.post(`${BASE}/nobody/debit`, '{"amount":1}'))).toBe("404 ACCOUNT_NOT_FOUND");
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { strict: true });
  expect(errorOf(await wallet.post(`${BASE}/nobody/credit`, '{"amount":1}'))).toBe("404 ACCOUNT_NOT_FOUND");
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { strict: false });
  expect((await wallet.post(`${BASE}/nobody/credit`, '{"amount":1}')).status).toBe(200);
});

test("what the account does not allow is refused by name, and changes nothing", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  await running.demo.post([
    { id: "o", type: "open", account: "a", maxBalance: "10.00" },
    { id: "z", type: "open", account: "gone" },
    { id: "x", type: "close", account: "gone" },
  ]);
  await wallet.post(`${BASE}/a/credit`, '{"amount":10}');
  expect(errorOf(await wallet.post(`${BASE}/a/debit`, '{"amount":10.01}'))).toBe("422 INSUFFICIENT_BALANCE");
  expect(errorOf(await wallet.post(`${BASE}/a/credit`, '{"amount":0.01}'))).toBe("422 BALANCE_LIMIT");
  expect(errorOf(await wallet.post(`${BASE}/gone/credit`, '{"amount":1}'))).toBe("409 ACCOUNT_CLOSED");
  await running.demo.one({ id: "f", type: "freeze", account: "a" });
  expect(errorOf(await wallet.post(`${BASE}/a/debit`, '{"amount":1}'))).toBe("409 ACCOUNT_FROZEN");
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":10.00}');
});

test("currencies of other scales: no place is dropped, and what is shown can be sent back", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  const use = (currency: string) => running.admin.send("PATCH", "/v1/admin/partners/demo", { currency });
  await use("JPY");
  expect((await wallet.post(`${BASE}/y/credit`, '{"amount":100.00}')).text).toContain('"balance":100.00,');
  expect(errorOf(await wallet.post(`${BASE}/y/credit`, '{"amount":0.50}'))).toBe("400 INVALID_AMOUNT");
  await use("KWD");
  expect((await wallet.post(`${BASE}/k/credit`, '{"amount":1.234}')).text).toContain('"balance":1.234,');
});

test("history goes by cursor, newest first, without repeats, and names what came by other ways", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  for (const key of ["one", "two", "three"]) await wallet.post(`${BASE}/a/credit`, '{"amount":10}', key);
  await running.demo.one({ id: "native", type: "debit", account: "a", amount: "5.00" });
  const page = async (query: string) => JSON.parse((await wallet.get(`${BASE}/a/transactions${query}`)).text);
  await expect.poll(async () => (await page("")).transactions.length, { timeout: 10_000 }).toBe(4);
  const { text } = await wallet.get(`${BASE}/a/transactions?limit=1`);
  expect(text).toMatch(
    /^\{"account_id":"a","transactions":\[\{"transaction_id":null,"command_id":"native","type":"debit","amount":-5\.00,"balance_after":25\.00,"created_at":"[^"]+"\}\],"cursor":"[^"]+"\}$/,
  );
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const got = await page(cursor === "" ? "?limit=1" : `?limit=1&cursor=${cursor}`);
    seen.push(...got.transactions.map((one: { transaction_id: string | null }) => one.transaction_id));
    cursor = got.cursor;
  }
  expect(seen).toEqual([null, "tx_k.three", "tx_k.two", "tx_k.one"]);
});

test("a history that is asked wrongly is INVALID_REQUEST", async () => {
  const wallet = callerOf(await inProcess());
  await wallet.post(`${BASE}/a/credit`, '{"amount":10}');
  const history = () => wallet.get(`${BASE}/a/transactions`);
  await expect.poll(async () => JSON.parse((await history()).text).transactions.length, { timeout: 10_000 }).toBe(1);
  const queries = ["?limit=0", "?limit=1001", "?limit=x", "?limit=1&limit=2", "?cursor=%20", "?cursor=abc", "?page=2"];
  for (const query of queries) {
    const answer = await wallet.get(`${BASE}/a/transactions${query}`);
    expect([query, errorOf(answer)]).toEqual([query, "400 INVALID_REQUEST"]);
  }
});

test("without the store the history is 503 with Retry-After; the money goes on", async () => {
  const wallet = callerOf(await inProcess({ STORE: "off" }));
  expect((await wallet.post(`${BASE}/a/credit`, '{"amount":10}')).status).toBe(200);
  const refused = await wallet.get(`${BASE}/a/transactions`);
  expect([errorOf(refused), refused.headers.get("retry-after")]).toEqual(["503 STORE_DOWN", "1"]);
});

test("what is no call, no JSON, too large or from nobody is refused in the wallet's envelope", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  expect(errorOf(await wallet.get(`${BASE}/a/nothing`))).toBe("404 NOT_FOUND");
  expect(errorOf(await wallet.get(`${BASE}/a/credit`))).toBe("404 NOT_FOUND");
  expect(errorOf(await wallet.get(`${BASE}/@world/balance`))).toBe("400 INVALID_REQUEST");
  expect(errorOf(await wallet.get(`${BASE}/${"a".repeat(65)}/balance`))).toBe("400 INVALID_REQUEST");
  const plain = await wallet.send("POST", `${BASE}/a/credit`, "amount=1", { "content-type": "text/plain" });
  expect(errorOf(plain)).toBe("415 UNSUPPORTED_MEDIA_TYPE");
  expect(errorOf(await wallet.post(`${BASE}/a/credit`, `{"amount":"${"1".repeat(300_000)}"}`))).toBe(
    "413 BODY_TOO_LARGE",
  );
  expect(errorOf(await wallet.post(`${BASE}/a/credit`, '{"amount":1}', ""))).toBe("400 INVALID_REQUEST");
  const nobody = await new Caller(running.url).get(`${BASE}/a/balance`);
  expect([errorOf(nobody), nobody.headers.has("www-authenticate")]).toEqual(["401 UNAUTHENTICATED", true]);
  expect(errorOf(await new Caller(running.url, running.admin.key).get(`${BASE}/a/balance`))).toBe("403 FORBIDDEN");
  expect((await running.group()).sequence).toBe(0);
});

test("each partner has accounts of its own; a suspended one reads, but moves nothing", async () => {
  const running = await inProcess();
  const { body } = await running.admin.send("POST", "/v1/admin/partners", { id: "other" });
  const [wallet, other] = [callerOf(running), new Caller(running.url, body.key!)];
  await wallet.post(`${BASE}/a/credit`, '{"amount":10}', "key");
  expect(errorOf(await other.get(`${BASE}/a/balance`))).toBe("404 ACCOUNT_NOT_FOUND");
  expect(errorOf(await other.get(`${BASE}/a/transactions`))).toBe("404 ACCOUNT_NOT_FOUND");
  expect(errorOf(await other.post(`${BASE}/a/debit`, '{"amount":1}'))).toBe("404 ACCOUNT_NOT_FOUND");
  expect((await other.post(`${BASE}/a/credit`, '{"amount":3}', "key")).text).toContain('"balance":3.00,');
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { status: "suspended" });
  expect(errorOf(await wallet.post(`${BASE}/a/credit`, '{"amount":1}'))).toBe("403 PARTNER_SUSPENDED");
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":10.00}');
});

test("bound to a partner it needs no key from loopback", async () => {
  const running = await inProcess({ WALLET_PARTNER: "demo" });
  const keyless = new Caller(running.url);
  await keyless.post(`${BASE}/a/credit`, '{"amount":10}');
  expect((await callerOf(running).get(`${BASE}/a/balance`)).text).toContain('"balance":10.00}');
  expect(errorOf(await new Caller(running.url, "wrong").get(`${BASE}/a/balance`))).toBe("401 UNAUTHENTICATED");
});

test("the document has every call, failing in the wallet's envelope", async () => {
  const { url } = await inProcess();
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const all = Object.entries(paths).filter(([path]) => path.startsWith(BASE));
  expect(
    all.flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path.slice(BASE.length)}`)).sort(),
  ).toEqual([
    "get /{account_id}/balance",
    "get /{account_id}/transactions",
    "post /{account_id}/credit",
    "post /{account_id}/debit",
  ]);
  for (const [, item] of all) {
    for (const operation of Object.values(item)) {
      const { responses } = operation as { responses: Record<string, { content: Record<string, unknown> }> };
      for (const status of ["4XX", "5XX"]) expect(JSON.stringify(responses[status])).toContain("INSUFFICIENT_BALANCE");
      expect(JSON.stringify(responses)).not.toContain("problem+json");
    }
  }
});
