/**
 * Real store processes killed while they apply, some between a transaction and the source's commit: afterwards the store equals the
 * engine, and each entry is there once. `RINGFENCE_STORE_KILLS` makes it longer.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type History, history, storeBalances } from "./testing/history.ts";
import { hasPrograms, startMariaDb, startRedis, type TestServer } from "./testing/servers.ts";
import { openStore } from "./testing/store-process.ts";

const KILLS = Number(process.env.RINGFENCE_STORE_KILLS ?? 6);
const SCRIPT = fileURLToPath(new URL("./testing/store-process.ts", import.meta.url));

function messagesFile({ messages }: History): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-kill-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "messages");
  writeFileSync(path, messages.join("\n"));
  return path;
}

/** Runs the process; kills it so many milliseconds after it began to follow. Returns true if it came to its end. */
async function run(args: readonly string[], killAfterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let isDone = false;
  child.stdout.on("data", (chunk: Buffer) => {
    const text = chunk.toString();
    if (text.includes("following")) void sleep(killAfterMs).then(() => child.kill("SIGKILL"));
    if (text.includes("done")) isDone = true;
  });
  await new Promise((resolve) => child.once("exit", resolve));
  return isDone;
}

/** Kills until there were enough, then lets it end, and compares. `onKill` may do more harm. */
async function torture(kind: string, place: string, onKill: (kill: number) => Promise<void> = async () => {}) {
  const known = history(7, 12_000);
  const messages = messagesFile(known);
  for (let kill = 1; kill <= KILLS; kill++) {
    await run([kind, place, messages], 5 + ((kill * 37) % 120));
    await onKill(kill);
  }
  expect(await run([kind, place, messages], 60_000)).toBe(true);
  const store = openStore(kind, place);
  onTestFinished(() => store.close());
  await store.prepare();
  expect((await store.watermark("g0")).sequence).toBe(known.results.length);
  expect(await storeBalances(store)).toEqual(known.balances);
  for (const key of known.balances.keys()) {
    const [partner, currency, account] = key.split("/") as [string, string, string];
    const page = await store.entries({ group: "g0", partner, currency, account, limit: 1000 });
    const sequences = page!.entries.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => b - a));
  }
}

async function started(starting: Promise<TestServer>): Promise<TestServer> {
  const server = await starting;
  onTestFinished(() => server.stop());
  return server;
}

describe("a store process that is killed again and again ends with the engine's balances", () => {
  test("SQLite", { timeout: 300_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ringfence-kill-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await torture("sqlite", join(folder, "store.db"));
  });

  test.skipIf(!hasPrograms(["redis-server", "redis-cli"], "redis-server"))(
    "Redis, which is killed too, and once loses all it had",
    { timeout: 300_000 },
    async () => {
      const redis = await started(startRedis());
      await torture("redis", redis.url, async (kill) => {
        if (kill % 2 === 1) return;
        await redis.kill();
        await redis.start(kill === 4);
      });
    },
  );

  test.skipIf(!hasPrograms(["mariadbd", "mariadb-install-db", "mariadb"], "mariadb-server"))(
    "MariaDB, which is killed too",
    { timeout: 300_000 },
    async () => {
      const mariaDb = await started(startMariaDb());
      await torture("sql", mariaDb.url, async (kill) => {
        if (kill % 3 !== 0) return;
        await mariaDb.kill();
        await mariaDb.start();
      });
    },
  );
});
