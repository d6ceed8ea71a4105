import { describe, expect, it } from "vitest";
import { ApiError } from "../errors.ts";
import { testGateway } from "../testing.ts";

const ENTRY = { sequence: 3, id: "c-3", type: "credit", amount: "1.00", balance: "3.00", counterparty: "@world" };

describe("GET /v1/accounts/{account}/entries", () => {
  it("asks the store for the partner's account and passes its page on", async () => {
    const { app, stores, demo } = await testGateway();
    stores.pages.set("alice", { entries: [ENTRY], cursor: "Mw" });
    const url = "/v1/accounts/alice/entries?limit=1&cursor=NA&currency=JPY";
    const response = await app.inject({ url, headers: demo.headers });
    expect(response.json()).toEqual({ entries: [ENTRY], cursor: "Mw" });
    const key = { group: "g0", partner: "demo", currency: "JPY", account: "alice" };
    expect(stores.asked).toEqual([{ ...key, limit: 1, cursor: "NA" }]);
  });

  it("says by a null cursor that there is no more", async () => {
    const { app, stores, demo } = await testGateway();
    stores.pages.set("alice", { entries: [] });
    const response = await app.inject({ url: "/v1/accounts/alice/entries", headers: demo.headers });
    expect(response.json()).toEqual({ entries: [], cursor: null });
    expect(stores.asked).toMatchObject([{ currency: "CNY", limit: 50 }]);
  });

  it("asks for the caller's own partner only, whatever the account is called (I12)", async () => {
    const { app, stores, other } = await testGateway();
    stores.pages.set("alice", { entries: [] });
    await app.inject({ url: "/v1/accounts/alice/entries", headers: other("acme").headers });
    expect(stores.asked.map(({ partner }) => partner)).toEqual(["acme"]);
  });

  it("gives an empty page for an account that the store has not seen yet, 404 for one that is not there", async () => {
    const { app, group, demo } = await testGateway();
    group.put(1, { account: "new", currency: 156 });
    const known = await app.inject({ url: "/v1/accounts/new/entries", headers: demo.headers });
    expect([known.statusCode, known.json()]).toEqual([200, { entries: [], cursor: null }]);
    const unknown = await app.inject({ url: "/v1/accounts/nobody/entries", headers: demo.headers });
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, "ACCOUNT_NOT_FOUND"]);
  });

  it("says so while the store cannot answer", async () => {
    const { app, stores, demo } = await testGateway();
    stores.failure = new ApiError("STORE_DOWN");
    const response = await app.inject({ url: "/v1/accounts/alice/entries", headers: demo.headers });
    expect([response.statusCode, response.json().code]).toEqual([503, "STORE_DOWN"]);
    expect(response.headers["retry-after"]).toBe("1");
  });

  it.each(["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=a%20b", "other=1", "currency=XXXX"])(
    "refuses ?%s",
    async (query) => {
      const { app, demo } = await testGateway();
      const response = await app.inject({ url: `/v1/accounts/alice/entries?${query}`, headers: demo.headers });
      expect([response.statusCode, response.json().code]).toEqual([400, "INVALID_REQUEST"]);
    },
  );
});
