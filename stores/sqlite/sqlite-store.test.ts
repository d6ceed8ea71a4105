import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Store } from "../store.ts";
import { conformance } from "../testing/conformance.ts";
import { batchOf } from "../testing/history.ts";
import { credits } from "../testing/results.ts";
import { SqliteStore } from "./sqlite-store.ts";

const paths = new WeakMap<Store, string>();

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "store.db");
}

async function open(path: string): Promise<SqliteStore> {
  const store = new SqliteStore({ path });
  paths.set(store, path);
  await store.prepare();
  onTestFinished(() => store.close());
  return store;
}

describe("the embedded store", () => {
  conformance({ fresh: () => open(temporaryFile()), again: (store) => open(paths.get(store)!) });

  test("a change that is missing between two batches is seen by the account's version", async () => {
    const store = await open(temporaryFile());
    await store.apply(batchOf(credits(1, 3)));
    const jump = { ...credits(5, 1)[0]!, sequence: 4 };
    await expect(store.apply(batchOf([jump]))).rejects.toMatchObject({ code: "VERSION" });
    expect((await store.watermark("g0")).sequence).toBe(3);
  });

  test("between the statements of a large transaction the caller has its say, and what it wrote is whole", async () => {
    const path = temporaryFile();
    const reader = await open(path);
    const seen: number[] = [];
    const store = new SqliteStore({ path, betweenStatements: () => void reader.watermark("g0").then(see) });
    const see = ({ sequence }: { sequence: number }) => seen.push(sequence);
    await store.prepare();
    onTestFinished(() => store.close());
    await store.apply(batchOf(credits(1, 100)));
    // Three statements of 32 entries, none of them seen from outside.
    expect(seen).toEqual([0, 0, 0]);
    expect((await reader.watermark("g0")).sequence).toBe(100);
  });

  test("a file of another schema version is refused", async () => {
    const path = temporaryFile();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expect(new SqliteStore({ path }).prepare()).rejects.toThrow("schema version 99");
  });

  test("user_balances shows uid, amount and both times", async () => {
    const path = temporaryFile();
    const store = await open(path);
    await store.apply(batchOf(credits(1, 2, "100001")));
    const database = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => database.close());
    const [row] = database.prepare("SELECT uid, amount, created_at, updated_at FROM user_balances").all();
    expect({ ...row }).toEqual({
      uid: "100001",
      amount: "2.00",
      created_at: "2025-10-09 08:53:20.001",
      updated_at: "2025-10-09 08:53:20.002",
    });
  });
});
