/** A row in a process of its own. */
import { join } from "node:path";
import { ChildError, runChild } from "../child.ts";
import type { Environment } from "../environment.ts";
import { CheckError, type Figure } from "./types.ts";

const SCRIPT = join(import.meta.dirname, "run-row.ts");

/** Runs a row; rejects with CheckError, and what the row said, when its check fails. */
export function spawnRow(id: string, environment: Environment): Promise<readonly Figure[]> {
  return runChild(process.execPath, ["--expose-gc", SCRIPT, id], { ...environment }).then(
    (text) => JSON.parse(text) as Figure[],
    (error: unknown) => {
      throw error instanceof ChildError
        ? new CheckError(error.complaint || `row ${id} ended with code ${error.code}`)
        : error;
    },
  );
}
