import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type FolderOptions,
  type JournalFolder,
  makeJournal,
  temporaryFolder,
} from "../../results/testing/journal-folder.ts";
import { groupDirectory } from "../paths.ts";
import { run } from "./run.ts";

interface Outcome {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function ringfence(...args: string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: async (line: string) => {
      out.push(...line.split("\n"));
    },
    err: (line: string) => {
      err.push(line);
    },
  };
  return { code: await run(args, terminal), out, err };
}

async function dataFolder(options: FolderOptions): Promise<{ data: string; folder: JournalFolder }> {
  const data = temporaryFolder(onTestFinished);
  return { data, folder: await makeJournal(groupDirectory(data, "g0"), options) };
}

function flip(directory: string, pattern: RegExp, at: number): void {
  const file = join(
    directory,
    readdirSync(directory)
      .sort()
      .find((name) => pattern.test(name))!,
  );
  const handle = openSync(file, "r+");
  writeSync(handle, Uint8Array.of(readFileSync(file)[at]! ^ 1), 0, 1, at);
  closeSync(handle);
}

describe("wrong use", () => {
  const cases: readonly (readonly string[])[] = [
    [],
    ["jurnal"],
    ["serve", "now"],
    ["bench"],
    ["bench", "nothing"],
    ["journal"],
    ["journal", "erase", "data"],
    ["journal", "verify"],
    ["journal", "verify", "a", "b"],
    ["journal", "verify", "/nowhere"],
    ["journal", "verify", "/nowhere", "--group", "g0"],
    ["journal", "verify", "/nowhere", "--group", "../g0"],
    ["journal", "verify", "/nowhere", "--limit", "3"],
    ["journal", "dump", "/nowhere"],
    ["journal", "dump", "/nowhere", "--group"],
    ["journal", "dump", "/nowhere", "--colour"],
  ];

  it.each(cases.map((args) => ({ line: args.join(" "), args })))("ends with 2: ringfence $line", async ({ args }) => {
    const { code, out, err } = await ringfence(...args);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(/^ringfence: \S.*\.$/);
  });

  it("of options is told before anything is printed", async () => {
    const { data, folder } = await dataFolder({ seed: 41, commands: 60 });
    const wrong = [
      ["dump", "--after", "-1"],
      ["dump", "--limit", "many"],
      ["replay", "--at", "yesterday"],
      ["replay", "--at", String(folder.durable + 1)],
      ["replay", "--account", "p1"],
    ] as const;
    for (const [action, option, value] of wrong) {
      const { code, out, err } = await ringfence("journal", action, data, "--group", "g0", `${option}=${value}`);
      expect({ code, out, count: err.length }).toEqual({ code: 2, out: [], count: 1 });
    }
  });
});

describe("help", () => {
  it.each(["--help", "serve --help", "journal --help", "journal dump --help", "bench --help"])(
    "ends with 0: ringfence %s",
    async (line) => {
      const { code, out, err } = await ringfence(...line.split(" "));
      expect({ code, err }).toEqual({ code: 0, err: [] });
      expect(out[0]).toMatch(/^Usage: ringfence /);
    },
  );

  it("is printed by the program itself", () => {
    const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, [cli, "--help"], { encoding: "utf8" });
    expect({ status, first: stdout.split("\n")[0] }).toEqual({ status: 0, first: "Usage: ringfence <command>" });
  });
});

describe("journal verify", () => {
  it("says that a whole journal is whole, and how far it reaches", async () => {
    const { data, folder } = await dataFolder({ seed: 42, commands: 400, snapshotFrames: [3] });
    const { code, out, err } = await ringfence("journal", "verify", data);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out[0]).toContain(`g0: whole: ${folder.frames.length} frames, `);
    expect(out[0]).toContain(`1 snapshot, sequences 1 to ${folder.durable}, `);
  });

  it("tells damage with its place, and ends with 1", async () => {
    const { data, folder } = await dataFolder({ seed: 43, commands: 2000 });
    flip(folder.directory, /00000002-.*\.seg$/, 1000);
    const { code, out, err } = await ringfence("journal", "verify", data, "--group", "g0");
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err.join(" ")).toMatch(/00000002-\S+\.seg at byte \d+: expected .* The last sequence before it is \d+\./s);
  });

  it("tells a damaged snapshot beside a whole journal", async () => {
    const { data, folder } = await dataFolder({ seed: 44, commands: 300, snapshotFrames: [3] });
    flip(folder.directory, /\.snap$/, 5000);
    const { code, err } = await ringfence("journal", "verify", data);
    expect(code).toBe(1);
    expect(err[0]).toMatch(/^g0: snap-/);
  });

  it("judges a journal in use up to a complete frame, while a writer appends", async () => {
    const data = temporaryFolder(onTestFinished);
    const directory = groupDirectory(data, "g0");
    const module = new URL("../../results/testing/writer.ts", import.meta.url).href;
    const source = `const { writeFor } = await import(${JSON.stringify(module)}); await writeFor(${JSON.stringify(directory)}, 20_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const sequences: number[] = [];
    for (let round = 0; round < 15; round++) {
      await sleep(40);
      const { code, out, err } = await ringfence("journal", "verify", data);
      expect({ code, err }).toEqual({ code: 0, err: [] });
      sequences.push(Number(/sequences 1 to (\d+)/.exec(out[0]!)![1]));
    }
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(sequences.at(-1)).toBeGreaterThan(sequences[0]!);
  });
});

describe("journal dump", () => {
  it("prints every result once, behind its frame's header", async () => {
    const { data, folder } = await dataFolder({ seed: 45, commands: 300 });
    const { code, out } = await ringfence("journal", "dump", data, "--group", "g0");
    const lines = out.map((line) => JSON.parse(line) as { sequence?: number; frame?: unknown; control?: unknown });
    expect(code).toBe(0);
    expect(lines.flatMap(({ sequence }) => sequence ?? [])).toEqual(
      Array.from({ length: folder.durable }, (_, i) => i + 1),
    );
    expect(lines.filter(({ frame }) => frame !== undefined)).toHaveLength(folder.frames.length);
    expect(lines[1]).toHaveProperty("control");
  });

  it("prints a part, with the bytes of its records", async () => {
    const { data } = await dataFolder({ seed: 46, commands: 300 });
    const { out } = await ringfence(
      "journal",
      "dump",
      data,
      "--group",
      "g0",
      "--after",
      "100",
      "--limit",
      "3",
      "--hex",
    );
    const lines = out.map((line) => JSON.parse(line) as { sequence?: number; hex?: string });
    expect(lines.flatMap(({ sequence }) => sequence ?? [])).toEqual([101, 102, 103]);
    expect(lines.filter(({ hex }) => hex !== undefined && hex.length % 16 === 0)).toHaveLength(3);
  });

  it("of a damaged journal prints what comes before the damage, and ends with 1", async () => {
    const { data, folder } = await dataFolder({ seed: 47, commands: 2000 });
    flip(folder.directory, /00000002-.*\.seg$/, 1000);
    const { code, out, err } = await ringfence("journal", "dump", data, "--group", "g0");
    expect(code).toBe(1);
    expect(out.length).toBeGreaterThan(100);
    expect(err.length).toBeGreaterThan(1);
  });
});

describe("journal replay", () => {
  it("prints all balances, the trial balance and the state hash", async () => {
    const { data, folder } = await dataFolder({ seed: 48, commands: 500 });
    const { code, out } = await ringfence("journal", "replay", data, "--group", "g0");
    expect(code).toBe(0);
    expect(out[0]).toMatch(new RegExp(`^after sequence ${folder.durable}, at 2026-`));
    expect(out).toContain(`state hash ${folder.stateHash}`);
    expect(out.find((line) => line.startsWith("trial balance"))).toMatch(/CNY 0\.00/);
    expect(out.filter((line) => line.startsWith("p1/@world/CNY available -"))).toHaveLength(1);
  });

  it("prints one account as of a sequence, or says that it was not open", async () => {
    const { data } = await dataFolder({ seed: 49, commands: 500 });
    const replay = (...args: string[]) => ringfence("journal", "replay", data, "--group", "g0", ...args);
    const { out } = await replay("--at", "0");
    expect(out).toEqual([
      "after sequence 0, before the first frame",
      "trial balance empty",
      expect.stringContaining("state hash"),
    ]);
    const { code, err } = await replay("--account", "p1/nobody/CNY");
    expect({ code, err }).toEqual({ code: 1, err: ["g0: p1/nobody/CNY was not open then."] });
    const one = await replay("--account", "p1/@world/CNY");
    expect(one.out.filter((line) => line.includes("available"))).toHaveLength(1);
  });

  it("says how far a trimmed journal reaches back", async () => {
    const { data, folder } = await dataFolder({ seed: 50, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true });
    const { code, err } = await ringfence("journal", "replay", data, "--group", "g0", "--at", "1");
    expect(code).toBe(1);
    expect(err[0]).toContain(`after sequence ${folder.snapshotSequences[0]} only`);
  });
});
