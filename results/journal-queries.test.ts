import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { JournalQueries } from "./journal-queries.ts";
import { type FolderOptions, type JournalFolder, makeJournal, temporaryFolder } from "./testing/journal-folder.ts";

const never = new AbortController().signal;

async function setUp(options: FolderOptions): Promise<{ folder: JournalFolder; queries: JournalQueries }> {
  const folder = await makeJournal(temporaryFolder(onTestFinished), options);
  const groups = [
    { name: "g0", directory: folder.directory },
    { name: "empty", directory: temporaryFolder(onTestFinished) },
  ];
  const queries = new JournalQueries({ groups });
  onTestFinished(() => queries.close());
  return { folder, queries };
}

describe("the reading thread", () => {
  it("gives pages up to the durable sequence only", async () => {
    const { folder, queries } = await setUp({ seed: 31, commands: 500 });
    const log = queries.byGroup("g0")!;
    queries.advance("g0", 0);
    expect(await log.read({ partner: 1, after: 0, limit: 10 })).toEqual({ results: [], next: 0, oldest: 1 });
    queries.advance("g0", folder.durable);
    const { results, next } = await log.read({ partner: 1, after: 0, limit: 10 });
    expect(results).toHaveLength(10);
    expect(JSON.parse(results[9]!)).toMatchObject({ sequence: next, partner: "p1" });
    expect(queries.byGroup("g9")).toBe(undefined);
  });

  it("says nothing of a group before it was told how far that is durable", async () => {
    const { queries } = await setUp({ seed: 41, commands: 50 });
    const reading = queries.byGroup("g0")!.read({ partner: 1, after: 0, limit: 10 });
    await expect(reading).rejects.toMatchObject({ code: "RECOVERING" });
    for (const at of [{ sequence: 5 }, { timeMs: 1 }]) {
      const asking = queries.balanceAt({ group: "g0", partner: 1, currency: 1, account: "@world", at });
      await expect(asking).rejects.toMatchObject({ code: "RECOVERING" });
    }
  });

  it("finds past balances", async () => {
    const { folder, queries } = await setUp({ seed: 32, commands: 500 });
    const key = { group: "g0", partner: 1, currency: 1, account: "@world" };
    queries.advance("g0", 0);
    expect(await queries.balanceAt({ ...key, at: { sequence: 5 } })).toEqual({ beyond: 0 });
    queries.advance("g0", folder.durable);
    const found = await queries.balanceAt({ ...key, at: { sequence: folder.durable } });
    expect(found).toMatchObject({ account: "@world", currency: 1, status: "active", sequence: folder.durable });
    expect(await queries.balanceAt({ ...key, account: "nobody", at: { sequence: 5 } })).toBe(undefined);
  });

  it("answers pages while an audit is under way, and both are right", async () => {
    const { folder, queries } = await setUp({ seed: 33, commands: 3000 });
    const { durable, stateHash } = folder;
    queries.advance("g0", durable);
    const audit = queries.verify("g0", { through: durable });
    const page = await queries.byGroup("g0")!.read({ partner: 1, after: 0, limit: 5 });
    expect(page.results).toHaveLength(5);
    expect(await audit).toMatchObject({ ok: true, sequence: durable, stateHash });
  });

  it("finds nothing in a group without a journal yet", async () => {
    const { queries } = await setUp({ seed: 34, commands: 50 });
    queries.advance("empty", 0);
    const log = queries.byGroup("empty")!;
    expect(await log.read({ partner: 1, after: 0, limit: 5 })).toEqual({ results: [], next: 0, oldest: 1 });
  });

  it("tells a fault of the journal by its code, and goes on with other groups", async () => {
    const { folder, queries } = await setUp({ seed: 35, commands: 500 });
    rmSync(folder.directory, { recursive: true });
    queries.advance("g0", folder.durable);
    queries.advance("empty", 0);
    const log = queries.byGroup("g0")!;
    await expect(log.read({ partner: 1, after: 0, limit: 5 })).rejects.toMatchObject({ code: "FAILED" });
    expect(await queries.byGroup("empty")!.read({ partner: 1, after: 0, limit: 5 })).toMatchObject({ next: 0 });
  });

  it("tells damage where it is read, by its place", async () => {
    const { folder, queries } = await setUp({ seed: 40, commands: 500 });
    const file = readdirSync(folder.directory).find((name) => name.endsWith(".seg"))!;
    const handle = openSync(join(folder.directory, file), "r+");
    writeSync(handle, Uint8Array.of(1, 2, 3), 0, 3, 700);
    closeSync(handle);
    queries.advance("g0", folder.durable);
    const reading = queries.byGroup("g0")!.read({ partner: 1, after: 0, limit: 5 });
    await expect(reading).rejects.toMatchObject({
      code: "DAMAGED",
      message: expect.stringContaining(`${file} at byte 512`),
    });
    expect(await queries.verify("g0", { through: folder.durable })).toMatchObject({ ok: false });
  });

  it("lets go of past balances that wait and of audits when it is interrupted; pages go on", async () => {
    const { folder, queries } = await setUp({ seed: 42, commands: 3000 });
    queries.advance("g0", folder.durable);
    const key = { group: "g0", partner: 1, currency: 1, account: "@world", at: { sequence: folder.durable } };
    const asked = Promise.allSettled([1, 2, 3].map(() => queries.balanceAt(key)));
    const audit = expect(queries.verify("g0", {})).rejects.toMatchObject({ code: "STOPPED" });
    await queries.interrupt();
    await audit;
    const [first, ...rest] = await asked;
    expect(first).toMatchObject({ status: "fulfilled", value: { sequence: folder.durable } });
    for (const one of rest) expect(one).toMatchObject({ status: "rejected", reason: { code: "STOPPED" } });
    expect((await queries.byGroup("g0")!.read({ partner: 1, after: 0, limit: 5 })).results).toHaveLength(5);
  });

  it("rejects what waits when it is closed, and everything after", async () => {
    const { folder, queries } = await setUp({ seed: 36, commands: 500 });
    queries.advance("g0", folder.durable);
    const log = queries.byGroup("g0")!;
    const waiting = expect(log.read({ partner: 1, after: 0, limit: 5 })).rejects.toMatchObject({ code: "STOPPED" });
    await queries.close();
    await waiting;
    await expect(log.read({ partner: 1, after: 0, limit: 5 })).rejects.toMatchObject({ code: "STOPPED" });
    await expect(queries.verify("g0", {})).rejects.toMatchObject({ code: "STOPPED" });
  });

  it("refuses requests beyond its bound rather than to keep them", async () => {
    const { queries } = await setUp({ seed: 37, commands: 50 });
    queries.advance("empty", 0);
    const log = queries.byGroup("empty")!;
    const all = await Promise.allSettled(
      Array.from({ length: 1005 }, () => log.read({ partner: 1, after: 0, limit: 5 })),
    );
    const refused = all.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ reason: { code: "OVERLOADED" } });
  });
});

describe("waiting for results", () => {
  it("ends when a later sequence is durable, not before", async () => {
    const { queries } = await setUp({ seed: 38, commands: 50 });
    const log = queries.byGroup("g0")!;
    let isAwake = false;
    const waiting = log.waitFor(7, 60_000, never).then(() => {
      isAwake = true;
    });
    queries.advance("g0", 7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAwake).toBe(false);
    queries.advance("g0", 8);
    await waiting;
    await log.waitFor(7, 60_000, never);
  });

  it("ends at its time, or on abort", async () => {
    const { queries } = await setUp({ seed: 39, commands: 50 });
    const log = queries.byGroup("g0")!;
    await log.waitFor(0, 5, never);
    const abort = new AbortController();
    const waiting = log.waitFor(0, 60_000, abort.signal);
    abort.abort();
    await waiting;
    await log.waitFor(0, 60_000, abort.signal);
  });
});
