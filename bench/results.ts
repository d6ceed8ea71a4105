/** Entry of `make benchmark-results`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SettingError, withFolder } from "./environment.ts";
import { Progress } from "./http/progress.ts";
import { describeMachine, machineFacts } from "./machine.ts";
import { jsonRows, reportLines } from "./results/report.ts";
import { runRows } from "./results/rows.ts";
import { HELP, readResultsSettings } from "./results/settings.ts";

const OUT = join(import.meta.dirname, "out", "results.json");

async function main(rows: readonly string[]): Promise<void> {
  const settings = readResultsSettings(rows, process.env);
  const progress = new Progress();
  const outcome = await withFolder(process.env, (folder) =>
    runRows(settings, folder, (part, what) => progress.show(part, what)),
  ).finally(() => progress.end());
  process.stdout.write(`${[...describeMachine(), "", ...reportLines(settings, outcome)].join("\n")}\n`);
  mkdirSync(join(OUT, ".."), { recursive: true });
  writeFileSync(OUT, `${JSON.stringify({ ...machineFacts(), rows: jsonRows(outcome) }, null, 2)}\n`);
}

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(`${HELP}\n`);
} else {
  // An interrupt ends by way of `exit`, whose listeners stop the servers and remove the folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    await main(args);
    process.exit(0);
  } catch (error) {
    const text = error instanceof SettingError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`benchmark-results: ${text}\n`);
    process.exit(1);
  }
}
