import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { digestOf, Registry, type RegistryOptions } from "./index.ts";

const MODULE = new URL("./index.ts", import.meta.url).href;

const options = (data: string): RegistryOptions => ({ data, groups: ["g0"], adminKeyDigests: [], url: "http://a" });

/** A process that adds partners without end, and prints each one's id, index and key once it has been told them. */
function adder(data: string, prefix: string): ChildProcess {
  const source = `
    const { Registry } = await import(${JSON.stringify(MODULE)});
    const { writeSync } = await import("node:fs");
    const { registry } = Registry.open(${JSON.stringify(options(data))});
    for (let count = 0; ; count++) {
      const { partner, key } = registry.addPartner("${prefix}" + count, {});
      writeSync(1, partner.id + " " + partner.index + " " + key.key + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Lines of the process until `count` were seen; then it is killed, and what it had printed by then is read too. */
async function linesUntilKilled(child: ChildProcess, count: number): Promise<string[]> {
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on("line", (line) => {
    lines.push(line);
    if (lines.length === count) child.kill("SIGKILL");
  });
  await once(reader, "close");
  return lines;
}

describe("a partner that was shown to an admin", () => {
  it("is there with its index and key after kill -9, three times over, and no index is given twice", async () => {
    const data = temporaryFolder();
    const shown: string[] = [];
    for (const prefix of ["a", "b", "c"]) shown.push(...(await linesUntilKilled(adder(data, prefix), 25)));
    const { registry } = Registry.open(options(data));
    const lost = shown.filter((line) => {
      const [id, index, key] = line.split(" ");
      const principal = registry.principalOf(digestOf(key!));
      return principal?.kind !== "partner" || principal.partner.id !== id || principal.partner.index !== Number(index);
    });
    registry.close();
    expect(shown.length).toBeGreaterThanOrEqual(75);
    expect(lost).toEqual([]);
    expect(new Set(shown.map((line) => line.split(" ")[1])).size).toBe(shown.length);
  });
});
