import { expect, test } from "vitest";
import { call, simulator, truthOf } from "../testing.ts";

const user = (uid: number, amount: string) => `[{"uid":${uid},"amount":${amount}}]`;
const pay = (transactionId: string, uid: number, amount: string) =>
  `{"transactionId":"${transactionId}","uid":${uid},"amount":${amount}}`;

test("pay takes money out of a fund once per transactionId, whole or not at all, and answers in the envelope", async () => {
  const { url } = await simulator();
  expect((await call(`${url}/initAccount`, user(1, "14.48"))).text).toMatch(
    /^\{"code":200,"msg":"ok","requestId":"test-\d+","data":null\}$/,
  );
  const codes = [];
  for (const body of [
    pay("a", 1, "10.08"),
    pay("a", 1, "10.08"),
    pay("b", 1, "4.41"),
    pay("c", 2, "1"),
    pay("b", 1, "4.4"),
    pay("d", 1, "0.01"),
  ]) {
    const { status, code, requestId } = await call(`${url}/pay`, body, { requestId: "r" });
    expect([status, requestId]).toEqual([200, "r"]);
    codes.push(code);
  }
  expect(codes).toEqual([200, 200, 501, 404, 200, 501]);
  expect(await truthOf(url)).toMatchObject({
    paid: "14.48",
    left: "0.00",
    uids: { 1: { paid: "14.48", left: "0.00", payments: 2, calls: 5 } },
  });
});

test("an amount that is no whole number of cents from 0.01 to 10,000 is refused with code 400", async () => {
  const { url } = await simulator();
  await call(`${url}/initAccount`, user(1, "50000"));
  for (const amount of ["0", "0.001", "10000.01", "-1", '"x"', "1e2", "null"]) {
    const { status, code } = await call(`${url}/pay`, pay("a", 1, amount));
    expect([amount, status, code]).toEqual([amount, 200, 400]);
  }
  expect((await truthOf(url)).paid).toBe("0.00");
});

test("initAccount registers 500 users, none of more, and no fund above its cap", async () => {
  const { url } = await simulator();
  const users = (count: number) => Array.from({ length: count }, (_, uid) => ({ uid, amount: 1 }));
  expect((await call(`${url}/initAccount`, users(501))).code).toBe(200);
  expect(Object.keys((await truthOf(url)).uids)).toHaveLength(0);
  expect((await call(`${url}/initAccount`, user(1, "1000000000.01"))).code).toBe(400);
  await call(`${url}/initAccount`, users(500));
  expect(Object.keys((await truthOf(url)).uids)).toHaveLength(500);
  expect((await call(`${url}/initAccount`, user(1, "1000000000"))).code).toBe(200);
  expect((await truthOf(url)).uids[1]?.left).toBe("1000000000.00");
});

test("a batch's finish is accepted once, with its batchPayId as query, form or JSON", async () => {
  const { url } = await simulator();
  const form = { headers: { "content-type": "application/x-www-form-urlencoded" } };
  expect((await call(`${url}/batchPayBegin`, { batchPayId: "b", uids: [1, 2] })).code).toBe(200);
  expect((await call(`${url}/batchPayFinish?batchPayId=b`, "")).code).toBe(200);
  expect((await call(`${url}/batchPayFinish`, "batchPayId=b", form)).code).toBe(200);
  expect((await call(`${url}/batchPayFinish`, { batchPayId: "b" })).code).toBe(200);
  expect((await call(`${url}/batchPayFinish`, {})).code).toBe(400);
  expect((await truthOf(url)).batches).toEqual({ b: { begins: 1, accepted: 1, repeated: 2, left: "0.00" } });
});

test("calls without their headers, with a wrong token, or of another name are refused", async () => {
  const { url } = await simulator({}, { token: "secret" });
  const token = { "x-ksy-token": "secret" };
  await call(`${url}/initAccount`, user(1, "5"), { headers: token });
  const body = pay("a", 1, "1");
  expect((await call(`${url}/pay`, body, { requestId: null, headers: token })).msg).toContain("X-KSY-REQUEST-ID");
  expect((await call(`${url}/pay`, body)).code).toBe(401);
  expect((await call(`${url}/pay`, "{", { headers: token })).code).toBe(400);
  expect((await call(`${url}/refund`, body, { headers: token })).status).toBe(404);
  expect((await truthOf(url)).paid).toBe("0.00");
});

test("faults come at their rates, the same ones with the same seed, and are counted", async () => {
  const outcomes = async (seed: number) => {
    const rates = { rate504: 0.2, ratePaid504: 0.1, rateCrossed: 0.2, rateDuplicate: 0.1 };
    const { url } = await simulator({ seed, ...rates });
    await call(`${url}/initAccount`, user(1, "1000"));
    const seen: string[] = [];
    for (let i = 0; i < 100; i++) {
      const response = await fetch(`${url}/pay`, {
        method: "POST",
        headers: { "x-ksy-kingstar-id": "t", "x-ksy-request-id": `r${i}` },
        body: pay(`t${i}`, 1, "1"),
      });
      const text = await response.text();
      seen.push(response.status === 504 ? "504" : text.includes(`"requestId":"r${i}"`) ? "own" : "crossed");
    }
    return { seen, truth: await truthOf(url) };
  };
  const [one, same, other] = [await outcomes(5), await outcomes(5), await outcomes(6)];
  expect(one.seen).toEqual(same.seen);
  expect(one.seen).not.toEqual(other.seen);
  const count = (what: string) => one.seen.filter((each) => each === what).length;
  const { faults, paid } = one.truth;
  expect([count("504"), count("crossed")]).toEqual([faults.http504 + faults.paid504, faults.crossed]);
  // What was answered with 504 before anything was done was not paid; all else was, once.
  expect(paid).toBe(`${100 - faults.http504}.00`);
  for (const counted of [faults.http504, faults.paid504, faults.crossed, faults.duplicated]) {
    expect(counted).toBeGreaterThan(2);
  }
});

test("with --false-half the first draw below a full one succeeds wrongly, and only that one", async () => {
  const { url } = await simulator({ falseHalf: true });
  await call(`${url}/initAccount`, user(1, "3"));
  const codes = [];
  for (const body of [pay("a", 1, "10000"), pay("b", 1, "5000"), pay("b", 1, "5000"), pay("c", 1, "3")]) {
    codes.push((await call(`${url}/pay`, body)).code);
  }
  expect(codes).toEqual([501, 200, 501, 200]);
  expect((await truthOf(url)).paid).toBe("3.00");
});
