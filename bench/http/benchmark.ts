/** The HTTP benchmark: alternating runs against the service and the null server, then the checks, then the text. */
import { join } from "node:path";
import { median } from "../statistics.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { GROUP, type JournalTotals, journalTotals, memoryMapped, settledSequence, verifyFault } from "./admin.ts";
import { driveAutocannon } from "./autocannon.ts";
import { checkJournal } from "./journal-check.ts";
import { type Generator, type Load, type Measured, percentileMs } from "./measured.ts";
import { driveOpenLoop } from "./open-loop.ts";
import { prepareOrders } from "./orders.ts";
import { type Server, type Service, startNull, startService } from "./processes.ts";
import type { GeneratorName, HttpSettings } from "./settings.ts";
import { SHAPES, type ShapeName } from "./shapes.ts";
import { driveWrk, hasWrk, requireWrk } from "./wrk.ts";

/** One turn: a run against each server. */
export interface Pair {
  /** Our own service, or TARGET where it is driven without our own. */
  readonly service: Measured;
  /** Absent where only a foreign server was driven. */
  readonly null: Measured | undefined;
  /** TARGET, where it is driven beside our own service. */
  readonly peer: Measured | undefined;
}

export interface Outcome {
  readonly pairs: readonly Pair[];
  /** Requests a second of the service in parts of the null server's, by pair; empty without a null server. */
  readonly ratios: readonly number[];
  /** Requests a second of the open loop; undefined for a closed one. */
  readonly rate: number | undefined;
  /** What the journal did, warm-up included; undefined for a foreign server. */
  readonly journal: JournalTotals | undefined;
  /** What the checks looked at, for people. */
  readonly checked: readonly string[];
  /** What is wrong; empty when all is well. */
  readonly faults: readonly string[];
}

export type OnStep = (part: number, what: string) => void;

/** Part of a run that goes before the first pair on each side, not measured, so that the servers' code is compiled. */
const WARM_UP = 0.1;

/** Number of wrk's or autocannon's connections where half of the capacity is asked for. */
const CAPACITY_CONNECTIONS = 64;

const GENERATORS: Readonly<Record<GeneratorName, Generator>> = {
  autocannon: driveAutocannon,
  wrk: driveWrk,
  open: driveOpenLoop,
};

/** Runs the benchmark; `data` is an empty folder for the service. Rejects when a server or the generator fails. */
export async function benchmark(settings: HttpSettings, data: string, onStep: OnStep): Promise<Outcome> {
  if (settings.generator === "wrk") requireWrk();
  const { target, withService, shape } = settings;
  const foreign = target === undefined ? undefined : { ...target, stop: async () => {} };
  // Together, for most of a start is waiting for files.
  const [service, nullServer] = await startBoth(
    withService ? startService(data, serviceSettings(settings)) : undefined,
    settings.withNull,
    shape,
  );
  let bench: Bench;
  try {
    const driven = service === undefined ? foreign! : shape === "orders" ? await prepareOrders(service) : service;
    const peer = service === undefined ? undefined : foreign;
    if (service !== undefined) await memoryMapped(service);
    bench = new Bench(settings, { driven, service, nullServer, peer }, onStep);
    await bench.run();
  } catch (error) {
    // A server that has ended by itself is the reason, and the failed request only its consequence.
    const ends = await Promise.allSettled([service?.stop(), nullServer?.stop()]);
    const ended = ends.find((end) => end.status === "rejected");
    if (ended !== undefined) throw ended.reason;
    throw error;
  }
  await Promise.all([service?.stop(), nullServer?.stop()]);
  if (service !== undefined) bench.checkJournal(join(data, "groups", GROUP));
  return bench.outcome();
}

/** What of our own service is set otherwise than by default. */
function serviceSettings({ store, memory }: HttpSettings): Readonly<Record<string, string>> {
  return { RINGFENCE_STORE: store, RINGFENCE_MEMORY_AHEAD: memory === "ahead" ? "on" : "off" };
}

/** The same as text, for reports. */
export function serviceSettingsText(settings: HttpSettings): string {
  return Object.entries(serviceSettings(settings))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

/** Both or neither: what started beside one that failed is stopped. */
async function startBoth(service: Promise<Service> | undefined, withNull: boolean, shape: ShapeName) {
  const starts = await Promise.allSettled([service, withNull ? startNull(shape) : undefined] as const);
  const [first, second] = starts;
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value] as const;
  for (const start of starts) if (start.status === "fulfilled") await start.value?.stop();
  throw starts.find((start) => start.status === "rejected")!.reason;
}

interface Servers {
  /** What the figures are of. */
  readonly driven: Server;
  /** The driven server's process, when it is our own. */
  readonly service: Service | undefined;
  readonly nullServer: Server | undefined;
  readonly peer: Server | undefined;
}

class Bench {
  readonly #settings: HttpSettings;
  readonly #servers: Servers;
  readonly #onStep: OnStep;
  readonly #pairs: Pair[] = [];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #checked: string[] = [];
  readonly #faults: string[] = [];
  /** Parts of runs to do in all, and done so far. */
  readonly #parts: number;
  #done = 0;
  #run = 0;
  /** Requests a second of the open loop. */
  #rate: number;
  #accepted = 0;
  /** Those of them of which it is known which they are. */
  #acceptedKnown = 0;
  #journal: JournalTotals | undefined;
  #sequence = 0;

  constructor(settings: HttpSettings, servers: Servers, onStep: OnStep) {
    this.#settings = settings;
    this.#servers = servers;
    this.#onStep = onStep;
    const { pairs, hasWarmUp, rate, generator } = settings;
    const sides = [servers.driven, servers.nullServer, servers.peer].filter((side) => side !== undefined).length;
    const isHalf = generator === "open" && rate === "half";
    this.#parts = (pairs + (hasWarmUp ? WARM_UP : 0)) * sides + (isHalf ? 1 : 0);
    this.#rate = rate === "half" ? 0 : rate;
  }

  async run(): Promise<void> {
    const { pairs, hasWarmUp, rate, generator } = this.#settings;
    const { nullServer, peer } = this.#servers;
    if (generator === "open" && rate === "half") this.#rate = await this.#halfOfCapacity();
    if (hasWarmUp) {
      await this.#driveDriven(WARM_UP, "warm-up of the service");
      if (nullServer !== undefined) await this.#driveOnce(nullServer, WARM_UP, "warm-up of the null server");
      if (peer !== undefined) await this.#driveOther(peer, WARM_UP, "warm-up of the target");
    }
    for (let i = 1; i <= pairs; i++) {
      const service = await this.#driveDriven(1, `service, ${i} of ${pairs}`);
      this.#pairs.push({
        service,
        null: nullServer && (await this.#apart(() => this.#driveOnce(nullServer, 1, `null server, ${i} of ${pairs}`))),
        peer: peer && (await this.#apart(() => this.#driveOther(peer, 1, `target, ${i} of ${pairs}`))),
      });
    }
    await this.#verify();
  }

  /** Drives another server while the service stands still: its store may have much to catch up with, and would slow the other. */
  async #apart<T>(drive: () => Promise<T>): Promise<T> {
    const { service } = this.#servers;
    service?.suspend();
    try {
      return await drive();
    } finally {
      service?.resume();
    }
  }

  /** Half of the requests a second that the service takes in a closed loop by the lightest generator there is. */
  async #halfOfCapacity(): Promise<number> {
    const generator = hasWrk() ? "wrk" : "autocannon";
    const load = { generator, connections: CAPACITY_CONNECTIONS } as const;
    const measured = await this.#driveDriven(1, `capacity of the service by ${generator}`, load);
    return Math.max(1, Math.round(measured.rate.avg / 2));
  }

  /** Drives what the figures are of, and holds what it acknowledged against the growth of its durable sequence. */
  async #driveDriven(part: number, what: string, other: Partial<Drive> = {}): Promise<Measured> {
    const { driven, service } = this.#servers;
    const { connections } = { ...this.#settings, ...other };
    const before = service === undefined ? 0 : await settledSequence(service);
    const measured = await this.#driveOther(driven, part, what, other);
    if (measured.acknowledged !== undefined) {
      this.#acknowledged.push(measured.acknowledged);
      this.#acceptedKnown += measured.accepted;
    }
    this.#accepted += measured.accepted;
    if (service === undefined) return measured;
    this.#sequence = await settledSequence(service);
    this.#checkGrowth(measured, { growth: this.#sequence - before, connections, what });
    return measured;
  }

  /** Drives a server that does work; its refusals are faults. */
  async #driveOther(server: Server, part: number, what: string, other: Partial<Drive> = {}): Promise<Measured> {
    const measured = await this.#driveOnce(server, part, what, other);
    const { answered, accepted, timeouts, errors } = measured;
    const refused = answered - accepted;
    const status = SHAPES[this.#settings.shape].accepted;
    if (refused > 0) this.#faults.push(`${what}: ${refused} of ${answered} requests were not answered ${status}`);
    if (timeouts + errors > 0) {
      this.#faults.push(`${what}: ${timeouts} requests had no answer in time and ${errors} connections broke`);
    }
    return measured;
  }

  async #verify(): Promise<void> {
    const { service } = this.#servers;
    if (service === undefined) return;
    this.#journal = await journalTotals(service);
    this.#onStep(1, "the service verifies its journal");
    const fault = await verifyFault(service);
    if (fault !== undefined) this.#faults.push(`the service does not verify: ${fault}`);
    this.#checked.push("the service's own verification: its journal replays to the state in its memory");
  }

  /** Exact when every request was answered; else each unanswered one may have been taken too. */
  #checkGrowth({ accepted, timeouts, errors, acknowledged }: Measured, { growth, connections, what }: Growth): void {
    const { bucket } = this.#settings;
    const least = accepted * bucket;
    // A generator that stops by time leaves a request under way on each connection.
    const open = timeouts + errors + (acknowledged === undefined ? connections : 0);
    if (growth >= least && growth <= least + open * bucket) return;
    this.#faults.push(`${what}: ${least} commands were acknowledged, but the durable sequence grew by ${growth}`);
  }

  async #driveOnce(server: Server, part: number, what: string, other: Partial<Drive> = {}): Promise<Measured> {
    const { requests, duration, bucket, accounts, shape } = this.#settings;
    const { generator, connections } = { ...this.#settings, ...other };
    const load: Load = {
      run: this.#run++,
      url: server.url,
      shape,
      key: server.key,
      connections,
      bucket,
      accounts,
      requests: Math.max(connections, Math.round(requests * part)),
      duration: Math.max(1, Math.round(duration * part)),
      rate: this.#rate,
    };
    const onProgress = (done: number) => this.#onStep((this.#done + done * part) / this.#parts, what);
    const measured = await GENERATORS[generator](load, onProgress);
    this.#done += part;
    return measured;
  }

  /** The service has stopped: reads its journal from the first frame. */
  checkJournal(directory: string): void {
    const { bucket } = this.#settings;
    this.#onStep(1, "reading the journal");
    const found = checkJournal(directory, this.#acknowledged, bucket);
    this.#faults.push(...found.faults);
    const least = this.#accepted * bucket;
    if (found.applied < least) {
      this.#faults.push(`${least} commands were acknowledged, but the journal has ${found.applied} applied ones`);
    }
    if (found.sequence < this.#sequence) {
      this.#faults.push(`sequence ${this.#sequence} was durable, but the journal ends at ${found.sequence}`);
    }
    this.#checked.push(
      `every frame and link of the journal up to sequence ${found.sequence}, and its replay byte for byte`,
      this.#acknowledged.length > 0
        ? `each of ${this.#acceptedKnown} acknowledged requests, by its ids, with all its commands applied`
        : `${found.applied} applied commands for ${least} acknowledged ones (the generator does not tell which)`,
      "the trial balance, zero in every currency",
    );
  }

  outcome(): Outcome {
    const ratios = this.#pairs.flatMap((pair) =>
      pair.null === undefined ? [] : [pair.service.rate.avg / pair.null.rate.avg],
    );
    const rate = this.#settings.generator === "open" ? this.#rate : undefined;
    const [pairs, journal, checked, faults] = [this.#pairs, this.#journal, this.#checked, this.#faults];
    return { pairs, ratios, rate, journal, checked, faults };
  }
}

interface Drive {
  readonly generator: GeneratorName;
  readonly connections: number;
}

interface Growth {
  readonly growth: number;
  readonly connections: number;
  readonly what: string;
}

/** The pair whose ratio is nearest to the median; the first where there are no ratios. */
export function middlePair({ pairs, ratios }: Outcome): Pair {
  if (ratios.length === 0) return pairs[0]!;
  const middle = median(ratios);
  const distances = ratios.map((ratio) => Math.abs(ratio - middle));
  return pairs[distances.indexOf(Math.min(...distances))]!;
}

/** By how many ms the service's latency at a percentile is above the null server's. */
export function latencyOver({ service, null: other }: Pair, percentile: number): number {
  if (other === undefined) throw new Error("a difference needs the null server");
  return percentileMs(service, percentile) - percentileMs(other, percentile);
}
