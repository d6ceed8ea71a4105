/** Entry of `make benchmark`: the canonical load, or the rows that ROW names. */
import { join } from "node:path";
import { withFolder } from "./environment.ts";
import { benchmark } from "./http/benchmark.ts";
import { Progress } from "./http/progress.ts";
import { reportOf } from "./http/report.ts";
import { HTTP_HELP, readHttpSettings } from "./http/settings.ts";
import { runEntry } from "./rows/entry.ts";
import { filesIn, session } from "./rows/session.ts";
import { ROWS_HELP, rowsOf } from "./rows/settings.ts";
import { BENCHMARK_ROWS } from "./rows/table.ts";

const HELP = `${HTTP_HELP}

ROW          ids of rows, with commas between, instead of all this; then also bench/out/report-rows.html is written:
             ${BENCHMARK_ROWS.map(({ id }) => id).join(", ")}

With ROW:

${ROWS_HELP}`;

async function canonical(): Promise<number> {
  const settings = readHttpSettings(process.env);
  const progress = new Progress();
  const outcome = await withFolder(process.env, (folder) =>
    benchmark(settings, folder, (part, what) => progress.show(part, what)),
  ).finally(() => progress.end());
  process.stdout.write(`${reportOf(settings, outcome).join("\n")}\n`);
  return outcome.faults.length === 0 ? 0 : 1;
}

function rows(text: string): Promise<number> {
  return session(rowsOf(text, process.env), process.env, filesIn(join(import.meta.dirname, "out"), false));
}

await runEntry("benchmark", HELP, async () => (process.env.ROW ? rows(process.env.ROW) : canonical()));
