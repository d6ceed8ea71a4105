/** `ringfence bench`: starts a file of `bench/` in a process of its own, so that nothing else runs beside what is measured. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const FOLDER = fileURLToPath(new URL("../../bench/", import.meta.url));

/** Files that are no benchmark but serve those that are. */
const PARTS = new Set(["records"]);

function names(): string[] {
  if (!existsSync(FOLDER)) throw new UsageError("the benchmarks are not part of this installation.");
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  return files.map((file) => file.slice(0, -3)).filter((name) => !PARTS.has(name));
}

export async function benchCommand([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  const known = names();
  if (name === "--help" || name === "-h") {
    await terminal.out(`Usage: ringfence bench <name> [arguments]\n\nNames: ${known.join(", ")}.`);
    return EXIT.done;
  }
  if (name === undefined) throw new UsageError(`a benchmark's name is missing; there are ${known.join(", ")}.`);
  if (!known.includes(name)) {
    throw new UsageError(`${JSON.stringify(name)} is not a benchmark; there are ${known.join(", ")}.`);
  }
  const child = spawn(process.execPath, [`${FOLDER}${name}.ts`, ...args], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? EXIT.damaged;
}
