import { expect, test } from "vitest";
import { Caller } from "../../e2e/exchange.ts";
import { childServing, inProcess, type Running } from "../../e2e/server.ts";
import { stallGroup } from "../../e2e/threads.ts";
import { temporaryFolder } from "../../testing.ts";

const BASE = "/api/v1/wallet";
const callerOf = ({ url, demo }: Running) => new Caller(url, demo.key);
const codeOf = (text: string): string => JSON.parse(text).error.code;

test("one key sent fifty times at once moves money once, and all fifty read the same bytes", async () => {
  const wallet = callerOf(await inProcess());
  const send = () => wallet.post(`${BASE}/a/credit`, '{"amount":10.00}', "pay-1");
  const answers = await Promise.all(Array.from({ length: 50 }, send));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
    new Set(['200 {"account_id":"a","balance":10.00,"transaction_id":"tx_k.pay-1"}']),
  );
  expect((await wallet.get(`${BASE}/a/balance`)).text).toBe('{"account_id":"a","balance":10.00}');
});

test("a repeat gives the first answer, after further movements and after a kill -9", async () => {
  const data = temporaryFolder();
  const first = await childServing({}, data);
  const wallet = callerOf(first);
  const paid = await wallet.post(`${BASE}/a/credit`, '{"amount":10}', "pay");
  const short = await wallet.post(`${BASE}/a/debit`, '{"amount":99}', "short");
  await wallet.post(`${BASE}/a/credit`, '{"amount":500}');
  expect([paid.status, short.status]).toEqual([200, 422]);
  first.process.kill("SIGKILL");
  await first.ended;
  const again = callerOf(await childServing({}, data));
  // Written otherwise, it is the same amount.
  expect((await again.post(`${BASE}/a/credit`, '{"amount":"10.00"}', "pay")).text).toBe(paid.text);
  expect((await again.post(`${BASE}/a/debit`, '{"amount":99.0}', "short")).text).toBe(short.text);
  expect((await again.get(`${BASE}/a/balance`)).text).toContain('"balance":510.00}');
});

test("a key stands for one call: another amount, account or direction is refused and moves nothing", async () => {
  const wallet = callerOf(await inProcess());
  await wallet.post(`${BASE}/a/credit`, '{"amount":10}', "key");
  const others: [string, string][] = [
    ["a/credit", '{"amount":10.01}'],
    ["b/credit", '{"amount":10}'],
    ["a/debit", '{"amount":10}'],
  ];
  for (const [path, body] of others) {
    const { status, text } = await wallet.post(`${BASE}/${path}`, body, "key");
    expect([status, codeOf(text)]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
  }
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":10.00}');
  expect((await wallet.get(`${BASE}/b/balance`)).status).toBe(404);
});

test("a key whose id the partner used in an atomic bucket that was refused is refused too, though the command is the same", async () => {
  const service = await inProcess();
  const commands = [
    { id: "wl:tx_k.key", type: "credit", account: "a", amount: "10.00" },
    { id: "other", type: "debit", account: "nobody", amount: "1.00" },
  ];
  const bucket = await service.demo.post(commands, { atomic: true });
  expect(bucket.body.results?.map(({ code }) => code)).toEqual(["ATOMIC_ABORTED", "ACCOUNT_NOT_FOUND"]);
  const { status, text } = await callerOf(service).post(`${BASE}/a/credit`, '{"amount":10}', "key");
  expect([status, codeOf(text)]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
});

test("a credit and a debit with one key at once: one of them runs", async () => {
  const wallet = callerOf(await inProcess());
  await wallet.post(`${BASE}/a/credit`, '{"amount":100}');
  for (let round = 0; round < 20; round++) {
    const both = ["credit", "debit"].map((type) => wallet.post(`${BASE}/a/${type}`, '{"amount":1}', `round-${round}`));
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([200, 422]);
  }
});

test("keys of any length and spelling work, and none meets another", async () => {
  const wallet = callerOf(await inProcess());
  const keys = [
    "k",
    "a b",
    "ключ".replace(/./g, "\u00e9"),
    "x".repeat(56),
    "x".repeat(57),
    "x".repeat(255),
    '"quoted"',
  ];
  const taken = await Promise.all(keys.map((key) => wallet.post(`${BASE}/a/credit`, '{"amount":1}', key)));
  expect(taken.map(({ status }) => status)).toEqual(keys.map(() => 200));
  const ids = taken.map(({ text }) => JSON.parse(text).transaction_id as string);
  expect(new Set(ids).size).toBe(keys.length);
  // A plain key that spells out a hashed one's id is another key.
  const hashed = ids.find((id) => id.startsWith("tx_h."))!;
  const spelled = await wallet.post(`${BASE}/a/credit`, '{"amount":1}', hashed.slice("tx_".length));
  expect(JSON.parse(spelled.text)).toMatchObject({
    balance: keys.length + 1,
    transaction_id: `tx_k.${hashed.slice(3)}`,
  });
});

test("without a key each call is a call of its own", async () => {
  const wallet = callerOf(await inProcess());
  const calls = await Promise.all(Array.from({ length: 20 }, () => wallet.post(`${BASE}/a/credit`, '{"amount":1}')));
  expect(new Set(calls.map(({ text }) => JSON.parse(text).transaction_id)).size).toBe(20);
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":20.00}');
});

test("a group that stands still: 504 that says how to go on, and the money moves once", async () => {
  const running = await inProcess();
  const wallet = callerOf(running);
  await wallet.post(`${BASE}/a/credit`, '{"amount":1}');
  const release = await stallGroup("g0");
  const [keyed, keyless, balance] = await Promise.all([
    wallet.post(`${BASE}/a/credit`, '{"amount":10}', "late"),
    wallet.post(`${BASE}/a/credit`, '{"amount":100}'),
    wallet.get(`${BASE}/a/balance`),
  ]);
  release();
  expect([keyed.status, codeOf(keyed.text), keyed.headers.get("retry-after")]).toEqual([504, "OUTCOME_UNKNOWN", "1"]);
  expect(keyed.text).toContain("the same Idempotency-Key");
  expect([balance.status, codeOf(balance.text)]).toEqual([503, "OVERLOADED"]);
  expect((await wallet.post(`${BASE}/a/credit`, '{"amount":10}', "late")).status).toBe(200);
  expect(keyless.status).toBe(504);
  const [, path] = /GET (\/v1\/commands\/wl:tx_r\.\S+) tells/.exec(keyless.text)!;
  expect((await running.demo.get(path!)).body.code).toBe("OK");
  expect((await wallet.get(`${BASE}/a/balance`)).text).toContain('"balance":111.00}');
});
