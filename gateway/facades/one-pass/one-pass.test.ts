/** Every call of One-Pass against the running service, with the faults that theirs had. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasPrograms, startRedis } from "../../../stores/testing/index.ts";
import { type Environment, inProcess, pause } from "../../e2e/server.ts";
import type { Behaviour } from "./simulator/index.ts";
import { amountsOf, call, initFunds, simulator, truthOf, untilDone } from "./testing.ts";

const BOUND: Environment = { ONEPASS_PARTNER: "demo", ONEPASS_RATE: "off" };

async function service(more: Environment = {}) {
  const running = await inProcess({ ...BOUND, ...more });
  const post = (path: string, body: unknown, requestId?: string | null) =>
    call(`${running.url}/onePass/${path}`, body, requestId === undefined ? {} : { requestId });
  /** Gives accounts money by the native API. */
  const fill = async (amounts: Record<string, string>) => {
    const commands = Object.entries(amounts).map(([account, amount]) => ({
      id: `fill-${account}`,
      type: "credit",
      account,
      amount,
    }));
    expect((await running.demo.post(commands)).status).toBe(200);
  };
  return { ...running, post, fill };
}

async function withFund(behaviour: Partial<Behaviour> = {}, more: Environment = {}, token?: string) {
  const fund = await simulator(behaviour, token === undefined ? {} : { token });
  return { fund: fund.url, ...(await service({ ONEPASS_FUND_URL: fund.url, ...more })) };
}

test("batchPay answers at once and credits each user's whole fund, on top of what is there", async () => {
  const { fund, url, post, fill } = await withFund();
  await initFunds(
    fund,
    new Map([
      [100001, "25000.37"],
      [100002, "14.48"],
      [100003, "0"],
    ]),
  );
  await fill({ 100001: "5.00" });
  const answer = await post("batchPay", { batchPayId: "b1", uids: [100001, 100002, 100003, 100001, 9] }, "req-1");
  expect([answer.status, answer.text]).toEqual([200, '{"code":200,"msg":"ok","requestId":"req-1","data":null}']);
  const { data } = await untilDone(url, "b1");
  expect(data).toMatchObject({ batchPayId: "b1", state: "done", uids: 4, uidsDone: 4, unknown: ["9"], blocked: [] });
  expect([data.drawn, data.credited]).toEqual([25014.85, 25014.85]);
  const amounts = await amountsOf(url, [100001, 100002, 100003]);
  expect([...amounts.values()]).toEqual(["25005.37", "14.48", "0.00"]);
  expect((await truthOf(fund)).batches).toEqual({ b1: { begins: 0, accepted: 1, repeated: 0, left: "0.00" } });
});

test("a batchPayId runs once: a repeat, with other uids too, answers ok and does nothing, also after a restart", async () => {
  const { fund, url, post, data: folder, stop } = await withFund();
  await initFunds(
    fund,
    new Map([
      [1, "1.00"],
      [2, "2.00"],
    ]),
  );
  await post("batchPay", { batchPayId: "b1", uids: [1] });
  await untilDone(url, "b1");
  for (const uids of [[1], [2]]) expect((await post("batchPay", { batchPayId: "b1", uids })).code).toBe(200);
  await stop();
  const again = await inProcess({ ...BOUND, ONEPASS_FUND_URL: fund }, folder);
  expect((await call(`${again.url}/onePass/batchPay`, { batchPayId: "b1", uids: [2] })).code).toBe(200);
  await pause(200);
  expect(await truthOf(fund)).toMatchObject({ paid: "1.00", batches: { b1: { accepted: 1, repeated: 0 } } });
  expect((await call(`${again.url}/onePass/batchPay/b1`)).data).toMatchObject({ state: "done", uids: 1, drawn: 1 });
});

test("504s, answers lost after paying, slow and crossed answers, repeats and a false success lose and double nothing", async () => {
  const faults = { rate504: 0.2, ratePaid504: 0.1, rateCrossed: 0.05, rateDuplicate: 0.1, falseHalf: true };
  const slow = { rateSlow: 0.02, slowMs: 400 };
  const { fund, url, post } = await withFund({ ...faults, ...slow, seed: 3 }, { ONEPASS_FUND_TIMEOUT_MS: "150" });
  const funds = new Map(Array.from({ length: 12 }, (_, i) => [i + 1, `${i % 3 === 0 ? i * 5000 : i}.0${i % 10}`]));
  await initFunds(fund, funds);
  await post("batchPay", { batchPayId: "b1", uids: [...funds.keys()] });
  await untilDone(url, "b1");
  expect(await amountsOf(url, [...funds.keys()])).toEqual(funds);
  expect(await truthOf(fund)).toMatchObject({ left: "0.00", batches: { b1: { accepted: 1 } } });
});

test("with a token the third party is told of a batch's begin too, and gets the token and the participant", async () => {
  const settings = { ONEPASS_FUND_TOKEN: "secret", ONEPASS_FUND_ID: "ks-7" };
  const { fund, url, post } = await withFund({}, settings, "secret");
  await call(`${fund}/initAccount`, '[{"uid":1,"amount":3.21}]', { headers: { "x-ksy-token": "secret" } });
  await post("batchPay", { batchPayId: "b1", uids: [1] });
  await untilDone(url, "b1");
  expect(await truthOf(fund)).toMatchObject({ paid: "3.21", batches: { b1: { begins: 1, accepted: 1 } } });
});

test("two batches with the same user share its fund", async () => {
  const { fund, url, post } = await withFund();
  await initFunds(fund, new Map([[1, "31234.56"]]));
  for (const batchPayId of ["b1", "b2"]) await post("batchPay", { batchPayId, uids: [1] });
  await untilDone(url, "b1");
  await untilDone(url, "b2");
  expect((await amountsOf(url, [1])).get(1)).toBe("31234.56");
});

test("progress of a batch that was never sent is 404, of another partner's too", async () => {
  const { url, post, admin } = await withFund();
  await post("batchPay", { batchPayId: "b1", uids: [1] });
  expect(await call(`${url}/onePass/batchPay/b2`)).toMatchObject({ status: 404, code: 404, data: null });
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "other" })).body;
  const headers = { authorization: `Bearer ${key}` };
  expect(await call(`${url}/onePass/batchPay/b1`, undefined, { headers })).toMatchObject({ status: 404, code: 404 });
});

test("without a third party batchPay says what is missing", async () => {
  const { post } = await service();
  expect(await post("batchPay", { batchPayId: "b1", uids: [1] })).toMatchObject({
    status: 503,
    code: 503,
    msg: expect.stringContaining("RINGFENCE_ONEPASS_FUND_URL"),
  });
});

const WRONG_BATCHES = [
  "",
  "{",
  "[]",
  "null",
  '{"uids":[1]}',
  '{"batchPayId":"","uids":[1]}',
  '{"batchPayId":7,"uids":[1]}',
  '{"batchPayId":"\\ud800","uids":[1]}',
  '{"batchPayId":"b1"}',
  '{"batchPayId":"b1","uids":[]}',
  '{"batchPayId":"b1","uids":[1.5]}',
  '{"batchPayId":"b1","uids":[-1]}',
  '{"batchPayId":"b1","uids":["1"]}',
  '{"batchPayId":"b1","uids":[1e3]}',
  '{"batchPayId":"b1","uids":[12345678901234567890]}',
];

test("batchPay with a malformed body is refused with HTTP 400, and its batchPayId is not used up", async () => {
  const { fund, url, post } = await withFund();
  await initFunds(fund, new Map([[1, "1.00"]]));
  for (const body of WRONG_BATCHES) {
    const { status, code, data } = await post("batchPay", body);
    expect([body, status, code, data]).toEqual([body, 400, 400, null]);
  }
  await post("batchPay", { batchPayId: "b1", uids: [1] });
  expect((await untilDone(url, "b1")).data.drawn).toBe(1);
});

test("userTrade moves an amount given as number or string, and tells it with two decimals", async () => {
  const { url, post, fill } = await service();
  await fill({ 1001: "30000.00", 1002: "0.01" });
  const body = '{"sourceUid":1001,"targetUid":1002,"amount":100.5}';
  const answer = await post("userTrade", body, "t-1");
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(
    /^\{"code":200,"msg":"ok","requestId":"t-1","data":\{"sourceUid":1001,"targetUid":1002,"amount":100\.50,"timestamp":\d{13}\}\}$/,
  );
  for (const amount of ['"100.50"', '"0.01"', "10000", "10000.00", "0.1", '"1"']) {
    expect((await post("userTrade", body.replace("100.5", amount))).code).toBe(200);
  }
  expect([...(await amountsOf(url, [1001, 1002])).values()]).toEqual(["9797.89", "20202.12"]);
});

const WRONG_TRADES = [
  "",
  "[]",
  '{"sourceUid":1001,"targetUid":1002}',
  ...[
    "0",
    "0.00",
    "0.001",
    "100.505",
    "10000.01",
    "-5",
    "1e2",
    "null",
    "true",
    '""',
    '"1e2"',
    '" 1"',
    '"+1"',
    '"NaN"',
    "[1]",
  ].map((amount) => `{"sourceUid":1001,"targetUid":1002,"amount":${amount}}`),
  // As floats these are whole cents.
  '{"sourceUid":1001,"targetUid":1002,"amount":0.1000000000000000055511151231257827}',
  '{"sourceUid":1001,"targetUid":1002,"amount":4.35000000000000000001}',
  '{"sourceUid":"1001","targetUid":1002,"amount":1}',
  '{"sourceUid":1001,"targetUid":1.5,"amount":1}',
  '{"targetUid":1002,"amount":1}',
];

test("userTrade with a malformed body, format, range or precision is refused with HTTP 400, and burns no request id", async () => {
  const { url, post, fill } = await service();
  await fill({ 1001: "5.00", 1002: "1.00" });
  for (const body of WRONG_TRADES) {
    const { status, code, requestId, data } = await post("userTrade", body, "t-1");
    expect([body, status, code, requestId, data]).toEqual([body, 400, 400, "t-1", null]);
  }
  const right = await post("userTrade", { sourceUid: 1001, targetUid: 1002, amount: 2 }, "t-1");
  expect([right.code, ...(await amountsOf(url, [1001, 1002])).values()]).toEqual([200, "3.00", "3.00"]);
});

test("userTrade refused by the balances is HTTP 200 with the code in the envelope, and nothing has moved", async () => {
  const { url, post, fill, demo } = await service();
  await fill({ 1: "5.00", 2: "1.00", 3: "0.01" });
  await demo.post([{ id: "freeze", type: "freeze", account: "3" }]);
  const outcome = async (sourceUid: number, targetUid: number, amount: string) => {
    const { status, code, data } = await post("userTrade", { sourceUid, targetUid, amount });
    return [status, code, data];
  };
  expect(await outcome(1, 2, "5.01")).toEqual([200, 501, null]);
  expect(await outcome(1, 1, "1")).toEqual([200, 502, null]);
  // The money must not leave before the target is known to be there.
  expect(await outcome(1, 404, "1")).toEqual([200, 404, null]);
  expect(await outcome(404, 1, "1")).toEqual([200, 404, null]);
  expect(await outcome(1, 3, "1")).toEqual([200, 403, null]);
  expect([...(await amountsOf(url, [1, 2, 3, 404])).values()]).toEqual(["5.00", "1.00", "0.01", "0.00"]);
  expect((await demo.get("/v1/accounts/404")).status).toBe(404);
});

test("a request id trades once: repeats at the same time or later give the first answer, another trade is refused", async () => {
  const { url, post, fill } = await service();
  await fill({ 1: "50.00", 2: "1.00" });
  for (const id of ["t-1", "Ünïcode and spaces".normalize("NFKD").replace(/[^ -~]/g, "?"), "x".repeat(100)]) {
    const body = '{"sourceUid":1,"targetUid":2,"amount":"1.00"}';
    const answers = await Promise.all(Array.from({ length: 30 }, () => post("userTrade", body, id)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]).toMatchObject({ code: 200, requestId: id });
    expect(await post("userTrade", { sourceUid: 1, targetUid: 2, amount: 2 }, id)).toMatchObject({
      status: 200,
      code: 409,
    });
  }
  expect([...(await amountsOf(url, [1, 2])).values()]).toEqual(["47.00", "4.00"]);
});

test("a trade that was refused stays refused under its request id", async () => {
  const { url, post, fill } = await service();
  await fill({ 1: "0.50", 2: "1.00" });
  const trade = { sourceUid: 1, targetUid: 2, amount: 1 };
  expect((await post("userTrade", trade, "t-1")).code).toBe(501);
  await fill({ 3: "1.00" });
  expect((await post("userTrade", { sourceUid: 3, targetUid: 1, amount: 1 }, "t-2")).code).toBe(200);
  expect((await post("userTrade", trade, "t-1")).code).toBe(501);
  expect((await post("userTrade", trade, "t-3")).code).toBe(200);
  expect((await amountsOf(url, [1])).get(1)).toBe("0.50");
});

test("userTrade without a request id is refused: it could not be told from a repeat", async () => {
  const { post, fill } = await service();
  await fill({ 1: "5.00", 2: "1.00" });
  expect(await post("userTrade", { sourceUid: 1, targetUid: 2, amount: 1 }, null)).toMatchObject({
    status: 400,
    code: 400,
  });
});

test("A to B beside B to A, and A to A, at full concurrency end, and with the right sums", async () => {
  const { url, post, fill } = await service({ ONEPASS_IN_FLIGHT: "off" });
  await fill({ 1: "300.00", 2: "300.00" });
  const trades = Array.from({ length: 300 }, (_, i) => {
    const [sourceUid, targetUid, amount] = i % 3 === 0 ? [1, 2, "0.10"] : i % 3 === 1 ? [2, 1, "0.30"] : [1, 1, "1.00"];
    return post("userTrade", { sourceUid, targetUid, amount });
  });
  const codes = (await Promise.all(trades)).map(({ code }) => code);
  expect([codes.filter((code) => code === 200).length, codes.filter((code) => code === 502).length]).toEqual([
    200, 100,
  ]);
  // Cents that floats cannot add: 100 times 0.10 and 100 times 0.30.
  expect([...(await amountsOf(url, [1, 2])).values()]).toEqual(["320.00", "280.00"]);
});

test("99 transfers into one account at a time are all there", async () => {
  const { url, post, fill } = await service();
  const uids = Array.from({ length: 99 }, (_, i) => i + 2);
  await fill({ 1: "0.01", ...Object.fromEntries(uids.map((uid) => [uid, "7.77"])) });
  const trades = uids.map((sourceUid) => post("userTrade", { sourceUid, targetUid: 1, amount: 7.77 }));
  expect(new Set((await Promise.all(trades)).map(({ code }) => code))).toEqual(new Set([200]));
  expect((await amountsOf(url, [1])).get(1)).toBe("769.24");
});

test("queryUserAmount answers in the order asked, with two decimals, and 0.00 for unknown users", async () => {
  const { post, fill } = await service();
  await fill({ 1001: "50000.00", 1002: "90071992547409.93" });
  expect((await post("queryUserAmount", "[1002,7,1001,1002]", "q")).text).toBe(
    '{"code":200,"msg":"ok","requestId":"q","data":[{"uid":1002,"amount":90071992547409.93},{"uid":7,"amount":0.00},{"uid":1001,"amount":50000.00},{"uid":1002,"amount":90071992547409.93}]}',
  );
});

test("queryUserAmount with a malformed body is refused with HTTP 400", async () => {
  const { post } = await service();
  for (const body of ["", "{}", "[]", "[1,null]", '["1"]', "7", `[${Array(1001).fill(1)}]`]) {
    expect(await post("queryUserAmount", body)).toMatchObject({ status: 400, code: 400, data: null });
  }
});

test("validateBalance is 200 when the engine and its stores have the expected amount, else 400 with what they have", async () => {
  const { post, fill } = await service();
  await fill({ 1: "14.50" });
  for (const expectedAmount of [14.5, "14.50"]) {
    const answer = await post("validateBalance", { uid: 1, expectedAmount });
    expect(answer).toMatchObject({ status: 200, code: 200, msg: "ok" });
    expect(answer.data).toEqual({
      uid: 1,
      expectedAmount: 14.5,
      amount: 14.5,
      stores: [{ name: "sqlite", verdict: "equal" }],
    });
  }
  expect(await post("validateBalance", { uid: 1, expectedAmount: "14.51" })).toMatchObject({
    status: 200,
    code: 400,
    msg: "the amount is 14.50",
  });
  expect((await post("validateBalance", { uid: 404, expectedAmount: 0 })).code).toBe(200);
  for (const body of ['{"uid":1}', '{"uid":1,"expectedAmount":14.505}', '{"expectedAmount":1}', "[]"]) {
    expect(await post("validateBalance", body)).toMatchObject({ status: 400, code: 400, data: null });
  }
});

test("a Redis store that cannot be reached is named by validateBalance and initRedisCache", async () => {
  const { post, fill } = await service({ REDIS: "redis://127.0.0.1:1" });
  await fill({ 1: "1.00" });
  const { code, msg } = await post("validateBalance", { uid: 1, expectedAmount: 1 });
  expect([code, msg]).toEqual([400, "the redis store is unreachable"]);
  expect(await post("initRedisCache", {})).toMatchObject({ status: 503, code: 503 });
});

describe.skipIf(!hasPrograms(["redis-server", "redis-cli"], "redis-server"))("with Redis", () => {
  test("initRedisCache fills the store, and validateBalance sees a store that is behind", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { post, fill } = await service({ REDIS: redis.url });
    await fill({ 1: "20.00", 2: "3.00" });
    expect(await post("validateBalance", { uid: 1, expectedAmount: 20 })).toMatchObject({
      code: 400,
      msg: "the redis store is behind",
    });
    // Asked for twice at a time it is done once.
    const [one, two] = await Promise.all([post("initRedisCache", {}), post("initRedisCache", {})]);
    expect([one.status, one.code, one.data]).toEqual([200, 200, "g0: rebuilt up to sequence 2."]);
    expect(two.data).toBe(one.data);
    const { code, data } = await post("validateBalance", { uid: 1, expectedAmount: 20 });
    expect([code, data.stores]).toEqual([
      200,
      [
        { name: "sqlite", verdict: "equal" },
        { name: "redis", verdict: "equal" },
      ],
    ]);
    expect((await post("userTrade", { sourceUid: 1, targetUid: 2, amount: 5 })).code).toBe(200);
    expect((await post("validateBalance", { uid: 1, expectedAmount: 15 })).code).toBe(400);
    expect((await post("initRedisCache", {})).code).toBe(200);
    expect((await post("validateBalance", { uid: 1, expectedAmount: 15 })).code).toBe(200);
  });
});

test("initRedisCache touches no other partner's accounts: beside others in a group it is for the bound partner alone", async () => {
  const { url, admin } = await service({ GROUPS: "g0,g1" });
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "other" })).body;
  const asOther = { headers: { authorization: `Bearer ${key}` } };
  const refused = await call(`${url}/onePass/initRedisCache`, {}, asOther);
  expect(refused).toMatchObject({ status: 403, code: 403, data: null });
  expect(refused.msg).toContain("other partners");
  // No Redis here: who may ask is told so.
  expect(await call(`${url}/onePass/initRedisCache`, {})).toMatchObject({ status: 503 });
  const { key: aloneKey } = (await admin.send("POST", "/v1/admin/partners", { id: "alone", group: "g1" })).body;
  const asAlone = { headers: { authorization: `Bearer ${aloneKey}` } };
  expect(await call(`${url}/onePass/initRedisCache`, {}, asAlone)).toMatchObject({ status: 503 });
});

test("without a Redis store initRedisCache says what is missing", async () => {
  const { post } = await service();
  const { status, code, msg } = await post("initRedisCache", {});
  expect([status, code]).toEqual([503, 503]);
  expect(msg).toContain("RINGFENCE_REDIS");
});

test("more requests in flight than allowed are 503 with code 503, and those that were let in are served", async () => {
  const { post, fill } = await service({ ONEPASS_IN_FLIGHT: "1" });
  await fill({ 1: "5.00" });
  const answers = await Promise.all(Array.from({ length: 40 }, () => post("queryUserAmount", [1])));
  const codes = new Set(answers.map(({ status, code }) => `${status} ${code}`));
  expect(codes).toEqual(new Set(["200 200", "503 503"]));
  const refused = answers.find(({ status }) => status === 503)!;
  expect([refused.data, refused.headers.get("retry-after")]).toEqual([null, "1"]);
  expect((await post("queryUserAmount", [1])).code).toBe(200);
});

test("a caller without a key holds no place among the requests in flight, however slow its body is", async () => {
  const { url } = await inProcess({ ONEPASS_IN_FLIGHT: "1", ONEPASS_RATE: "off" });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `POST /onePass/userTrade HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer rk_live_nobody\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{`,
  );
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1.1 401/);
  // Were the place taken, this would be 503.
  expect(await call(`${url}/onePass/queryUserAmount`, [1])).toMatchObject({ status: 401 });
});

test("more requests a second from one address than allowed are 429 with code 429; native calls are not counted", async () => {
  const { post, demo } = await service({ ONEPASS_RATE: "1" });
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(await post("queryUserAmount", [1]));
  expect(answers[0]?.code).toBe(200);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ code: 429, data: null });
  expect(refused[0]?.headers.get("retry-after")).toBe("1");
  expect((await demo.get("/v1/accounts/1")).status).toBe(404);
});

test("bound to a partner it takes calls without a key from loopback; unbound it asks for a partner's key", async () => {
  const bound = await service();
  await bound.fill({ 1: "5.00" });
  expect((await amountsOf(bound.url, [1])).get(1)).toBe("5.00");
  const { key } = (await bound.admin.send("POST", "/v1/admin/partners", { id: "other" })).body;
  const headers = { authorization: `Bearer ${key}` };
  // A key that is sent counts: the other partner's user 1 is another account.
  const query = await call(`${bound.url}/onePass/queryUserAmount`, [1], { headers });
  expect(query.data).toEqual([{ uid: 1, amount: 0 }]);
  const unbound = await inProcess();
  for (const path of ["batchPay", "userTrade", "queryUserAmount", "initRedisCache", "validateBalance"]) {
    expect(await call(`${unbound.url}/onePass/${path}`, {})).toMatchObject({ status: 401, code: 401, data: null });
  }
  const own = { headers: { authorization: `Bearer ${unbound.demo.key}` } };
  expect((await call(`${unbound.url}/onePass/queryUserAmount`, [1], own)).code).toBe(200);
});

test("a partner whose currency has no cents, or who is suspended, is refused", async () => {
  const { url, admin } = await service();
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "yen", currency: "JPY" })).body;
  const headers = { authorization: `Bearer ${key}` };
  expect(await call(`${url}/onePass/queryUserAmount`, [1], { headers })).toMatchObject({ status: 409, code: 409 });
  await admin.send("PATCH", "/v1/admin/partners/demo", { status: "suspended" });
  const trade = { sourceUid: 1, targetUid: 2, amount: 1 };
  expect(await call(`${url}/onePass/userTrade`, trade)).toMatchObject({ status: 403, code: 403 });
  expect((await call(`${url}/onePass/queryUserAmount`, [1])).code).toBe(200);
});

test("a body of another type, and one that is too large, are refused in the envelope", async () => {
  const { url } = await service();
  const path = `${url}/onePass/queryUserAmount`;
  const text = { headers: { "content-type": "text/plain" } };
  expect(await call(path, "[1]", text)).toMatchObject({ status: 415, code: 415, data: null });
  expect(await call(path, `[${"1,".repeat(200_000)}1]`)).toMatchObject({ status: 413, code: 413, data: null });
});

test("a job journal that cannot be used stops batches only: trades and native calls go on", async () => {
  const { data, stop } = await service();
  await stop();
  const database = new DatabaseSync(join(data, "one-pass.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  const running = await inProcess({ ...BOUND, ONEPASS_FUND_URL: "http://127.0.0.1:1" }, data);
  const batch = { batchPayId: "b1", uids: [1] };
  expect(await call(`${running.url}/onePass/batchPay`, batch)).toMatchObject({ status: 503, code: 503, data: null });
  const commands = ["1", "2"].map((account) => ({ id: `fill-${account}`, type: "credit", account, amount: "5.00" }));
  expect((await running.demo.post(commands)).status).toBe(200);
  const trade = { sourceUid: 1, targetUid: 2, amount: 1 };
  expect((await call(`${running.url}/onePass/userTrade`, trade)).code).toBe(200);
});

test("what is no call of One-Pass is refused in its envelope", async () => {
  const { url } = await service();
  for (const path of ["refund", "batchPay/b1/more"]) {
    expect(await call(`${url}/onePass/${path}`, {}, { requestId: "r" })).toMatchObject({
      status: 404,
      code: 404,
      requestId: "r",
      data: null,
    });
  }
  expect((await call(`${url}/onePass/userTrade`)).status).toBe(404);
});

test("the OpenAPI document has every call, with the envelope for what is refused", async () => {
  const { url } = await service();
  const response = await fetch(`${url}/openapi.json`);
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, { responses: object }>> };
  const calls = Object.entries(paths).filter(([path]) => path.startsWith("/onePass/"));
  expect(calls.flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`)).sort()).toEqual([
    "get /onePass/batchPay/{batchPayId}",
    "post /onePass/batchPay",
    "post /onePass/initRedisCache",
    "post /onePass/queryUserAmount",
    "post /onePass/userTrade",
    "post /onePass/validateBalance",
  ]);
  for (const [, item] of calls) {
    for (const { responses } of Object.values(item)) {
      expect(Object.keys(responses).sort()).toEqual(["200", "4XX", "5XX"]);
      expect(JSON.stringify(responses)).not.toContain("#/components/schemas/Problem");
    }
  }
});
