import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError } from "./config.ts";
import { lockDataFolder, OWNER_FILE } from "./data-lock.ts";
import { temporaryFolder } from "./testing.ts";

const LOCK_MODULE = new URL("./data-lock.ts", import.meta.url).href;

/** A process that takes the folder's lock, says so, and keeps it; or prints why it may not, and ends. */
function owner(folder: string): ChildProcess {
  const source = `
    const { lockDataFolder } = await import(${JSON.stringify(LOCK_MODULE)});
    try { globalThis.lock = lockDataFolder(${JSON.stringify(folder)}); console.log("locked"); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.message); process.exitCode = 1; }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, "data")) as [Buffer];
  return chunk.toString().trim();
}

describe("the data folder's lock", () => {
  it("is refused to a second process with one plain sentence, while the first lives", async () => {
    const folder = temporaryFolder();
    expect(await firstLine(owner(folder))).toBe("locked");
    const second = owner(folder);
    const [line, [code]] = await Promise.all([firstLine(second), once(second, "exit")]);
    expect(line).toMatch(/^The data folder .* is in use by another process;.*RINGFENCE_DATA.*\.$/);
    expect(code).toBe(1);
  });

  it("is free at once after kill -9 of its owner", async () => {
    const folder = temporaryFolder();
    const first = owner(folder);
    expect(await firstLine(first)).toBe("locked");
    first.kill("SIGKILL");
    await once(first, "exit");
    lockDataFolder(folder).release();
  });

  it("stays with an owner that is stopped, not dead", async () => {
    const folder = temporaryFolder();
    const first = owner(folder);
    expect(await firstLine(first)).toBe("locked");
    first.kill("SIGSTOP");
    expect(() => lockDataFolder(folder)).toThrow(ConfigError);
  });

  it("is refused twice within one process too, and free after release", () => {
    const folder = temporaryFolder();
    const lock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow(/in use/);
    lock.release();
    lockDataFolder(folder).release();
  });

  it("prints no warning about an experimental module", async () => {
    const child = owner(temporaryFolder());
    let errors = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    expect(await firstLine(child)).toBe("locked");
    child.kill("SIGTERM");
    await once(child, "close");
    expect(errors).toBe("");
  });

  it("makes the folder, and says why where it cannot", () => {
    const folder = join(temporaryFolder(), "a", "b");
    lockDataFolder(folder).release();
    writeFileSync(join(folder, "file"), "");
    expect(() => lockDataFolder(join(folder, "file"))).toThrow(/cannot be used: /);
  });

  it("says so when the lock's file is not one", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, OWNER_FILE), "this is not a database ".repeat(100));
    expect(() => lockDataFolder(folder)).toThrow(/cannot be used: /);
  });
});
