/** What the results benchmark prints, and what it writes for programs. */
import { grouped, median } from "../statistics.ts";
import type { Round } from "./meter.ts";
import type { Mixed } from "./mixed.ts";
import { GOALS } from "./row.ts";
import type { Outcome } from "./rows.ts";
import type { ResultsSettings } from "./settings.ts";

export function reportLines(settings: ResultsSettings, { rows, mixed }: Outcome): string[] {
  const lines: string[] = [];
  if ([...rows.values()].some((rounds) => rounds.length > 0)) {
    const { results, accounts, frame, rounds } = settings;
    lines.push(
      `Backlog    ${grouped(results)} credits over ${grouped(accounts)} accounts, ${grouped(frame)} a frame; medians of ${rounds} rounds`,
      "",
      "row            results/s       least    greatest        goal   met   processor µs a result",
    );
    for (const [id, rounds] of rows) if (rounds.length > 0) lines.push(rowLine(id, rounds));
  }
  if (mixed !== undefined) lines.push("", ...mixedLines(settings, mixed));
  return lines;
}

function rowLine(id: keyof typeof GOALS, rounds: readonly Round[]): string {
  const rates = rounds.map(({ rate }) => rate);
  const goal = GOALS[id];
  const columns = [median(rates), Math.min(...rates), Math.max(...rates), goal].map((one) => grouped(one).padStart(12));
  const met = median(rates) >= goal ? "yes" : "no";
  const used = Object.keys(rounds[0]!.processorUs).map(
    (name) => `${name} ${median(rounds.map(({ processorUs }) => processorUs[name] ?? 0)).toFixed(2)}`,
  );
  return `${id.padEnd(12)}${columns.join("")}${met.padStart(6)}   ${used.join(", ")}`;
}

function mixedLines({ rate, seconds }: ResultsSettings, mixed: Mixed): string[] {
  const names = Object.keys(mixed.seconds[0]?.lags ?? {});
  const line = (texts: readonly string[]) => texts.map((text) => text.padStart(12)).join("");
  return [
    `Mixed      ${grouped(rate)} commands/s for ${seconds} s; results behind what is durable, by second`,
    "",
    line(["second", "commands/s", ...names]),
    ...mixed.seconds.map(({ second, commands, lags }) =>
      line([String(second), grouped(commands), ...names.map((name) => grouped(lags[name] ?? 0))]),
    ),
    "",
    `All had everything ${(mixed.drainedMs / 1000).toFixed(1)} s after the last acknowledgement.`,
  ];
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
