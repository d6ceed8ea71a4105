/** Runs rows one after the other. A row that cannot run, or whose check fails, says so and stops none of the others. */
import type { Environment } from "../environment.ts";
import { httpRow } from "./http.ts";
import { type FigureCache, microRow } from "./micro.ts";
import { settingsOf } from "./settings.ts";
import { type BenchmarkRow, isMet } from "./table.ts";
import { CannotRunError, type Measurement, type RunRow } from "./types.ts";
import { withKafka } from "./with-kafka.ts";

/** A row that has run, or could not. */
export interface Finished {
  readonly row: BenchmarkRow;
  readonly seconds: number;
  readonly measurement: Measurement | undefined;
  readonly isMet: boolean;
  /** Why there is no measurement, one sentence. */
  readonly why: string | undefined;
  /** `cannot-run`: something that it needs is not here. `failed`: a check failed, or it broke. */
  readonly end: "measured" | "cannot-run" | "failed";
}

export interface Watcher {
  onStart(row: BenchmarkRow, index: number): void;
  onStep(part: number, what: string): void;
  onEnd(finished: Finished, index: number): void;
}

export async function runRows(
  rows: readonly BenchmarkRow[],
  environment: Environment,
  watcher: Watcher,
): Promise<Finished[]> {
  const cache: FigureCache = new Map();
  const all: Finished[] = [];
  for (const [index, row] of rows.entries()) {
    watcher.onStart(row, index);
    const finished = await runRow(row, environment, cache, watcher);
    watcher.onEnd(finished, index);
    all.push(finished);
  }
  return all;
}

async function runRow(
  row: BenchmarkRow,
  environment: Environment,
  cache: FigureCache,
  watcher: Watcher,
): Promise<Finished> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  try {
    const onStep = (part: number, what: string) => watcher.onStep(part, what);
    const measurement = await runnerOf(row, cache)({ environment: settingsOf(row, environment), onStep });
    const met = isMet(row, measurement.value) && measurement.isElseMet !== false;
    return { row, seconds: seconds(), measurement, isMet: met, why: undefined, end: "measured" };
  } catch (error) {
    const cannot = error instanceof CannotRunError;
    const why = error instanceof Error ? error.message : String(error);
    return {
      row,
      seconds: seconds(),
      measurement: undefined,
      isMet: false,
      why: cannot ? `${row.id} cannot run here: ${why}.` : `${row.id} has no figure: ${why}.`,
      end: cannot ? "cannot-run" : "failed",
    };
  }
}

function runnerOf(row: BenchmarkRow, cache: FigureCache): RunRow {
  const { part } = row;
  if (part.kind === "http") return httpRow(part.figure);
  return part.kind === "micro" ? microRow(row, cache) : withKafka;
}
