import { expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { Client, inProcess } from "./server.ts";

interface Page {
  readonly entries: readonly { readonly sequence: number; readonly amount: string; readonly balance: string }[];
  readonly cursor: string | null;
}

async function page(client: Client, query = ""): Promise<Page> {
  return (await client.get(`/v1/accounts/alice/entries${query}`)).body as unknown as Page;
}

const credit = (id: string) => ({ id, type: "credit", account: "alice", amount: "1.00" });

test("what was answered shows up among the entries soon after, and is there after a restart", async () => {
  const data = temporaryFolder();
  const first = await inProcess({}, data);
  const { demo } = first;
  await demo.post([credit("a"), { id: "h", type: "hold", account: "alice", amount: "0.40" }, credit("b")]);
  await demo.post([{ id: "t", type: "transfer", account: "alice", to: "bob", amount: "0.25", memo: "for tea" }]);
  await expect.poll(async () => (await page(demo)).entries.length, { timeout: 10_000 }).toBe(3);
  const shown = await page(demo);
  expect(shown).toEqual({
    entries: [
      expect.objectContaining({ id: "t", type: "transfer", amount: "-0.25", balance: "1.75", counterparty: "bob" }),
      expect.objectContaining({ id: "b", amount: "1.00", balance: "2.00", counterparty: "@world", memo: null }),
      expect.objectContaining({ id: "a", amount: "1.00", balance: "1.00" }),
    ],
    cursor: null,
  });
  await first.stop();
  const second = await inProcess({}, data);
  await second.demo.post([credit("c")]);
  await expect.poll(async () => (await page(second.demo)).entries.length, { timeout: 10_000 }).toBe(4);
  const newest = await page(second.demo, "?limit=1");
  expect((await page(second.demo, `?limit=10&cursor=${newest.cursor}`)).entries).toEqual(shown.entries);
});

test("a partner made just before a restart is known to the readers of results, whose snapshot does not have it", async () => {
  const data = temporaryFolder();
  const first = await inProcess({}, data);
  await first.demo.one(credit("a"));
  const { key } = (await first.admin.send("POST", "/v1/admin/partners", { id: "late" })).body;
  await first.stop();
  const second = await inProcess({}, data);
  // Behind this answer the partner's definition stands in a frame of its own.
  await second.demo.get("/v1/accounts/alice");
  const late = new Client(second.url, key!);
  const { sequence } = await late.one(credit("b"));
  const { status, body } = await late.get(`/v1/results?after=${sequence - 1}`);
  expect([status, body.results?.map(({ id }) => id)]).toEqual([200, ["b"]]);
  await expect.poll(async () => (await page(late)).entries?.length, { timeout: 10_000 }).toBe(1);
});

test("operators see how far the store is, and its metrics", async () => {
  const { demo, admin } = await inProcess({ GROUPS: "g0,g1" });
  await demo.post([credit("a"), credit("b")]);
  const stores = async () => ((await admin.get("/v1/admin/stores")).body as unknown as { stores: object[] }).stores;
  await expect
    .poll(stores, { timeout: 10_000 })
    .toContainEqual({ name: "sqlite", group: "g0", watermark: 2, lag: 0, state: "following" });
  const metrics = await (await fetch(`${admin.url}/metrics`)).text();
  expect(metrics).toContain('ringfence_store_watermark{store="sqlite",group="g0"} 2');
  expect(metrics).toContain('ringfence_store_stopped{store="sqlite",group="g1"} 0');
});

test("without the store commands and balances go on, and entries say that there is none", async () => {
  const { demo, admin } = await inProcess({ STORE: "off" });
  expect((await demo.one(credit("a"))).code).toBe("OK");
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("1.00");
  const refused = await demo.get("/v1/accounts/alice/entries");
  expect([refused.status, refused.body.code]).toEqual([503, "STORE_DOWN"]);
  expect((await admin.get("/v1/admin/stores")).body).toEqual({ stores: [] });
});
