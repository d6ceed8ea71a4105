import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal } from "./journal.ts";
import { seeded } from "./testing/random.ts";
import { nameOf } from "./testing/sample-journal.ts";

const ROUNDS = 6;
const PROGRAM = join(import.meta.dirname, "testing/append-until-killed.ts");

let directory = "";
let child: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kill-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** Starts the appender, kills it some time after its first acknowledgement, and returns the last one. */
async function runUntilKilled(afterMs: number): Promise<number> {
  const started = spawn(process.execPath, [PROGRAM, directory], { stdio: ["ignore", "pipe", "inherit"] });
  child = started;
  let printed = "";
  started.stdout.setEncoding("latin1").on("data", (text: string) => {
    printed += text;
  });
  await Promise.race([once(started.stdout, "data"), once(started, "exit")]);
  setTimeout(() => started.kill("SIGKILL"), afterMs);
  await once(started, "close");
  expect(started.signalCode).toBe("SIGKILL");
  // The last line counts only if it is whole.
  return Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));
}

test("a process killed while it appends has lost nothing that it acknowledged", async () => {
  const random = seeded(5);
  let before = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const acknowledged = await runUntilKilled(20 + random() * 150);
    expect(acknowledged).toBeGreaterThan(before);
    const names: string[] = [];
    Journal.open({ directory, group: "g0" }, undefined, (_info, body) => names.push(nameOf(body))).close();
    expect(names.length).toBeGreaterThanOrEqual(acknowledged);
    // One more at most: the frame under way.
    expect(names.length).toBeLessThanOrEqual(acknowledged + 1);
    expect(names).toEqual(names.map((_, index) => `f${index + 1}`));
    before = names.length;
  }
  console.log("real kills:", ROUNDS, "frames:", before);
});
