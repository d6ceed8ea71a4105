/** The benchmark's outcome as text. Nothing is printed as a figure when a check failed. */
import { describeMachine } from "../machine.ts";
import { grouped, median } from "../statistics.ts";
import type { JournalTotals } from "./admin.ts";
import { latencyOver, middlePair, type Outcome, serviceSettingsText } from "./benchmark.ts";
import type { HttpSettings } from "./settings.ts";
import { tableOf } from "./table.ts";

/** Lines of the report, the verdict of the checks first. */
export function reportOf(settings: HttpSettings, outcome: Outcome): string[] {
  return [
    ...describeMachine(),
    ...describeSettings(settings, outcome),
    "",
    ...(outcome.faults.length > 0 ? describeFaults(outcome) : describeFigures(settings, outcome)),
  ];
}

function describeSettings(settings: HttpSettings, { rate }: Outcome): string[] {
  const { connections, bucket, accounts, pairs, hasWarmUp, generator } = settings;
  const what = settings.shape === "orders" ? "orders" : `commands a request, ${grouped(accounts)} accounts`;
  const name = generator === "open" ? `open loop of ${grouped(rate ?? 0)} requests/s` : generator;
  return [
    `Load       ${name}, ${connections} connections, ${bucket} ${what}, ${amountOf(settings)} a run`,
    `Server     ${serversOf(settings)}; ${pairs} ${pairs === 1 ? "pair" : "alternating pairs"}`,
    `Excluded   starting the servers, ${hasWarmUp ? "a warm-up of a tenth of a run each, " : ""}the checks`,
    "Included   the generator, which shares the machine with the servers",
  ];
}

function amountOf({ generator, duration, requests }: HttpSettings): string {
  return generator === "autocannon" ? `${grouped(requests)} requests` : `${duration} s`;
}

function serversOf(settings: HttpSettings): string {
  const { target, withService, withNull } = settings;
  const own = withService ? [`the service on a fresh data folder, fsync on (${serviceSettingsText(settings)})`] : [];
  return [...own, ...(target === undefined ? [] : [target.url]), ...(withNull ? ["the null server"] : [])].join(", ");
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
  const name = settings.withService ? "Service" : "Target";
  const of = pairs === 1 ? "" : `, the pair nearest to the median of ${pairs}`;
  const lines = tableOf(`${name}${of}`, pair.service, bucket);
  if (pair.null !== undefined) lines.push("", ...tableOf(`Null server${of}`, pair.null, bucket));
  if (pair.peer !== undefined) lines.push("", ...tableOf(`Target${of}`, pair.peer, bucket));
  lines.push("", ...comparison(settings, outcome));
  const rates = outcome.pairs.map(({ service }) => (service.accepted * bucket) / service.seconds);
  lines.push(`Commands/s ${grouped(median(rates))}${rangeOf(rates, grouped)}`);
  if (outcome.journal !== undefined) lines.push(journalLine(outcome.journal));
  lines.push("");
  if (outcome.checked.length === 0) lines.push("Checked    that every answer was 202; the journal is out of reach");
  else lines.push("Checked", ...outcome.checked.map((what) => `  ${what}`));
  return lines;
}

/** How the servers stand to each other; in an open loop all answer the same number a second, so there it is latency. */
function comparison({ generator }: HttpSettings, { pairs, ratios }: Outcome): string[] {
  if (ratios.length === 0) return [];
  if (generator === "open") {
    return [99, 99.9].map((percentile) => {
      const differences = pairs.map((pair) => latencyOver(pair, percentile));
      const show = (ms: number) => ms.toFixed(2);
      return `p${percentile}${" ".repeat(10 - String(percentile).length)}${show(median(differences))} ms above the null server's${rangeOf(differences, show)}`;
    });
  }
  const show = (ratio: number) => ratio.toFixed(3);
  const lines = [`Ratio      ${show(median(ratios))} of the null server's requests a second${rangeOf(ratios, show)}`];
  const peers = pairs.flatMap(({ service, peer }) => (peer === undefined ? [] : [service.rate.avg / peer.rate.avg]));
  if (peers.length > 0)
    lines.push(`Target     ${show(median(peers))} times its requests a second${rangeOf(peers, show)}`);
  return lines;
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
