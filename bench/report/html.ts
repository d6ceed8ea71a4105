/** The report of benchmark rows: one HTML file with everything in it. */
import type { MachineText } from "../machine.ts";
import { shown } from "../rows/output.ts";
import type { Finished } from "../rows/run.ts";
import { goalText, limitText } from "../rows/table.ts";
import { svgOf } from "./svg.ts";
import { escapeHtml } from "./text.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --dim: #777; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.met { color: #0a7d33; } .not { color: #c0392b; } .none { color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dt { color: var(--dim); } dd { margin: 0; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; font-size: .9rem; } svg { width: 100%; height: auto; }
svg .grid { stroke: var(--line); } svg text { fill: currentColor; font-size: 11px; } svg .label { font-size: 12px; }
.legend { margin: 0; font-size: .85rem; } .legend span { margin-right: 1.2rem; white-space: nowrap; }
.legend i { display: inline-block; width: .9em; height: .9em; margin-right: .4em; vertical-align: -.1em; }
@media print { h2 { break-before: avoid; } figure { break-inside: avoid; } }
`;

export interface ReportOptions {
  readonly machine: MachineText;
  readonly isQuick: boolean;
  /** When the benchmark ended. */
  readonly at: Date;
}

export function reportHtml(all: readonly Finished[], { machine, isQuick, at }: ReportOptions): string {
  const met = all.filter(({ isMet }) => isMet).length;
  const facts = { machine: machine.machine, node: machine.node, commit: machine.commit, ended: at.toISOString() };
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Ringfence benchmark, ${escapeHtml(machine.commit)}</title><style>${STYLE}</style></head><body>`,
    "<h1>Ringfence benchmark</h1>",
    definitions(facts),
    isQuick ? "<p><strong>Small forms were run: these figures are no claim.</strong></p>" : "",
    `<p>${met} of ${all.length} goals met. The load generator shares the machine with what it drives.</p>`,
    table(all),
    ...all.map(section),
    "</body></html>",
    "",
  ].join("\n");
}

function definitions(facts: Readonly<Record<string, string>>): string {
  const items = Object.entries(facts).map(([name, text]) => `<dt>${name}</dt><dd>${escapeHtml(text)}</dd>`);
  return `<dl>${items.join("")}</dl>`;
}

function table(all: readonly Finished[]): string {
  const rows = all.map((finished) => {
    const { row, measurement } = finished;
    const value = measurement === undefined ? "–" : shown(measurement.value);
    const cells = [
      `<td><a href="#${row.id}">${row.id}</a></td>`,
      `<td class="number">${value}</td>`,
      `<td>${escapeHtml(row.unit)}</td>`,
      `<td>${escapeHtml(limitText(row))}</td>`,
      mark(finished),
    ];
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<table><tr><th>row<th>value<th>unit<th>goal<th></tr>\n${rows.join("\n")}</table>`;
}

function mark({ end, isMet }: Finished): string {
  if (end === "cannot-run") return '<td class="none">cannot run here</td>';
  if (end === "failed") return '<td class="not">failed</td>';
  return isMet ? '<td class="met">met</td>' : '<td class="not">not met</td>';
}

function section({ row, measurement, why }: Finished): string {
  const head = `<h2 id="${row.id}">${row.id}: ${escapeHtml(row.what)}</h2>`;
  if (measurement === undefined) return `${head}<p>${escapeHtml(why ?? "")}</p>`;
  const { value, runs, notes, excluded, plots } = measurement;
  const facts = {
    value: `${shown(value)} ${row.unit}`,
    goal: goalText(row),
    runs: runs.map(shown).join(", "),
    excluded,
  };
  const list = notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("");
  return [head, definitions(facts), `<ul>${list}</ul>`, ...plots.map(svgOf)].join("\n");
}
