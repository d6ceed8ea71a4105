/** What the results benchmark prints, and what it writes for programs. */
import { grouped, median } from "../statistics.ts";
import { GOALS, type Outcome } from "./rows.ts";
import type { ResultsSettings } from "./settings.ts";

export function reportLines(settings: ResultsSettings, { rows }: Outcome): string[] {
  const { results, accounts, frame, rounds } = settings;
  const lines = [
    `Backlog    ${grouped(results)} credits over ${grouped(accounts)} accounts, ${grouped(frame)} a frame; medians of ${rounds} rounds`,
    "",
    "row            results/s       least    greatest        goal   met   processor µs a result",
  ];
  for (const [id, rounds] of rows) {
    if (rounds.length === 0) continue;
    const rates = rounds.map(({ rate }) => rate);
    const goal = GOALS[id];
    const columns = [median(rates), Math.min(...rates), Math.max(...rates), goal].map((one) =>
      grouped(one).padStart(12),
    );
    const met = median(rates) >= goal ? "yes" : "no";
    const names = Object.keys(rounds[0]!.processorUs);
    const used = names.map(
      (name) => `${name} ${median(rounds.map(({ processorUs }) => processorUs[name] ?? 0)).toFixed(2)}`,
    );
    lines.push(`${id.padEnd(12)}${columns.join("")}${met.padStart(6)}   ${used.join(", ")}`);
  }
  return lines;
}

export interface JsonRow {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly met: boolean;
  readonly runs: readonly number[];
}

export function jsonRows({ rows }: Outcome): JsonRow[] {
  return [...rows].flatMap(([id, rounds]) => {
    if (rounds.length === 0) return [];
    const runs = rounds.map(({ rate }) => Math.round(rate));
    const value = median(runs);
    return [{ id, value, unit: "results/s", goal: GOALS[id], met: value >= GOALS[id], runs }];
  });
}
