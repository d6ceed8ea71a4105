/** Entry of `make benchmark-all`: every row, then `bench/out/benchmark.json` and `bench/out/report.html`. */
import { join } from "node:path";
import { runEntry } from "./rows/entry.ts";
import { filesIn, session } from "./rows/session.ts";
import { ROWS_HELP, refuseGiven } from "./rows/settings.ts";
import { BENCHMARK_ROWS, goalText } from "./rows/table.ts";

const HELP = `Runs every row of the benchmark, half an hour or more, and writes bench/out/benchmark.json and bench/out/report.html.

  make benchmark-all [NAME=value …]      node bench/all.ts

${ROWS_HELP}

${BENCHMARK_ROWS.map((row) => `${row.id.padEnd(22)}${row.what}; goal ${goalText(row)}`).join("\n")}

A row that cannot run here says why and counts as not met. Exits 1 when a check fails; with CI=true also when a row cannot run.`;

await runEntry("benchmark-all", HELP, () => {
  refuseGiven(process.env);
  return session(BENCHMARK_ROWS, process.env, filesIn(join(import.meta.dirname, "out"), true));
});
