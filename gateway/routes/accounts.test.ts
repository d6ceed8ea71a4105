import { describe, expect, it } from "vitest";
import { testGateway } from "../testing.ts";

const CNY = 156;
const JPY = 392;
const money = (lo: number, hi = 0) => ({ hi, lo });

describe("GET /v1/accounts/{account}", () => {
  it("shows money in major units with the currency's places, and the balance as the sum", async () => {
    const { app, group, demo } = await testGateway();
    group.put(1, {
      account: "alice",
      currency: CNY,
      available: money(1025),
      held: money(5),
      maxBalance: money(100_000),
    });
    const response = await app.inject({ url: "/v1/accounts/alice", headers: demo.headers });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      account: "alice",
      currency: "CNY",
      available: "10.25",
      held: "0.05",
      balance: "10.30",
      status: "active",
      minBalance: "0.00",
      maxBalance: "1000.00",
      version: 1,
      sequence: 9,
    });
  });

  it("carries balances over limbs exactly", async () => {
    const { app, group, demo } = await testGateway();
    group.put(1, { account: "alice", currency: JPY, available: money(999_999_999_999_999, 7), held: money(1) });
    const response = await app.inject({ url: "/v1/accounts/alice?currency=JPY", headers: demo.headers });
    expect(response.json()).toMatchObject({ available: "7999999999999999", balance: "8000000000000000" });
  });

  it("reads @world, whose balance is negative", async () => {
    const { app, group, demo } = await testGateway();
    group.put(1, { account: "@world", currency: CNY, available: money(999_999_999_999_000, -1) });
    const response = await app.inject({ url: "/v1/accounts/@world", headers: demo.headers });
    expect(response.json()).toMatchObject({ account: "@world", available: "-10.00" });
  });

  it("knows nothing of another partner's account of the same name (I12)", async () => {
    const { app, group, demo, other } = await testGateway();
    group.put(1, { account: "alice", currency: CNY, available: money(1) });
    const response = await app.inject({ url: "/v1/accounts/alice", headers: other("shop").headers });
    expect([response.statusCode, response.json().code]).toEqual([404, "ACCOUNT_NOT_FOUND"]);
    expect((await app.inject({ url: "/v1/accounts/alice", headers: demo.headers })).statusCode).toBe(200);
  });

  it.each([
    ["/v1/accounts/a%20b", "INVALID_REQUEST", 400],
    ["/v1/accounts/@bank", "INVALID_REQUEST", 400],
    [`/v1/accounts/${"a".repeat(65)}`, "INVALID_REQUEST", 400],
    ["/v1/accounts/alice?currency=ZZZ", "INVALID_REQUEST", 400],
    ["/v1/accounts/alice?currency=cny", "INVALID_REQUEST", 400],
    ["/v1/accounts/alice?unknown=1", "INVALID_REQUEST", 400],
    ["/v1/accounts/alice?currency=CNY&currency=USD", "INVALID_REQUEST", 400],
    ["/v1/accounts/nobody", "ACCOUNT_NOT_FOUND", 404],
  ])("%s is %s", async (url, code, status) => {
    const { app, demo } = await testGateway();
    const response = await app.inject({ url, headers: demo.headers });
    expect([response.json().code, response.statusCode]).toEqual([code, status]);
  });

  it("passes the group's refusal on, with Retry-After", async () => {
    const { app, group, demo } = await testGateway();
    group.failure = "GROUP_DOWN";
    const response = await app.inject({ url: "/v1/accounts/alice", headers: demo.headers });
    expect([response.statusCode, response.json().code, response.headers["retry-after"]]).toEqual([
      503,
      "GROUP_DOWN",
      "1",
    ]);
  });
});

describe("GET /v1/accounts/{account}?at=", () => {
  it.each([
    ["42", { sequence: 42 }],
    ["0", { sequence: 0 }],
    ["2026-11-20T08:00:00Z", { timeMs: Date.UTC(2026, 10, 20, 8) }],
    ["2026-11-20T08:00:00.125999Z", { timeMs: Date.UTC(2026, 10, 20, 8) + 125 }],
  ])("%s asks the partner's own history at that point", async (at, expected) => {
    const { app, history, demo } = await testGateway();
    await app.inject({ url: `/v1/accounts/alice?at=${at}`, headers: demo.headers });
    expect(history.asked).toEqual([{ group: "g0", partner: 1, account: "alice", currency: CNY, at: expected }]);
  });

  it.each([
    "2026-02-30T08:00:00Z",
    "2026-11-20T25:00:00Z",
    "2026-11-20",
    "2026-11-20T08:00:00%2B01:00",
    "-1",
    "1e3",
    "01",
  ])("%s is refused without asking", async (at) => {
    const { app, history, demo } = await testGateway();
    const response = await app.inject({ url: `/v1/accounts/alice?at=${at}`, headers: demo.headers });
    expect([response.statusCode, response.json().code]).toEqual([400, "INVALID_REQUEST"]);
    expect(history.asked).toEqual([]);
  });

  it("before what is kept is 410 with the oldest sequence", async () => {
    const { app, history, demo } = await testGateway();
    history.answer = { trimmed: 77 };
    const response = await app.inject({ url: "/v1/accounts/alice?at=5", headers: demo.headers });
    expect([response.statusCode, response.json()]).toMatchObject([410, { code: "HISTORY_TRIMMED", oldest: 77 }]);
  });

  it("beyond the durable end is 400, and names the end", async () => {
    const { app, history, demo } = await testGateway();
    history.answer = { beyond: 9 };
    const response = await app.inject({ url: "/v1/accounts/alice?at=10", headers: demo.headers });
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toContain("sequence 9");
  });
});

describe("POST /v1/accounts/lookup", () => {
  const lookup = (payload: unknown) => ({
    method: "POST" as const,
    url: "/v1/accounts/lookup",
    payload: payload as object,
  });

  it("answers in the order asked, unknown ones in their place", async () => {
    const { app, group, demo } = await testGateway();
    group.put(1, { account: "alice", currency: CNY, available: money(100) });
    const response = await app.inject({ ...lookup({ accounts: ["bob", "alice", "bob"] }), headers: demo.headers });
    const bob = { account: "bob", currency: "CNY", status: "unknown" };
    expect(response.json().accounts).toMatchObject([bob, { account: "alice", available: "1.00" }, bob]);
  });

  it("shows another partner's accounts as unknown (I12)", async () => {
    const { app, group, other } = await testGateway();
    group.put(1, { account: "alice", currency: CNY, available: money(100) });
    const response = await app.inject({ ...lookup({ accounts: ["alice"] }), headers: other("shop").headers });
    expect(response.json().accounts).toEqual([{ account: "alice", currency: "CNY", status: "unknown" }]);
  });

  it.each([
    [{}, "/accounts", "REQUIRED"],
    [{ accounts: [] }, "/accounts", "MIN_ITEMS"],
    [{ accounts: Array(1001).fill("a") }, "/accounts", "MAX_ITEMS"],
    [{ accounts: ["a", "b c"] }, "/accounts/1", "PATTERN"],
    [{ accounts: ["a", 5] }, "/accounts/1", "TYPE"],
    [{ accounts: "a" }, "/accounts", "TYPE"],
    [{ accounts: ["a"], "x/y": 1 }, "/x~1y", "UNKNOWN_FIELD"],
    [{ accounts: ["a"], currency: "ZZZ" }, "/currency", "UNKNOWN_CURRENCY"],
  ])("refuses a malformed body with a pointer (case %#)", async (payload, pointer, code) => {
    const { app, demo } = await testGateway();
    const response = await app.inject({ ...lookup(payload), headers: demo.headers });
    expect(response.json()).toMatchObject({ status: 400, code: "INVALID_BODY", errors: [{ pointer, code }] });
  });

  it("takes a thousand accounts", async () => {
    const { app, demo } = await testGateway();
    const accounts = Array.from({ length: 1000 }, (_, index) => `${"a".repeat(60)}${index}`);
    const response = await app.inject({ ...lookup({ accounts }), headers: demo.headers });
    expect(response.json().accounts).toHaveLength(1000);
  });
});

describe("GET /v1/commands/{id}", () => {
  it("sends the result's text as it is, to its own partner only (I12)", async () => {
    const { app, group, demo, other } = await testGateway();
    group.commands.set("1/ord-1", '{"sequence":1,"id":"ord-1","amount":"1.00"}');
    const response = await app.inject({ url: "/v1/commands/ord-1", headers: demo.headers });
    expect(response.body).toBe('{"sequence":1,"id":"ord-1","amount":"1.00"}');
    expect(response.headers["content-type"]).toMatch(/^application\/json/);
    const foreign = await app.inject({ url: "/v1/commands/ord-1", headers: other("shop").headers });
    expect([foreign.statusCode, foreign.json().code]).toEqual([404, "COMMAND_NOT_FOUND"]);
  });
});
