/**
 * Row `with-kafka`: the service publishes to a broker on the same machine while commands come in at half of the rate that it takes
 * without one; then the time until everything durable is published.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KafkaBroker, startBroker, whyNoBroker } from "../../results/testing/index.ts";
import { type Environment, integer, withFolder } from "../environment.ts";
import { GROUP, progressOf, settledSequence, verifyFault } from "../http/admin.ts";
import { driveAutocannon } from "../http/autocannon.ts";
import { checkJournal } from "../http/journal-check.ts";
import type { Load, Measured } from "../http/measured.ts";
import { driveOpenLoop } from "../http/open-loop.ts";
import { type Service, startService } from "../http/processes.ts";
import { driveWrk, hasWrk } from "../http/wrk.ts";
import { grouped, median } from "../statistics.ts";
import { type TopicEnd, topicEnd } from "./topic-end.ts";
import { CannotRunError, CheckFailedError, type Measurement, type PlotLine, type RowContext } from "./types.ts";

const BUCKET = 20;
const CONNECTIONS = 256;
const CAPACITY_CONNECTIONS = 64;

/** Pause between two looks at the lag, ms. */
const LOOK_MS = 200;

/** How long the lag may take to drain, seconds: past the goal, then the row is given up. */
const DRAIN_SECONDS_MAX = 180;

interface Sizes {
  readonly seconds: number;
  readonly rounds: number;
  readonly accounts: number;
}

export async function withKafka(context: RowContext): Promise<Measurement> {
  const { environment } = context;
  if (environment.TARGET) throw new CannotRunError("it looks at the lag of this service, which TARGET has not");
  const why = whyNoBroker();
  if (why !== undefined) throw new CannotRunError(`no broker can be started: ${why}`);
  const sizes = sizesOf(environment);
  return withFolder(environment, async (folder) => {
    context.onStep(0, "capacity of the service without a broker");
    const capacity = await capacityOf(join(folder, "capacity"), sizes);
    context.onStep(0.1, "starting the broker");
    const broker = await startBroker();
    try {
      const row = new KafkaRow(context, sizes, Math.max(1, Math.round(capacity / 2)));
      return await row.run(join(folder, "published"), broker);
    } finally {
      await broker.stop();
    }
  });
}

function sizesOf(environment: Environment): Sizes {
  return {
    seconds: integer(environment, "DURATION", { unless: 20, min: 1, max: 3600 }),
    rounds: integer(environment, "KAFKA_ROUNDS", { unless: 3, min: 1, max: 100 }),
    accounts: integer(environment, "ACCOUNTS", { unless: 1000, min: 1, max: 9_999_999 }),
  };
}

function loadOf({ url, key }: Service, sizes: Sizes, more: Pick<Load, "run" | "connections" | "rate">): Load {
  const { seconds: duration, accounts } = sizes;
  return { ...more, url, key, shape: "commands", bucket: BUCKET, accounts, duration, requests: 50_000 };
}

/** Requests a second that the service takes in a closed loop by the lightest generator there is. */
async function capacityOf(data: string, sizes: Sizes): Promise<number> {
  const service = await startService(data);
  try {
    const load = loadOf(service, { ...sizes, seconds: Math.min(sizes.seconds, 5) }, ONCE);
    const measured = await (hasWrk() ? driveWrk : driveAutocannon)(load, () => {});
    return measured.rate.avg;
  } finally {
    await service.stop();
  }
}

const ONCE = { run: 0, connections: CAPACITY_CONNECTIONS, rate: 0 } as const;

interface Round {
  readonly measured: Measured;
  readonly drainSeconds: number;
}

class KafkaRow {
  readonly #context: RowContext;
  readonly #sizes: Sizes;
  readonly #rate: number;
  readonly #rounds: Round[] = [];
  readonly #lag: [number, number][] = [];
  readonly #published: [number, number][] = [];
  #begin = 0;

  constructor(context: RowContext, sizes: Sizes, rate: number) {
    this.#context = context;
    this.#sizes = sizes;
    this.#rate = rate;
  }

  async run(data: string, broker: KafkaBroker): Promise<Measurement> {
    const topic = `bench.${process.pid}.${Date.now()}`;
    const service = await startService(data, { RINGFENCE_KAFKA: broker.address, RINGFENCE_KAFKA_TOPIC: topic });
    let sequence: number;
    try {
      for (let round = 1; round <= this.#sizes.rounds; round++) await this.#round(service, round);
      const fault = await verifyFault(service);
      if (fault !== undefined) throw new CheckFailedError(`the service does not verify: ${fault}`);
      sequence = await settledSequence(service);
    } catch (error) {
      await service.stop().catch(() => {});
      throw error;
    }
    await service.stop();
    this.#context.onStep(1, "reading the journal");
    this.#check(join(data, "groups", GROUP), sequence, await topicEnd(broker.address, topic));
    return this.#measurement();
  }

  async #round(service: Service, round: number): Promise<void> {
    const { rounds } = this.#sizes;
    this.#begin ||= performance.now();
    const load = loadOf(service, this.#sizes, { run: round, connections: CONNECTIONS, rate: this.#rate });
    const step = (part: number, what: string) => this.#context.onStep(0.1 + (0.9 * (round - 1 + part)) / rounds, what);
    const watch = this.#watch(service);
    const measured = await driveOpenLoop(load, (part) =>
      step(part / 2, `publishing under load, ${round} of ${rounds}`),
    );
    const begin = performance.now();
    await watch.stop();
    const sequence = await settledSequence(service);
    while (await this.#look(service, sequence)) {
      step(0.75, `draining, ${round} of ${rounds}`);
      if (performance.now() - begin > DRAIN_SECONDS_MAX * 1000) {
        throw new CheckFailedError(`the lag was not drained within ${DRAIN_SECONDS_MAX} s`);
      }
      await sleep(LOOK_MS / 4);
    }
    this.#rounds.push({ measured, drainSeconds: (performance.now() - begin) / 1000 });
  }

  /** Notes lag and published sequence; true while the published one is below `sequence`. */
  async #look(service: Service, sequence: number): Promise<boolean> {
    const { durable, published } = await progressOf(service);
    const at = (performance.now() - this.#begin) / 1000;
    this.#lag.push([at, Math.max(0, durable - published)]);
    this.#published.push([at, published]);
    return published < sequence;
  }

  /** Looks now and then until it is stopped. */
  #watch(service: Service): { stop(): Promise<void> } {
    let isOn = true;
    const looking = (async () => {
      while (isOn) {
        await this.#look(service, 0);
        await sleep(LOOK_MS);
      }
    })();
    // Told at the end: without this an early failure would count as unheard.
    looking.catch(() => {});
    const stop = () => {
      isOn = false;
      return looking;
    };
    return { stop };
  }

  /** Throws CheckFailedError unless journal and topic have what was acknowledged. */
  #check(directory: string, sequence: number, end: TopicEnd): void {
    const acknowledged = this.#rounds.flatMap(({ measured }) => measured.acknowledged ?? []);
    const { faults } = checkJournal(directory, acknowledged, BUCKET);
    if (faults.length > 0) throw new CheckFailedError(faults.join("; "));
    if (end.sequence !== sequence) {
      throw new CheckFailedError(`sequence ${sequence} was published, but the topic ends at ${end.sequence}`);
    }
  }

  #measurement(): Measurement {
    const runs = this.#rounds.map(({ drainSeconds }) => drainSeconds);
    const sum = (of: (measured: Measured) => number) =>
      this.#rounds.reduce((total, { measured }) => total + of(measured), 0);
    const shed = sum(({ answered, accepted, timeouts, errors }) => answered - accepted + timeouts + errors);
    const commands = sum(({ accepted }) => accepted) * BUCKET;
    const seconds = sum((measured) => measured.seconds);
    const lagMax = Math.max(...this.#lag.map(([, lag]) => lag));
    return {
      value: median(runs),
      runs,
      isElseMet: shed === 0,
      notes: [
        `open loop of ${grouped(this.#rate)} requests/s of ${BUCKET} for ${this.#sizes.seconds} s, ${this.#rounds.length} rounds`,
        `${grouped(shed)} requests shed or without an answer; ${grouped(commands / seconds)} commands/s taken`,
        `greatest lag ${grouped(lagMax)} results; drained after ${runs.map((run) => run.toFixed(1)).join(", ")} s`,
        `${grouped(this.#publishedRate())} results/s published while there was a lag`,
        "checked: every acknowledged request in the journal, its replay, the topic's last sequence",
      ],
      excluded: "starting broker and service, measuring the capacity without a broker, the checks",
      plots: [
        {
          title: "Lag",
          xLabel: "seconds",
          yLabel: "results",
          lines: [{ name: "durable and not published", points: this.#lag }],
        },
        { title: "Results published", xLabel: "seconds", yLabel: "results/s", lines: [this.#rateLine()] },
      ],
    };
  }

  #rateLine(): PlotLine {
    const points = this.#published.slice(1).flatMap(([at, sequence], i): [number, number][] => {
      const [before, last] = this.#published[i]!;
      return at - before < LOOK_MS / 2000 ? [] : [[at, (sequence - last) / (at - before)]];
    });
    return { name: "published", points };
  }

  /** Over the looks between which there was something to publish. */
  #publishedRate(): number {
    let [results, seconds] = [0, 0];
    for (let i = 1; i < this.#published.length; i++) {
      if (this.#lag[i - 1]![1] === 0) continue;
      results += this.#published[i]![1] - this.#published[i - 1]![1];
      seconds += this.#published[i]![0] - this.#published[i - 1]![0];
    }
    return seconds === 0 ? 0 : results / seconds;
  }
}
