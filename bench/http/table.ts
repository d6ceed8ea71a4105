/** A run as text. */
import { grouped } from "../statistics.ts";
import { type Measured, PERCENTILES, percentileMs, type Spread } from "./measured.ts";

/** Bytes of a mebibyte, the unit of throughput. */
const MIB = 2 ** 20;

function row(name: string, { avg, stdev, max }: Spread, show: (value: number) => string): string {
  return `  ${name.padEnd(12)}${[avg, stdev, max].map((value) => show(value).padStart(12)).join("")}`;
}

function ms(value: number): string {
  return `${value.toFixed(2)}ms`;
}

/** Lines of the table: rates, latencies, their distribution, codes by class, throughput, commands a second. */
export function tableOf(title: string, measured: Measured, bucket: number): string[] {
  const { rate, latencyMs, classes, errors, timeouts, seconds, accepted } = measured;
  const [c1, c2, c3, c4, c5] = classes.map(grouped);
  const { receivedBytes, sentBytes } = measured;
  const perSecond = (bytes: number) => `${(bytes / MIB / seconds).toFixed(2)} MiB/s`;
  const sent = sentBytes === undefined ? "" : `, ${perSecond(sentBytes)} sent`;
  return [
    title,
    `  ${"".padEnd(12)}${["Avg", "Stdev", "Max"].map((name) => name.padStart(12)).join("")}`,
    row("Reqs/sec", rate, (value) => value.toFixed(2)),
    row("Latency", latencyMs, ms),
    "  Latency distribution",
    ...PERCENTILES.map((percentile) => `    ${percentile}%${ms(percentileMs(measured, percentile)).padStart(12)}`),
    "  HTTP codes",
    `    1xx - ${c1}, 2xx - ${c2}, 3xx - ${c3}, 4xx - ${c4}, 5xx - ${c5}`,
    `    timeouts - ${grouped(timeouts)}, connection errors - ${grouped(errors)}`,
    `  Throughput  ${perSecond(receivedBytes)} received${sent}`,
    `  Commands/s  ${grouped((accepted * bucket) / seconds)}`,
  ];
}
