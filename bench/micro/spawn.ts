/** A row in a process of its own. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { CheckError, type Figure } from "./types.ts";

const SCRIPT = join(import.meta.dirname, "run-row.ts");

/** Runs a row; rejects with CheckError, and what the row said, when its check fails. */
export function spawnRow(id: string, environment: Environment): Promise<readonly Figure[]> {
  const args = ["--expose-gc", SCRIPT, id];
  const child = spawn(process.execPath, args, { env: { ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);
  return new Promise((resolve, reject) => {
    let text = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      process.removeListener("exit", kill);
      if (code === 0) resolve(JSON.parse(text) as Figure[]);
      else reject(new CheckError(complaint.trim() || `row ${id} ended with code ${code}`));
    });
  });
}
