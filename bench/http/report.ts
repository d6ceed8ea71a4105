/** The benchmark's outcome as text. Nothing is printed as a figure when a check failed. */
import { describeMachine } from "../machine.ts";
import { grouped, median } from "../statistics.ts";
import type { JournalTotals } from "./admin.ts";
import { middlePair, type Outcome } from "./benchmark.ts";
import type { HttpSettings } from "./settings.ts";
import { tableOf } from "./table.ts";

/** Lines of the report, the verdict of the checks first. */
export function reportOf(settings: HttpSettings, outcome: Outcome): string[] {
  return [
    ...describeMachine(),
    ...describeSettings(settings),
    "",
    ...(outcome.faults.length > 0 ? describeFaults(outcome) : describeFigures(settings, outcome)),
  ];
}

function describeSettings(settings: HttpSettings): string[] {
  const { requests, duration, generator, connections, bucket, accounts, pairs, target, withNull } = settings;
  const amount = generator === "wrk" ? `${duration} s` : `${grouped(requests)} requests`;
  const server = target === undefined ? "the service on a fresh data folder, fsync on" : target.url;
  return [
    `Load       ${generator}, ${connections} connections, ${bucket} commands a request, ${grouped(accounts)} accounts, ${amount} a run`,
    `Server     ${server}${withNull ? ", and the null server" : ""}; ${pairs} ${pairs === 1 ? "pair" : "alternating pairs"}`,
    "Excluded   starting the servers, a warm-up of a tenth of a run each, the checks",
    "Included   the generator, which shares the machine with the servers",
  ];
}

function describeFaults({ faults }: Outcome): string[] {
  return [
    "CHECK FAILED: no figure is shown, because what was measured is not what was promised.",
    ...faults.map((fault) => `  ${fault}`),
  ];
}

function describeFigures(settings: HttpSettings, outcome: Outcome): string[] {
  const { bucket, pairs } = settings;
  const pair = middlePair(outcome);
  const name = settings.target === undefined ? "Service" : "Target";
  const of = pairs === 1 ? "" : `, the pair nearest to the median of ${pairs}`;
  const lines = tableOf(`${name}${of}`, pair.service, bucket);
  if (pair.null !== undefined)
    lines.push("", ...tableOf(`Null server${of}`, pair.null, bucket), "", ratioLine(outcome));
  const rates = outcome.pairs.map(({ service }) => (service.accepted * bucket) / service.seconds);
  lines.push(`Commands/s ${grouped(median(rates))}${rangeOf(rates, grouped)}`);
  if (outcome.journal !== undefined) lines.push(journalLine(outcome.journal));
  lines.push("");
  if (outcome.checked.length === 0) lines.push("Checked    that every answer was 202; the journal is out of reach");
  else lines.push("Checked", ...outcome.checked.map((what) => `  ${what}`));
  return lines;
}

function ratioLine({ ratios }: Outcome): string {
  const show = (ratio: number) => ratio.toFixed(3);
  return `Ratio      ${show(median(ratios))} of the null server's requests a second${rangeOf(ratios, show)}`;
}

/** The disk decides much of the ratio, so what it gave stands beside it. */
function journalLine({ commands, syncs, syncSeconds }: JournalTotals): string {
  const each = `${grouped(commands / syncs)} commands and ${((syncSeconds / syncs) * 1000).toFixed(3)} ms each`;
  return `Journal    ${grouped(syncs)} frames written and synced, ${each} (warm-up included)`;
}

function rangeOf(values: readonly number[], show: (value: number) => string): string {
  if (values.length === 1) return " (one pair: PAIRS=9 for a claim)";
  return ` (median of ${values.length}; ${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}
