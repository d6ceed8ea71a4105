import { expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { Client, inProcess } from "./server.ts";

const credit = (id: string, amount = "1.00") => ({ id, type: "credit", account: "alice", amount });
const debit = (id: string, amount: string) => ({ id, type: "debit", account: "alice", amount });

test("one id sent fifty times at once takes effect once, and all fifty hear of the same first sequence", async () => {
  const { demo } = await inProcess();
  const results = await Promise.all(Array.from({ length: 50 }, () => demo.one(credit("same"))));
  const first = results.filter((result) => result.duplicate === undefined);
  expect(first).toHaveLength(1);
  for (const result of results) if (result !== first[0]) expect(result.of).toBe(first[0]!.sequence);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("1.00");
});

test("an id with another body is refused and changes nothing; a rejected id stays rejected after funds arrive", async () => {
  const { demo } = await inProcess();
  expect((await demo.one(debit("early", "5.00"))).code).toBe("ACCOUNT_NOT_FOUND");
  await demo.one(credit("c", "10.00"));
  expect((await demo.one(credit("c", "11.00"))).code).toBe("ID_REUSED");
  expect(await demo.one(debit("early", "5.00"))).toMatchObject({ code: "ACCOUNT_NOT_FOUND", duplicate: true, of: 1 });
  expect(await demo.one(credit("c", "10"))).toMatchObject({ code: "OK", duplicate: true, of: 2 });
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("10.00");
});

test("after a restart state hash, sequence, answers to repeats and remembered commands are the same", async () => {
  const data = temporaryFolder();
  const first = await inProcess({}, data);
  const bucket = [
    credit("a", "20.00"),
    { id: "h", type: "hold", account: "alice", amount: "5.00" },
    { id: "t", type: "transfer", account: "alice", to: "bob", amount: "3.00" },
    debit("too-much", "99.00"),
    { id: "cap", type: "capture", hold: "h", amount: "2.00", to: "shop" },
    { id: "rev", type: "reverse", command: "t" },
  ];
  const { body } = await first.demo.post(bucket);
  const before = await first.group();
  const asked = await Promise.all(bucket.map(({ id }) => first.demo.get(`/v1/commands/${id}`)));
  await first.stop();
  const second = await inProcess({}, data);
  expect(await second.group()).toMatchObject({ sequence: before.sequence, stateHash: before.stateHash });
  const after = await Promise.all(bucket.map(({ id }) => second.demo.get(`/v1/commands/${id}`)));
  expect(after.map((answer) => answer.body)).toEqual(asked.map((answer) => answer.body));
  const repeated = (await second.demo.post(bucket)).body.results!;
  expect(repeated.map(({ of, code, available }) => [of, code, available])).toEqual(
    body.results!.map(({ sequence, code, available }) => [sequence, code, available]),
  );
  expect((await second.demo.one(debit("too-much", "98.00"))).code).toBe("ID_REUSED");
  expect((await second.demo.one({ id: "again", type: "reverse", command: "t" })).code).toBe("ALREADY_REVERSED");
});

test("an atomic bucket is applied whole or not at all, and its ids stay used", async () => {
  const { demo } = await inProcess();
  const failing = [credit("a1", "10.00"), debit("a2", "4.00"), debit("a3", "99.00"), credit("a4")];
  const codes = async (commands: object[]) => {
    const { body } = await demo.post(commands, { atomic: true });
    return body.results!.map(({ code }) => code);
  };
  expect(await codes(failing)).toEqual(["ATOMIC_ABORTED", "ATOMIC_ABORTED", "INSUFFICIENT_BALANCE", "ATOMIC_ABORTED"]);
  expect((await demo.get("/v1/accounts/alice")).status).toBe(404);
  expect(await codes(failing)).toEqual(["ATOMIC_ABORTED", "ATOMIC_ABORTED", "INSUFFICIENT_BALANCE", "ATOMIC_ABORTED"]);
  const fine = [credit("b1", "10.00"), debit("b2", "4.00")];
  expect(await codes(fine)).toEqual(["OK", "OK"]);
  expect(await codes([...fine, credit("b3")])).toEqual(["ID_REUSED", "ID_REUSED", "ATOMIC_ABORTED"]);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("6.00");
});

test("Prefer: wait gives results at the point where without it there is only the first sequence", async () => {
  const { demo } = await inProcess();
  const pending = await demo.post([credit("a"), credit("b")], { prefer: null });
  expect([pending.status, pending.body]).toMatchObject([202, { status: "pending", sequence: 1, count: 2 }]);
  const done = await demo.post([credit("c"), credit("d")]);
  expect([done.status, done.body]).toMatchObject([200, { status: "done", sequence: 3, count: 2 }]);
  expect(done.body.results!.map(({ sequence, available }) => [sequence, available])).toEqual([
    [3, "3.00"],
    [4, "4.00"],
  ]);
});

test("partners with equal ids and accounts do not meet: neither sees, repeats, captures or reverses the other's", async () => {
  const { demo, admin, url } = await inProcess();
  const made = await admin.send("POST", "/v1/admin/partners", { id: "other", currency: "CNY" });
  const other = new Client(url, made.body.key!);
  await demo.post([credit("a", "7.00"), { id: "h", type: "hold", account: "alice", amount: "2.00" }]);
  expect((await other.get("/v1/accounts/alice")).status).toBe(404);
  expect((await other.get("/v1/commands/a")).status).toBe(404);
  expect((await other.one({ id: "x", type: "release", hold: "h" })).code).toBe("HOLD_NOT_FOUND");
  expect((await other.one({ id: "y", type: "reverse", command: "a" })).code).toBe("COMMAND_NOT_FOUND");
  expect(await other.one(credit("a", "1.00"))).toMatchObject({ code: "OK", available: "1.00" });
  expect((await demo.get("/v1/accounts/alice")).body).toMatchObject({ available: "5.00", held: "2.00" });
  for (const path of ["/v1/admin/groups", "/v1/admin/partners"]) expect((await other.get(path)).status).toBe(403);
});

test("a suspended partner may read and not write, on open connections too, until it is active again", async () => {
  const { demo, admin } = await inProcess();
  await demo.one(credit("a"));
  const set = (status: string) => admin.send("PATCH", "/v1/admin/partners/demo", { status });
  expect((await set("suspended")).status).toBe(200);
  const refused = await demo.post([credit("b")]);
  expect([refused.status, refused.body.code]).toEqual([403, "PARTNER_SUSPENDED"]);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("1.00");
  await set("active");
  expect((await demo.one(credit("b"))).code).toBe("OK");
});
