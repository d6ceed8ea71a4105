/** Rows that a micro-benchmark measures. */
import { SettingError } from "../environment.ts";
import { rowById } from "../micro/rows.ts";
import { spawnRow } from "../micro/spawn.ts";
import { CheckError, type Figure } from "../micro/types.ts";
import { median } from "../statistics.ts";
import type { BenchmarkRow } from "./table.ts";
import { CannotRunError, CheckFailedError, type Plot, type RunRow } from "./types.ts";

/** What was measured already: two rows may be figures of one micro-benchmark. */
export type FigureCache = Map<string, readonly Figure[]>;

const MS_PER_SECOND = 1000;

export function microRow(row: BenchmarkRow, cache: FigureCache): RunRow {
  const { part } = row;
  if (part.kind !== "micro") throw new Error(`${row.id} is no micro-benchmark`);
  return async ({ environment, onStep }) => {
    if (environment.TARGET) throw new CannotRunError("it measures parts of this program, which TARGET has not");
    onStep(0, part.row);
    const figures = cache.get(part.row) ?? (await spawnRow(part.row, environment).catch(asFailure));
    cache.set(part.row, figures);
    const chosen = part.figures.map((words) => figureWith(figures, words));
    const divisor = chosen[0]!.unit === "ms" && row.unit === "s" ? MS_PER_SECOND : 1;
    const scaled = chosen.map(({ values }) => values.map((value) => (value - (part.less ?? 0)) / divisor));
    return {
      value: Math.max(...scaled.map(median)),
      runs: scaled.flat(),
      notes: figures.map(noteOf),
      excluded: rowById(part.row)!.excluded,
      plots: plotsOf(figures),
    };
  };
}

function asFailure(error: unknown): never {
  if (error instanceof SettingError || !(error instanceof CheckError)) throw error;
  throw new CheckFailedError(error.message);
}

function figureWith(figures: readonly Figure[], words: string): Figure {
  const found = figures.find(({ what }) => what.includes(words));
  if (found === undefined) throw new Error(`no figure is about ${words}`);
  return found;
}

function noteOf({ what, unit, values }: Figure): string {
  const show = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
  const range = values.length > 1 ? ` (${show(Math.min(...values))} to ${show(Math.max(...values))})` : "";
  return `${what}: ${show(median(values))} ${unit}${range}`;
}

/** A plot for each unit, of the figures that have rounds. */
function plotsOf(figures: readonly Figure[]): Plot[] {
  const byUnit = Map.groupBy(
    figures.filter(({ values }) => values.length > 1),
    ({ unit }) => unit,
  );
  return [...byUnit].map(([unit, some]) => ({
    title: `By round, ${unit}`,
    xLabel: "round",
    yLabel: unit,
    isDots: true,
    lines: some.map(({ what, values }) => ({
      name: what,
      points: values.map((value, i) => [i + 1, value] as const),
    })),
  }));
}
