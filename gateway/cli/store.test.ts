import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type FolderOptions,
  type JournalFolder,
  makeJournal,
  temporaryFolder,
} from "../../results/testing/journal-folder.ts";
import { lockDataFolder } from "../data-lock.ts";
import { groupDirectory, storePath } from "../paths.ts";
import { run } from "./run.ts";

async function ringfence(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: async (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  return { code: await run(args, terminal), out, err };
}

async function dataFolder(options: FolderOptions): Promise<{ data: string; folder: JournalFolder }> {
  const data = temporaryFolder(onTestFinished);
  return { data, folder: await makeJournal(groupDirectory(data, "g0"), options) };
}

describe("wrong use of ringfence store", () => {
  const cases: readonly (readonly string[])[] = [
    [],
    ["mongo"],
    ["redis", "now"],
    ["sql"],
    ["compare"],
    ["compare", "sqlite"],
    ["compare", "mongo", "/nowhere"],
    ["compare", "sqlite", "/nowhere"],
    ["compare", "sqlite", "/nowhere", "--snapshot"],
    ["rebuild", "sqlite", "/nowhere", "--group", "../g0"],
    ["rebuild", "sqlite", "/nowhere", "--colour"],
  ];
  it.each(cases.map((args) => ({ line: args.join(" "), args })))(
    "ends with 2: ringfence store $line",
    async ({ args }) => {
      const { code, out, err } = await ringfence("store", ...args);
      expect({ code, out }).toEqual({ code: 2, out: [] });
      expect(err).toHaveLength(1);
      expect(err[0]).toMatch(/^ringfence: \S.*\.$/);
    },
  );
});

describe("ringfence store rebuild and compare", () => {
  it("fill the embedded store from the journal, and find it equal to a replay", async () => {
    const { data, folder } = await dataFolder({ seed: 51, commands: 3000 });
    const rebuilt = await ringfence("store", "rebuild", "sqlite", data);
    expect(rebuilt).toEqual({ code: 0, out: [`g0: rebuilt up to sequence ${folder.durable}.`], err: [] });
    const { code, out } = await ringfence("store", "compare", "sqlite", data);
    expect(code).toBe(0);
    expect(out[0]).toMatch(new RegExp(`^g0: equal after sequence ${folder.durable}: \\d+ accounts\\.$`));
  });

  it("go by the newest snapshot and the results after it where the journal was trimmed", async () => {
    const { data, folder } = await dataFolder({ seed: 22, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true });
    expect(folder.oldest).toBeGreaterThan(1);
    const rebuilt = await ringfence("store", "rebuild", "sqlite", data);
    expect({ code: rebuilt.code, out: rebuilt.out }).toEqual({
      code: 0,
      out: [`g0: rebuilt up to sequence ${folder.durable}.`],
    });
    expect((await ringfence("store", "compare", "sqlite", data)).code).toBe(0);
  });

  it("begin with the snapshot when told so", async () => {
    const { data } = await dataFolder({ seed: 52, commands: 3000, snapshotFrames: [10, 20] });
    expect((await ringfence("store", "rebuild", "sqlite", data, "--snapshot")).code).toBe(0);
    expect((await ringfence("store", "compare", "sqlite", data, "--group", "g0")).code).toBe(0);
    const database = new DatabaseSync(storePath(data), { readOnly: true });
    onTestFinished(() => database.close());
    const { first } = database.prepare("SELECT min(sequence) AS first FROM entries").get() as { first: number };
    expect(first).toBeGreaterThan(1);
  });

  it("list the accounts that differ, and end with 1", async () => {
    const { data, folder } = await dataFolder({ seed: 53, commands: 3000 });
    await ringfence("store", "rebuild", "sqlite", data);
    const database = new DatabaseSync(storePath(data));
    database.exec("UPDATE balances SET available = '0.13' WHERE account = 2");
    database.exec("DELETE FROM accounts WHERE id = 3");
    database.exec("UPDATE accounts SET account = 'nobody' WHERE id = 4");
    database.close();
    const { code, out, err } = await ringfence("store", "compare", "sqlite", data);
    expect(code).toBe(1);
    expect(out).toHaveLength(4);
    expect(out.filter((line) => line.includes("the store has available 0.13"))).toHaveLength(1);
    expect(out.filter((line) => line.includes("the store has nothing"))).toHaveLength(2);
    expect(out.filter((line) => line.includes("nobody") && line.includes("no such account"))).toHaveLength(1);
    expect(err).toEqual([`g0: 4 accounts differ after sequence ${folder.durable}.`]);
  });

  it("refuse to rebuild the embedded store beside the service that writes it", async () => {
    const { data } = await dataFolder({ seed: 54, commands: 100 });
    const lock = lockDataFolder(data);
    onTestFinished(() => lock.release());
    const { code, err } = await ringfence("store", "rebuild", "sqlite", data);
    expect([code, err.length]).toEqual([1, 1]);
    expect(err[0]).toMatch(/^ringfence: /);
  });
});
