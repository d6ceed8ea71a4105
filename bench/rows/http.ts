/** Rows of pairs of HTTP runs. */
import { type Environment, withFolder } from "../environment.ts";
import { benchmark, latencyOver, middlePair, type Outcome, type Pair, serviceSettingsText } from "../http/benchmark.ts";
import { DISTRIBUTION, type Measured, percentileMs } from "../http/measured.ts";
import { MissingRouteError } from "../http/orders.ts";
import { type HttpSettings, readHttpSettings } from "../http/settings.ts";
import { hasWrk } from "../http/wrk.ts";
import { grouped, median } from "../statistics.ts";
import { CannotRunError, CheckFailedError, type Measurement, type Plot, type PlotLine, type RunRow } from "./types.ts";

type Figure = "ratio" | "rate" | "latency";

/** Runs pairs with the settings of the environment; the value is `figure` of them. */
export function httpRow(figure: Figure): RunRow {
  return async ({ environment, onStep }) => {
    const settings = readHttpSettings(withNull(environment));
    if (settings.generator === "wrk" && !hasWrk()) throw new CannotRunError("wrk is not installed");
    const outcome = await withFolder(environment, (folder) => benchmark(settings, folder, onStep)).catch((error) => {
      throw error instanceof MissingRouteError ? new CannotRunError(error.message) : error;
    });
    if (outcome.faults.length > 0) throw new CheckFailedError(outcome.faults.join("; "));
    return measurementOf(figure, settings, outcome);
  };
}

/** A row compares with the null server whatever is driven. */
function withNull(environment: Environment): Environment {
  return { ...environment, NULL: "1" };
}

function measurementOf(figure: Figure, settings: HttpSettings, outcome: Outcome): Measurement {
  const runs = outcome.pairs.map((pair, i) => {
    if (figure === "ratio") return outcome.ratios[i]!;
    return figure === "rate" ? commandsOf(pair, settings) / 1e6 : latencyOver(pair, 99);
  });
  const nothingShown = figure === "latency" ? whyNothingIsShown(runs) : undefined;
  const first = nothingShown === undefined ? [] : [nothingShown];
  return {
    value: median(runs),
    runs,
    ...(nothingShown === undefined ? {} : { isElseMet: false }),
    notes: [...first, ...notesOf(figure, settings, outcome), ...outcome.checked.map((what) => `checked: ${what}`)],
    excluded: `starting the servers, ${settings.hasWarmUp ? "a warm-up of a tenth of a run each, " : ""}the checks`,
    plots: plotsOf(settings, outcome),
  };
}

/** A service cannot be faster than HTTP alone; less than this, ms, the open loop does not tell apart. */
const TICK_MS = 1;

/**
 * Why differences of latency to the null server's say nothing of the service, undefined if they do: the null server was slower, so what
 * was measured is what the machine did meanwhile. A goal must not be met by that.
 */
export function whyNothingIsShown(differencesMs: readonly number[]): string | undefined {
  const middle = median(differencesMs);
  if (middle >= -TICK_MS) return;
  return `no figure to believe: the null server was slower than the service, by ${(-middle).toFixed(1)} ms at p99`;
}

function commandsOf({ service }: Pair, { bucket }: HttpSettings): number {
  return (service.accepted * bucket) / service.seconds;
}

function notesOf(figure: Figure, settings: HttpSettings, outcome: Outcome): string[] {
  const { pairs, rate, journal } = outcome;
  const middle = (of: (pair: Pair) => number) => median(pairs.map(of));
  const notes = [`${grouped(middle((pair) => commandsOf(pair, settings)))} commands/s by the service`];
  if (settings.withService) notes.push(`service set to ${serviceSettingsText(settings)}`);
  if (figure === "latency") {
    notes.push(`open loop of ${grouped(rate ?? 0)} requests/s, ${settings.connections} connections`);
    for (const percentile of [99, 99.9]) notes.push(percentileNote(pairs, percentile));
    notes.push(generatorNote(pairs.flatMap(({ service, null: other }) => [service, ...(other ? [other] : [])])));
  }
  if (figure === "rate") notes.push(`${median(outcome.ratios).toFixed(3)} of the null server's requests a second`);
  const peers = pairs.flatMap(({ service, peer }) => (peer === undefined ? [] : [service.rate.avg / peer.rate.avg]));
  if (peers.length > 0) notes.push(`${median(peers).toFixed(3)} times the requests a second of the target`);
  if (journal !== undefined) {
    const { syncs, commands, syncSeconds } = journal;
    const each = `${grouped(commands / syncs)} commands and ${((syncSeconds / syncs) * 1000).toFixed(3)} ms each`;
    notes.push(`${grouped(syncs)} frames synced, ${each}`);
  }
  return notes;
}

function percentileNote(pairs: readonly Pair[], percentile: number): string {
  const of = (side: (pair: Pair) => Measured | undefined) =>
    median(pairs.map((pair) => percentileMs(side(pair)!, percentile))).toFixed(2);
  const over = median(pairs.map((pair) => latencyOver(pair, percentile))).toFixed(2);
  const [service, other] = [of((pair) => pair.service), of((pair) => pair.null)];
  return `p${percentile} ${service} ms, null server ${other} ms; median of the differences ${over} ms`;
}

/** What of the latency is the generator's own doing. */
function generatorNote(runs: readonly Measured[]): string {
  const late = median(runs.map(({ lateMs }) => lateMs?.p99 ?? 0));
  const cores = median(runs.map(({ cpuSeconds, seconds }) => (cpuSeconds ?? 0) / seconds));
  return `of which the generator itself was late by ${late.toFixed(2)} ms at p99; it took ${(cores * 100).toFixed(0)} % of a core`;
}

const SIDES = [
  ["service", (pair: Pair) => pair.service],
  ["null server", (pair: Pair) => pair.null],
  ["target", (pair: Pair) => pair.peer],
] as const;

function plotsOf({ target, withService }: HttpSettings, outcome: Outcome): Plot[] {
  const { pairs } = outcome;
  const sides = SIDES.filter(([, of]) => of(pairs[0]!) !== undefined).map(([name, of]) => {
    const isTarget = name === "service" && target !== undefined && !withService;
    return { name: isTarget ? "target" : name, of: (pair: Pair) => of(pair)! };
  });
  const middle = middlePair(outcome);
  const plots: Plot[] = [
    {
      title: "Requests a second over the time of all runs",
      xLabel: "seconds under load",
      yLabel: "requests/s",
      lines: sides.map(({ name, of }) => overTime(name, pairs.map(of), ({ rate }) => rate)),
    },
    {
      title: "Latency by percentile, the pair nearest to the median",
      xLabel: "percentile",
      yLabel: "ms",
      xScale: "percentiles",
      yScale: "log",
      lines: sides.map(({ name, of }) => ({
        name,
        points: DISTRIBUTION.map((percentile, i) => [percentile, of(middle).distributionMs[i]!] as const),
      })),
    },
  ];
  if (middle.service.samples.some(({ longestMs }) => longestMs !== undefined)) {
    plots.push({
      title: "Longest latency of each tenth of a second",
      xLabel: "seconds under load",
      yLabel: "ms",
      yScale: "log",
      lines: sides.map(({ name, of }) => overTime(name, pairs.map(of), ({ longestMs }) => longestMs)),
    });
  }
  return plots;
}

/** The runs of one side end to end, as if the other's had not been between them. */
function overTime(
  name: string,
  runs: readonly Measured[],
  y: (sample: Measured["samples"][number]) => number | undefined,
): PlotLine {
  const points: [number, number][] = [];
  let begin = 0;
  for (const { samples, seconds } of runs) {
    for (const sample of samples) {
      const value = y(sample);
      if (value !== undefined) points.push([begin + sample.at, value]);
    }
    begin += seconds;
  }
  return { name, points };
}
