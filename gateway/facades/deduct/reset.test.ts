import { expect, test } from "vitest";
import { Caller } from "../../e2e/exchange.ts";
import { inProcess, type Running } from "../../e2e/server.ts";

const BOUND = { DEDUCT_PARTNER: "demo" };
const reset = (caller: Caller, balance: string, user = "1") =>
  caller.post("/deduct/reset", `{"user_id":${user},"balance":${balance}}`);
const available = async ({ demo }: Running) => (await demo.get("/v1/accounts/1")).body.available;
const done = (balance: string) => `{"code":200,"message":"success","data":{"user_id":1,"balance":${balance}}}`;

test("a reset opens, raises, lowers, keeps and empties an account, with two sides to every movement", async () => {
  const running = await inProcess(BOUND);
  const caller = new Caller(running.url);
  await running.admin.send("PATCH", "/v1/admin/partners/demo", { strict: true });
  for (const balance of ["1000.00", "1000.00", "0.01", "0.00", "0.00", "99999999999999999999.99"]) {
    expect((await reset(caller, balance)).text).toBe(done(balance));
    expect(await available(running)).toBe(balance);
  }
  expect((await reset(caller, "0", "2")).text).toContain('"user_id":2,"balance":0.00}');
  const { body } = await running.admin.send("POST", "/v1/admin/groups/g0/verify");
  expect(body).toMatchObject({ ok: true, trialBalance: { CNY: "0.00" } });
});

test("deductions that come between count against the new balance: none is lost, none is given back", async () => {
  const running = await inProcess(BOUND);
  const caller = new Caller(running.url);
  await reset(caller, "500.00");
  const calls = Array.from({ length: 300 }, (_, index) =>
    index === 100 ? reset(caller, "100000.00") : caller.post("/deduct", '{"user_id":1,"amount":10.00}', `d${index}`),
  );
  const answers = await Promise.all(calls);
  expect(answers[100]!.status).toBe(200);
  // Nothing moved money but the two resets' credits and the deductions that were answered with success.
  const given = await creditedTo(running);
  const deducted = answers.filter(({ status }, index) => status === 200 && index !== 100).length;
  expect(Number(await available(running))).toBe(given - deducted * 10);
});

async function creditedTo({ demo }: Running): Promise<number> {
  const { body } = await demo.get("/v1/results?limit=1000");
  const results = body.results as unknown as { type: string; status: string; amount: string }[];
  const credits = results.filter(({ type, status }) => type === "credit" && status === "applied");
  return credits.reduce((sum, { amount }) => sum + Number(amount), 0);
}

test("resets of a new account that meet each other all end at the amount, and open it once", async () => {
  const running = await inProcess(BOUND);
  const caller = new Caller(running.url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => reset(caller, "0")));
  expect(answers.map(({ text }) => text)).toEqual(answers.map(() => done("0.00")));
  expect(await available(running)).toBe("0.00");
});

test("a reset is refused for any partner but the bound one, with an Idempotency-Key, and for no amount", async () => {
  const running = await inProcess(BOUND);
  const caller = new Caller(running.url);
  const { body } = await running.admin.send("POST", "/v1/admin/partners", { id: "other" });
  expect((await reset(new Caller(running.url, body.key!), "1")).status).toBe(403);
  expect((await caller.post("/deduct/reset", '{"user_id":1,"balance":1}', "key")).status).toBe(400);
  for (const balance of ["-1", "1e3", "0.001", "null"]) expect((await reset(caller, balance)).status).toBe(400);
  expect((await running.group()).sequence).toBe(0);
  const unbound = await inProcess();
  const keyed = new Caller(unbound.url, unbound.demo.key);
  expect((await reset(keyed, "1")).status).toBe(403);
});

test("a frozen account keeps its balance", async () => {
  const running = await inProcess(BOUND);
  const caller = new Caller(running.url);
  await reset(caller, "10");
  await running.demo.one({ id: "f", type: "freeze", account: "1" });
  expect((await reset(caller, "1000")).text).toBe('{"code":409,"message":"account frozen"}');
  expect(await available(running)).toBe("10.00");
});
