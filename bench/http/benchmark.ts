/** The HTTP benchmark: alternating runs against the service and the null server, then the checks, then the text. */
import { join } from "node:path";
import { median } from "../statistics.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { GROUP, type JournalTotals, journalTotals, settledSequence, verifyFault } from "./admin.ts";
import { driveAutocannon } from "./autocannon.ts";
import { checkJournal } from "./journal-check.ts";
import type { Generator, Load, Measured } from "./measured.ts";
import { type Server, type Service, startNull, startService } from "./processes.ts";
import type { HttpSettings } from "./settings.ts";
import { driveWrk, requireWrk } from "./wrk.ts";

/** One pair of runs; `null` is absent where only a foreign server was driven. */
export interface Pair {
  readonly service: Measured;
  readonly null: Measured | undefined;
}

export interface Outcome {
  readonly pairs: readonly Pair[];
  /** Requests a second of the service in parts of the null server's, by pair; empty without a null server. */
  readonly ratios: readonly number[];
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

/** Runs the benchmark; `data` is an empty folder for the service. Rejects when a server or the generator fails. */
export async function benchmark(settings: HttpSettings, data: string, onStep: OnStep): Promise<Outcome> {
  if (settings.generator === "wrk") requireWrk();
  const { target } = settings;
  const service = target === undefined ? await startService(data) : undefined;
  const nullServer = settings.withNull ? await startNull() : undefined;
  const driven: Server = service ?? { ...target!, stop: async () => {} };
  const bench = new Bench(settings, { driven, service, nullServer }, onStep);
  try {
    await bench.run();
  } catch (error) {
    // A server that has ended by itself is the reason, and the failed request only its consequence.
    const ends = await Promise.allSettled([driven.stop(), nullServer?.stop()]);
    const ended = ends.find((end) => end.status === "rejected");
    if (ended !== undefined) throw ended.reason;
    throw error;
  }
  await Promise.all([driven.stop(), nullServer?.stop()]);
  if (service !== undefined) bench.checkJournal(join(data, "groups", GROUP));
  return bench.outcome();
}

interface Servers {
  readonly driven: Server;
  /** The driven server, when it is our own. */
  readonly service: Service | undefined;
  readonly nullServer: Server | undefined;
}

class Bench {
  readonly #settings: HttpSettings;
  readonly #servers: Servers;
  readonly #onStep: OnStep;
  readonly #drive: Generator;
  readonly #pairs: Pair[] = [];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #checked: string[] = [];
  readonly #faults: string[] = [];
  #run = 0;
  #done = 0;
  #accepted = 0;
  #journal: JournalTotals | undefined;
  #sequence = 0;

  constructor(settings: HttpSettings, servers: Servers, onStep: OnStep) {
    this.#settings = settings;
    this.#servers = servers;
    this.#onStep = onStep;
    this.#drive = settings.generator === "wrk" ? driveWrk : driveAutocannon;
  }

  async run(): Promise<void> {
    const { pairs } = this.#settings;
    const { nullServer } = this.#servers;
    await this.#driveService(WARM_UP, "warm-up of the service");
    if (nullServer !== undefined) await this.#driveOnce(nullServer, WARM_UP, "warm-up of the null server");
    for (let i = 1; i <= pairs; i++) {
      const service = await this.#driveService(1, `service, ${i} of ${pairs}`);
      const other =
        nullServer === undefined ? undefined : await this.#driveOnce(nullServer, 1, `null server, ${i} of ${pairs}`);
      this.#pairs.push({ service, null: other });
    }
    await this.#verify();
  }

  /** Drives the service and holds what it acknowledged against the growth of its durable sequence. */
  async #driveService(part: number, what: string): Promise<Measured> {
    const { driven, service } = this.#servers;
    const before = service === undefined ? 0 : await settledSequence(service);
    const measured = await this.#driveOnce(driven, part, what);
    if (measured.acknowledged !== undefined) this.#acknowledged.push(measured.acknowledged);
    const { answered, accepted, timeouts, errors } = measured;
    const refused = answered - accepted;
    if (refused > 0) this.#faults.push(`${what}: ${refused} of ${answered} requests were not answered 202`);
    if (timeouts + errors > 0) {
      this.#faults.push(`${what}: ${timeouts} requests timed out and ${errors} connections broke`);
    }
    this.#accepted += accepted;
    if (service === undefined) return measured;
    this.#sequence = await settledSequence(service);
    this.#checkGrowth(measured, this.#sequence - before, what);
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
  #checkGrowth({ accepted, timeouts, errors, acknowledged }: Measured, growth: number, what: string): void {
    const { bucket, connections } = this.#settings;
    const least = accepted * bucket;
    // A generator that stops by time leaves a request under way on each connection.
    const open = timeouts + errors + (acknowledged === undefined ? connections : 0);
    if (growth >= least && growth <= least + open * bucket) return;
    this.#faults.push(`${what}: ${least} commands were acknowledged, but the durable sequence grew by ${growth}`);
  }

  async #driveOnce(server: Server, part: number, what: string): Promise<Measured> {
    const { pairs, connections, bucket, accounts, requests, duration, withNull } = this.#settings;
    const load: Load = {
      run: this.#run++,
      url: server.url,
      key: server.key,
      connections,
      bucket,
      accounts,
      requests: Math.max(connections, Math.round(requests * part)),
      duration: Math.max(1, Math.round(duration * part)),
    };
    const all = (pairs + WARM_UP) * (withNull ? 2 : 1);
    const measured = await this.#drive(load, (done) => this.#onStep((this.#done + done * part) / all, what));
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
        ? `each of ${this.#accepted} acknowledged requests, by its ids, with all its commands applied`
        : `${found.applied} applied commands for ${least} acknowledged ones (the generator does not tell which)`,
      "the trial balance, zero in every currency",
    );
  }

  outcome(): Outcome {
    const ratios = this.#pairs.flatMap((pair) =>
      pair.null === undefined ? [] : [pair.service.rate.avg / pair.null.rate.avg],
    );
    return { pairs: this.#pairs, ratios, journal: this.#journal, checked: this.#checked, faults: this.#faults };
  }
}

/** The pair whose ratio is nearest to the median; the first where there are no ratios. */
export function middlePair({ pairs, ratios }: Outcome): Pair {
  if (ratios.length === 0) return pairs[0]!;
  const middle = median(ratios);
  const distances = ratios.map((ratio) => Math.abs(ratio - middle));
  return pairs[distances.indexOf(Math.min(...distances))]!;
}
