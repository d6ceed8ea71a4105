import { expect, test } from "vitest";
import { Caller, type Exchange } from "../../e2e/exchange.ts";
import { childServing, inProcess, type Running } from "../../e2e/server.ts";
import { temporaryFolder } from "../../testing.ts";

const callerOf = ({ url, demo }: Running) => new Caller(url, demo.key);
const said = ({ status, text }: Exchange) => `${status} ${text}`;
const DEDUCT_10 = '{"user_id":1,"amount":10.00}';

async function funded(running: Running, amount: string, account = "1"): Promise<void> {
  expect((await running.demo.one({ id: `fund-${account}`, type: "credit", account, amount })).code).toBe("OK");
}

test("a deduction answers as the service always has, to the byte", async () => {
  const running = await inProcess();
  const deduct = callerOf(running);
  await funded(running, "1000.00");
  const first = await deduct.post("/deduct", DEDUCT_10);
  expect(said(first)).toBe('200 {"code":200,"message":"success","data":{"user_id":1,"balance":990.00}}');
  const short = await deduct.post("/deduct", '{"user_id":1,"amount":990.01}');
  expect(said(short)).toBe('400 {"code":400,"message":"insufficient balance"}');
  const unknown = await deduct.post("/deduct", '{"user_id":2,"amount":1}');
  expect(said(unknown)).toBe('404 {"code":404,"message":"user not found"}');
  expect((await running.demo.get("/v1/accounts/1")).body.available).toBe("990.00");
});

test("100 clients with 10 deductions of 10.00 each from 1000.00: 100 successes, 900 refusals, 0.00 left", async () => {
  const running = await inProcess();
  await funded(running, "1000.00");
  const client = async () => {
    const deduct = callerOf(running);
    return Promise.all(Array.from({ length: 10 }, () => deduct.post("/deduct", DEDUCT_10)));
  };
  const answers = (await Promise.all(Array.from({ length: 100 }, client))).flat();
  const refused = answers.filter((one) => said(one) === '400 {"code":400,"message":"insufficient balance"}');
  const balances = answers.filter(({ status }) => status === 200).map(({ text }) => JSON.parse(text).data.balance);
  expect([balances.length, refused.length]).toEqual([100, 900]);
  // No two clients saw the same balance: no deduction was computed from what another had read.
  expect(balances.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index * 10));
  expect((await running.demo.get("/v1/accounts/1")).body.available).toBe("0.00");
});

test("a user_id is the account's name as it stands, and comes back as it was sent", async () => {
  const running = await inProcess();
  const deduct = callerOf(running);
  await funded(running, "5.00", "12345678901234567890123");
  const sent = await deduct.post("/deduct", '{"user_id":12345678901234567890123,"amount":1}');
  expect(sent.text).toContain('"data":{"user_id":12345678901234567890123,"balance":4.00}}');
  const text = await deduct.post("/deduct", '{"user_id":"12345678901234567890123","amount":"1.5"}');
  expect(text.text).toContain('"data":{"user_id":"12345678901234567890123","balance":2.50}}');
});

test("a bad body is 400, says what is wrong, and takes nothing", async () => {
  const running = await inProcess();
  const deduct = callerOf(running);
  await funded(running, "1000.00");
  const bad: [string, string][] = [
    ["", "must be a JSON object"],
    ["[]", "must be a JSON object"],
    ["7", "must be a JSON object"],
    ["{", "is no JSON"],
    ['{"user_id":1}', "amount is missing"],
    ['{"amount":1}', "user_id is missing"],
    ['{"user_id":1,"amount":1,"more":1}', "not known"],
    ...["-1", "1.0", "1e3", "null", "true", "[1]", '""', '"@world"', '"a b"'].map((id): [string, string] => [
      `{"user_id":${id},"amount":1}`,
      "user_id must be",
    ]),
    ...["0", "0.0", '"0"'].map((amount): [string, string] => [`{"user_id":1,"amount":${amount}}`, "above zero"]),
    ...["-10", "1e2", "1e400", '"ten"'].map((a): [string, string] => [`{"user_id":1,"amount":${a}}`, "plain decimal"]),
    ['{"user_id":1,"amount":0.001}', "decimal places"],
    ['{"user_id":1,"amount":99999999999999999999999999999}', "more than 25 digits"],
    ['{"user_id":1,"amount":null}', "must be a number"],
  ];
  for (const [body, why] of bad) {
    const answer = await deduct.post("/deduct", body, "same");
    expect([body, answer.status]).toEqual([body, 400]);
    expect(JSON.parse(answer.text)).toEqual({ code: 400, message: expect.stringContaining(why) });
  }
  expect((await running.group()).sequence).toBe(1);
  expect((await deduct.post("/deduct", DEDUCT_10, "same")).status).toBe(200);
});

test("a key moves money once: at once, after a kill -9, and never for another body", async () => {
  const data = temporaryFolder();
  const first = await childServing({}, data);
  await funded(first, "1000.00");
  const send = () => callerOf(first).post("/deduct", DEDUCT_10, "order 1");
  const answers = await Promise.all(Array.from({ length: 50 }, send));
  const once = '200 {"code":200,"message":"success","data":{"user_id":1,"balance":990.00}}';
  expect(new Set(answers.map(said))).toEqual(new Set([once]));
  first.process.kill("SIGKILL");
  await first.ended;
  const second = await childServing({}, data);
  const deduct = callerOf(second);
  expect(said(await deduct.post("/deduct", DEDUCT_10, "order 1"))).toBe(once);
  const other = await deduct.post("/deduct", '{"user_id":1,"amount":11}', "order 1");
  expect(said(other)).toMatch(/^422 \{"code":422,"message":"this Idempotency-Key was used before/);
  expect((await second.demo.get("/v1/accounts/1")).body.available).toBe("990.00");
});

test("accounts that may not be debited, partners, keys and routes are refused in the envelope", async () => {
  const running = await inProcess();
  const deduct = callerOf(running);
  await funded(running, "10.00");
  const refusal = async (answer: Promise<Exchange>) => {
    const { status, text } = await answer;
    expect(JSON.parse(text)).toEqual({ code: status, message: expect.any(String) });
    return status;
  };
  await running.demo.one({ id: "f", type: "freeze", account: "1" });
  expect(await refusal(deduct.post("/deduct", DEDUCT_10))).toBe(409);
  const { body } = await running.admin.send("POST", "/v1/admin/partners", { id: "other" });
  expect(await refusal(new Caller(running.url, body.key!).post("/deduct", DEDUCT_10))).toBe(404);
  expect(await refusal(new Caller(running.url).post("/deduct", DEDUCT_10))).toBe(401);
  expect(await refusal(new Caller(running.url, running.admin.key).post("/deduct", DEDUCT_10))).toBe(403);
  expect(await refusal(deduct.get("/deduct"))).toBe(404);
  expect(await refusal(deduct.post("/deduct/nothing", "{}"))).toBe(404);
  expect(await refusal(deduct.send("POST", "/deduct", "x", { "content-type": "text/plain" }))).toBe(415);
  expect(await refusal(deduct.post("/deduct", `{"user_id":"${"1".repeat(300_000)}"}`))).toBe(413);
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { status: "suspended" });
  expect(await refusal(deduct.post("/deduct", DEDUCT_10))).toBe(403);
  expect((await running.demo.get("/v1/accounts/1")).body.available).toBe("10.00");
});

test("the document has both calls, failing in the service's own envelope", async () => {
  const { url } = await inProcess();
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, object> }>>;
  };
  for (const path of ["/deduct", "/deduct/reset"]) {
    const { responses } = paths[path]!.post!;
    expect(Object.keys(responses)).toEqual(["200", "4XX", "5XX"]);
    expect(JSON.stringify(responses)).not.toContain("problem+json");
  }
});
