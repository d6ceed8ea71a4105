/** A run of rows from the command line: progress, text, files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Environment } from "../environment.ts";
import { describeMachine, machineText } from "../machine.ts";
import { reportHtml } from "../report/html.ts";
import { describeRow, jsonOf, tableOf } from "./output.ts";
import { RowsProgress } from "./progress.ts";
import { type Finished, runRows } from "./run.ts";
import { isQuick } from "./settings.ts";
import type { BenchmarkRow } from "./table.ts";

export interface SessionFiles {
  /** Path of the report, or of both files. */
  readonly report: string;
  readonly json?: string;
}

/** Files of `make benchmark-all` and `make benchmark ROW=` below `folder`. */
export function filesIn(folder: string, isAll: boolean): SessionFiles {
  if (!isAll) return { report: join(folder, "report-rows.html") };
  return { report: join(folder, "report.html"), json: join(folder, "benchmark.json") };
}

/** Runs the rows, prints and writes what they gave; resolves with the exit code. */
export async function session(
  rows: readonly BenchmarkRow[],
  environment: Environment,
  files: SessionFiles,
): Promise<number> {
  const machine = machineText();
  const quick = isQuick(environment);
  const all = await runRows(rows, environment, new RowsProgress(rows.length));
  mkdirSync(dirname(files.report), { recursive: true });
  writeFileSync(files.report, reportHtml(all, { machine, isQuick: quick, at: new Date() }));
  if (files.json !== undefined) {
    writeFileSync(files.json, `${JSON.stringify(jsonOf(all, machine, quick), undefined, 2)}\n`);
  }
  const lines = [
    ...describeMachine(machine),
    ...(quick ? ["Small forms: these figures are no claim."] : []),
    "",
    ...all.flatMap((finished) => [...describeRow(finished), ""]),
    ...tableOf(all),
    "",
    ...Object.values(files).map((file) => `written: ${relative(".", file)}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return exitCode(all, environment.CI === "true");
}

/** 1 when a check failed; where nothing may be left out, also when a row cannot run. A goal that is not met is a result. */
export function exitCode(all: readonly Finished[], isStrict: boolean): number {
  return all.some(({ end }) => end === "failed" || (isStrict && end === "cannot-run")) ? 1 : 0;
}
