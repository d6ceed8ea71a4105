import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { accountsOf, replay } from "../../results/index.ts";
import {
  type FolderOptions,
  type JournalFolder,
  makeJournal,
  temporaryFolder,
} from "../../results/testing/journal-folder.ts";
import { compareBalances, SqliteStore } from "../../stores/index.ts";
import { createLogger } from "../logger.ts";
import { groupDirectory, storePath } from "../paths.ts";
import { EmbeddedStore } from "./embedded-store.ts";

const folder = () => temporaryFolder(onTestFinished);

interface Running {
  readonly store: EmbeddedStore;
  readonly lines: string[];
}

function run(data: string): Running {
  const lines: string[] = [];
  const log = createLogger("info", { write: (line) => void lines.push(line) });
  const groups = [{ name: "g0", directory: groupDirectory(data, "g0") }];
  const store = new EmbeddedStore({ path: storePath(data), groups }, log);
  onTestFinished(() => store.close());
  return { store, lines };
}

const journalIn = (data: string, options: FolderOptions) => makeJournal(groupDirectory(data, "g0"), options);

async function statusOf(store: EmbeddedStore) {
  return (await store.status())[0]!;
}

/** Waits until the store has everything, and ends it. */
async function follow(data: string, durable: number): Promise<Running> {
  const running = run(data);
  running.store.advance("g0", durable);
  await expect.poll(async () => (await statusOf(running.store)).watermark, { timeout: 20_000 }).toBe(durable);
  expect(await statusOf(running.store)).toEqual({
    ...{ name: "sqlite", group: "g0", watermark: durable, lag: 0, state: "following" },
  });
  await running.store.close();
  return running;
}

/** Holds the store's file against a replay of the journal. */
async function expectEqual(data: string, { directory, durable }: JournalFolder): Promise<void> {
  const store = new SqliteStore({ path: storePath(data), readOnly: true });
  await store.prepare();
  const { machine } = replay({ directory, at: { sequence: durable } });
  const { compared, differences } = await compareBalances(store, "g0", accountsOf(machine));
  await store.close();
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(10);
}

test("it follows the journal to the engine's balances, and goes on after a restart", async () => {
  const data = folder();
  const journal = await journalIn(data, { seed: 41, commands: 6000, snapshotFrames: [10] });
  const { frames } = journal;
  const between = frames[Math.floor(frames.length / 2)]!.firstSequence - 1;
  await follow(data, between);
  await follow(data, journal.durable);
  await expectEqual(data, journal);
});

test("it answers with entries, newest first, and with nothing for an account that it does not know", async () => {
  const data = folder();
  const { durable } = await journalIn(data, { seed: 42, commands: 3000 });
  const { store } = run(data);
  store.advance("g0", durable);
  await expect.poll(async () => (await statusOf(store)).watermark, { timeout: 20_000 }).toBe(durable);
  const query = { group: "g0", partner: "p1", currency: "CNY", account: "a", limit: 5 };
  const page = await store.entries(query);
  const sequences = page!.entries.map((entry) => (entry as { sequence: number }).sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => b - a));
  expect(sequences.length).toBeGreaterThan(0);
  expect(await store.entries({ ...query, account: "nobody" })).toBeUndefined();
  await expect(store.entries({ ...query, cursor: "eA" })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
});

test("where the journal was trimmed it begins with the newest snapshot, and says so", async () => {
  const data = folder();
  const journal = await journalIn(data, { seed: 22, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true });
  expect(journal.oldest).toBeGreaterThan(1);
  const { lines } = await follow(data, journal.durable);
  await expectEqual(data, journal);
  expect(lines.join()).toContain(`begins with the snapshot after sequence ${journal.snapshotSequences.at(-1)}`);
});

test("a store that is ahead of its journal, or has another one's results, is rebuilt", async () => {
  const data = folder();
  const long = await journalIn(data, { seed: 43, commands: 4000 });
  await follow(data, long.durable);
  rmSync(long.directory, { recursive: true });
  const short = await journalIn(data, { seed: 44, commands: 1000 });
  expect(short.durable).toBeLessThan(long.durable);
  expect((await follow(data, short.durable)).lines.join()).toContain("it is rebuilt");
  await expectEqual(data, short);
  rmSync(short.directory, { recursive: true });
  const other = await journalIn(data, { seed: 45, commands: 2000 });
  expect((await follow(data, other.durable)).lines.join()).toContain("it is rebuilt");
  await expectEqual(data, other);
});

test("a file that is no database is put aside, and the store made anew", async () => {
  const data = folder();
  const journal = await journalIn(data, { seed: 46, commands: 1000 });
  writeFileSync(storePath(data), "not a database, though long enough to be read as one".repeat(100));
  const { lines } = await follow(data, journal.durable);
  await expectEqual(data, journal);
  expect(lines.join()).toContain("put aside");
  expect(readdirSync(data)).toContain("store.db.old");
});

test("damage in the journal stops the store with an alarm; what it has stays readable", async () => {
  const data = folder();
  const journal = await journalIn(data, { seed: 47, commands: 4000 });
  const half = journal.frames[Math.floor(journal.frames.length / 2)]!.firstSequence - 1;
  await follow(data, half);
  const last = join(
    journal.directory,
    readdirSync(journal.directory)
      .filter((file) => file.endsWith(".seg"))
      .sort()
      .at(-1)!,
  );
  const bytes = readFileSync(last);
  // The last byte that is not zero lies in the last frame.
  const at = bytes.findLastIndex((byte) => byte !== 0);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(last, bytes);
  const { store, lines } = run(data);
  store.advance("g0", journal.durable);
  await expect.poll(async () => (await statusOf(store)).state, { timeout: 20_000 }).toBe("stopped");
  const status = await statusOf(store);
  expect(status.watermark).toBeGreaterThanOrEqual(half);
  expect(status.lag).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes('"level":50'))).toHaveLength(1);
  const query = { group: "g0", partner: "p1", currency: "CNY", account: "a", limit: 5 };
  expect((await store.entries(query))!.entries.length).toBeGreaterThan(0);
});
