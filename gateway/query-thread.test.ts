import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readSettings } from "./config.ts";
import { start } from "./serve.ts";
import { temporaryFolder } from "./testing.ts";

interface Client {
  /** Body of a reply that must have this status. */
  get(path: string, status?: number): Promise<Record<string, unknown>>;
  post(path: string, body: object, status?: number): Promise<Record<string, unknown>>;
}

async function setUp(): Promise<{ partner: Client; admin: Client; data: string }> {
  const data = temporaryFolder();
  const environment = {
    RINGFENCE_DATA: data,
    RINGFENCE_PORT: "0",
    RINGFENCE_LOG_LEVEL: "silent",
    RINGFENCE_SEGMENT_MB: "16",
  };
  const service = await start(readSettings(environment));
  onTestFinished(() => service.stop());
  const { partner, admin } = JSON.parse(readFileSync(join(data, "credentials.json"), "utf8")) as {
    partner: { key: string };
    admin: { key: string };
  };
  return { partner: client(service.url, partner.key), admin: client(service.url, admin.key), data };
}

function client(url: string, key: string): Client {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", prefer: "wait=5" };
  const ask = async (path: string, init: RequestInit, status: number) => {
    const reply = await fetch(`${url}${path}`, { ...init, headers });
    const body = (await reply.json()) as Record<string, unknown>;
    expect({ status: reply.status, body }).toMatchObject({ status });
    return body;
  };
  return {
    get: (path, status = 200) => ask(path, {}, status),
    post: (path, body, status = 200) => ask(path, { method: "POST", body: JSON.stringify(body) }, status),
  };
}

const credit = (id: string, account = "alice") => ({ id, type: "credit", account, amount: "10.00" });

describe("a serving process reads its journal", () => {
  it("so that /v1/results gives the same results as the answer to the commands", async () => {
    const { partner } = await setUp();
    const answered = await partner.post("/v1/commands", {
      commands: [credit("c1"), credit("c2", "bob"), credit("c1")],
    });
    const page = await partner.get("/v1/results?after=0");
    expect(page).toEqual({ results: answered.results, next: 3 });
  });

  it("so that a long poll ends with the expiry of a hold, which no request caused", async () => {
    const { partner } = await setUp();
    const hold = { id: "h1", type: "hold", account: "alice", amount: "4", expiresIn: 1 };
    await partner.post("/v1/commands", { commands: [credit("c1"), hold] });
    const begin = performance.now();
    const page = await partner.get("/v1/results?after=2&wait=20");
    expect(page).toMatchObject({ results: [{ id: "@expire:h1", sequence: 3, available: "10.00" }], next: 3 });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it("so that ?at= gives balances as they were, and refuses what is not known yet", async () => {
    const { partner } = await setUp();
    await partner.post("/v1/commands", { commands: [credit("c1"), credit("c2")] });
    expect(await partner.get("/v1/accounts/alice?at=1")).toMatchObject({ available: "10.00", version: 1, sequence: 1 });
    expect(await partner.get("/v1/accounts/@world?at=2")).toMatchObject({ available: "-20.00", sequence: 2 });
    await partner.get("/v1/accounts/alice?at=0", 404);
    await partner.get("/v1/accounts/alice?at=3", 400);
  });

  it("and says of damage that it finds there that it is damage, while commands go on", async () => {
    const { partner, data } = await setUp();
    await partner.post("/v1/commands", { commands: [credit("c1")] });
    const folder = join(data, "groups", "g0");
    const segment = readdirSync(folder).find((file) => file.endsWith(".seg"))!;
    const handle = openSync(join(folder, segment), "r+");
    // Within the first frame, which begins behind a header of a sector.
    writeSync(handle, Buffer.from([0xff]), 0, 1, 512 + 130);
    closeSync(handle);
    const problem = await partner.get("/v1/results?after=0", 500);
    expect(problem).toMatchObject({ code: "INTERNAL", detail: expect.stringContaining("damaged where this is to be") });
    expect(await partner.post("/v1/commands", { commands: [credit("c2")] })).toMatchObject({ status: "done" });
  });

  it("so that verify finds the state in memory in the journal, also after definitions, which take no sequence", async () => {
    const { partner, admin } = await setUp();
    // Of a new group only definitions are in the journal.
    expect(await admin.post("/v1/admin/groups/g0/verify", {})).toMatchObject({ ok: true, sequence: 0 });
    await partner.post("/v1/commands", { commands: [credit("c1")] });
    expect(await admin.post("/v1/admin/groups/g0/verify", {})).toMatchObject({ ok: true, sequence: 1 });
    await admin.post("/v1/admin/partners", { id: "another" }, 201);
    expect(await admin.post("/v1/admin/groups/g0/verify", {})).toMatchObject({
      ok: true,
      trialBalance: { CNY: "0.00" },
    });
  });
});
