/** Runs one row in a process of its own, so that neither memory nor compiled code of another is in its figures. */
import { tuneCompiler } from "../../gateway/index.ts";
import { withFolder } from "../environment.ts";
import { rowById } from "./rows.ts";
import { check } from "./types.ts";

const row = rowById(process.argv[2] ?? "");
tuneCompiler();
if (row === undefined) throw new Error(`there is no row ${process.argv[2]}`);
process.on("SIGTERM", () => process.exit(143));
try {
  const figures = await withFolder(process.env, async (folder) => row.run({ environment: process.env, folder }));
  for (const { what, values } of figures) {
    check(values.length > 0 && values.every(Number.isFinite), `${what}: a figure is not a number`);
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
} catch (error) {
  process.stderr.write(`${row.id}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
