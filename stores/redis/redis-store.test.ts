import { spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { conformance } from "../testing/conformance.ts";
import { batchOf } from "../testing/history.ts";
import { credits } from "../testing/results.ts";
import { sentAhead } from "../testing/sent-ahead.ts";
import { hasPrograms, startRedis, type TestServer } from "../testing/servers.ts";
import { RedisStore } from "./redis-store.ts";

const REDIS_CLI = "redis-cli";
const isThere = hasPrograms(["redis-server", REDIS_CLI], "redis-server");
const alice = { group: "g0", partner: "p1", currency: "CNY", account: "alice" };

describe.skipIf(!isThere)("the Redis store, on a real Redis", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  async function admin(): Promise<Redis> {
    const redis = new Redis(server.url);
    onTestFinished(() => void redis.disconnect());
    return redis;
  }

  async function open(entriesKept?: number): Promise<RedisStore> {
    const store = new RedisStore({ url: server.url, ...(entriesKept === undefined ? {} : { entriesKept }) });
    await store.prepare();
    onTestFinished(() => store.close());
    return store;
  }

  async function fresh(entriesKept?: number): Promise<RedisStore> {
    await (await admin()).flushall();
    return open(entriesKept);
  }

  conformance({ fresh: () => fresh(), again: () => open() });

  test("of each account only the newest entries are kept", async () => {
    const store = await fresh(10);
    for (let first = 1; first < 40; first += 13) await store.apply(batchOf(credits(first, 13)));
    const page = await store.entries({ ...alice, limit: 100 });
    expect(page!.entries.map(({ sequence }) => sequence)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
  });

  test("two processes with the same results make them count once", async () => {
    const one = await fresh();
    const other = await open();
    await one.apply(batchOf(credits(1, 5)));
    await other.apply(batchOf(credits(1, 8)));
    // `one` still takes the watermark for 5.
    expect((await one.apply(batchOf(credits(4, 7)))).sequence).toBe(10);
    const page = await one.entries({ ...alice, limit: 100 });
    expect(page!.entries.map(({ sequence }) => sequence)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  describe("with batches sent ahead", () => {
    const entries = "rf:{g0}:entries/p1/CNY/alice";
    sentAhead({
      fresh: () => fresh(),
      again: () => open(),
      obstruct: async () => {
        const redis = await admin();
        await redis.rename(entries, "kept");
        await redis.set(entries, "no list");
        return () => redis.rename("kept", entries);
      },
    });
  });

  test("data lost while the store was connected is seen as a gap", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 5)));
    await (await admin()).flushall();
    await expect(store.apply(batchOf(credits(6, 2)))).rejects.toMatchObject({
      code: "GAP",
      watermark: { sequence: 0 },
    });
  });

  test("a reset that broke off leaves nothing that a new beginning would show", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 5)));
    const redis = await admin();
    await redis.del("rf:{g0}:watermark");
    await store.close();
    const next = await open();
    await next.apply(batchOf(credits(1, 3)));
    const page = await next.entries({ ...alice, limit: 100 });
    expect(page!.entries.map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  });

  test("a second reset does not begin while one is under way", async () => {
    const store = await fresh();
    await (await admin()).set("rf:{g0}:reset", "1");
    await expect(store.reset("g0")).rejects.toThrow("another process resets group g0");
  });

  test("while another process empties the group, nothing is written into it, sent ahead or not", async () => {
    const store = await fresh();
    const redis = await admin();
    await store.apply(batchOf(credits(1, 5)));
    const next = batchOf(credits(6, 5));
    await redis.set("rf:{g0}:reset", "another's");
    expect(store.stage(next)).toBe(true);
    await expect(store.apply(next)).rejects.toThrow("another process resets group g0");
    // The other one has taken the watermark away, and is deleting.
    await redis.del("rf:{g0}:watermark");
    await expect((await open()).apply(batchOf(credits(1, 5)))).rejects.toThrow("another process resets group g0");
    expect(await redis.exists("rf:{g0}:watermark")).toBe(0);
    await redis.del("rf:{g0}:reset");
    expect((await store.apply(batchOf(credits(1, 10)))).sequence).toBe(10);
    expect(await redis.exists("rf:{g0}:reset")).toBe(0);
  });

  test("one that has lost the group's lock changes nothing more", async () => {
    const store = await fresh();
    const redis = await admin();
    const balances = function* () {
      for (let i = 0; i < 5000; i++) {
        // As after a standstill: the lock has run out, and another process has taken and filled the group.
        if (i === 3000) spawnSync(REDIS_CLI, ["-p", String(server.port), "SET", "rf:{g0}:reset", "another's"]);
        yield {
          ...alice,
          account: `a${i}`,
          available: "1.00",
          held: "0.00",
          status: "active",
          version: 1,
          updatedAtMs: 1,
        };
      }
    };
    const seeding = store.seed("g0", { sequence: 9, epoch: 1, journal: "j" }, balances());
    await expect(seeding).rejects.toThrow("another process resets group g0");
    expect(await redis.keys("rf:{g0}:balance/*")).toHaveLength(2000);
    expect(await redis.exists("rf:{g0}:watermark")).toBe(0);
    expect(await redis.get("rf:{g0}:reset")).toBe("another's");
  });

  test("a Redis that may evict balances is refused", async () => {
    const redis = await admin();
    await redis.config("SET", "maxmemory", "100mb");
    await redis.config("SET", "maxmemory-policy", "allkeys-lru");
    onTestFinished(async () => {
      await redis.config("SET", "maxmemory", "0");
      await redis.config("SET", "maxmemory-policy", "noeviction");
    });
    const store = new RedisStore({ url: server.url });
    onTestFinished(() => store.close());
    await expect(store.prepare()).rejects.toThrow("may evict balances");
  });

  test("a balance can be read with HGETALL by whoever knows the key", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 2)));
    expect(await (await admin()).hgetall("rf:{g0}:balance/p1/CNY/alice")).toEqual({
      available: "2.00",
      held: "0.00",
      status: "active",
      version: "2",
      created_at: "1760000000001",
      updated_at: "1760000000002",
    });
  });
});
