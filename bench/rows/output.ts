/** What rows gave, as text and as JSON. */
import type { MachineText } from "../machine.ts";
import type { Finished } from "./run.ts";
import { goalText, limitText } from "./table.ts";

/** Significant figures, but whole numbers whole. */
export function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The figure, its range and whether the goal is met, in one line. */
export function verdict({ row, measurement, isMet, why }: Finished): string {
  if (measurement === undefined) return why ?? "";
  const { value, runs } = measurement;
  const range =
    runs.length > 1 ? ` (${shown(Math.min(...runs))} to ${shown(Math.max(...runs))}, ${runs.length} runs)` : "";
  return `${shown(value)} ${row.unit}${range}; goal ${goalText(row)}: ${isMet ? "met" : "NOT met"}`;
}

/** One row in full. */
export function describeRow(finished: Finished): string[] {
  const { row, measurement } = finished;
  const lines = [`${row.id}: ${row.what}`, `  ${verdict(finished)}`];
  if (measurement === undefined) return lines;
  return [...lines, ...measurement.notes.map((note) => `  ${note}`), `  excluded: ${measurement.excluded}`];
}

/** All rows, a line each. */
export function tableOf(all: readonly Finished[]): string[] {
  const lines = all.map(({ row, measurement, isMet, end }) => [
    row.id,
    measurement === undefined ? "-" : shown(measurement.value),
    row.unit,
    limitText(row),
    end === "measured" ? (isMet ? "met" : "NOT met") : end === "failed" ? "FAILED" : "cannot run",
  ]);
  const table = [["row", "value", "unit", "goal", ""], ...lines];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

interface JsonRow {
  readonly id: string;
  readonly value: number | null;
  readonly unit: string;
  /** In `unit`: `≥ 0.85`. */
  readonly goal: string;
  readonly met: boolean;
  /** The value of each pair or round. */
  readonly runs: readonly number[];
  readonly why?: string;
}

/** The content of `benchmark.json`. */
export interface BenchmarkJson {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  /** Only there, and true, where small forms were run: their figures are no claim. */
  readonly quick?: true;
  readonly rows: readonly JsonRow[];
}

export function jsonOf(
  all: readonly Finished[],
  { machine, node, commit }: MachineText,
  isQuick: boolean,
): BenchmarkJson {
  return { machine, node, commit, ...(isQuick ? { quick: true } : {}), rows: all.map(jsonRow) };
}

function jsonRow({ row, measurement, isMet, why }: Finished): JsonRow {
  return {
    id: row.id,
    value: measurement?.value ?? null,
    unit: row.unit,
    goal: limitText(row),
    met: isMet,
    runs: measurement?.runs ?? [],
    ...(why === undefined ? {} : { why }),
  };
}
