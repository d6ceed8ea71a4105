/**
 * The open loop: requests have planned times at a fixed rate, and each leaves at its time or, where all connections wait for answers,
 * as soon as one is free. Latency counts from the planned time, so that a stall is charged to every request that it delayed
 * (coordinated omission). Bounded: what is due and not sent yet is a number, not a queue.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { Acknowledged } from "../http/acknowledged.ts";
import { DISTRIBUTION, type Load } from "../http/measured.ts";
import { SHAPES } from "../http/shapes.ts";
import { Connection } from "./connection.ts";
import type { OpenLoopReport } from "./report.ts";
import { Slices } from "./slices.ts";

/** Milliseconds between looks at the plan: the finest that a timer gives. */
const TICK_MS = 1;

/** How long answers are awaited after the last planned time, ms: beyond the time after which the service gives up. */
const PATIENCE_MS = 15_000;

/** Longest latency that the histogram tells apart, in microseconds. */
const LATENCY_US_MAX = 60_000_000;

const HISTOGRAM = { lowest: 1, highest: LATENCY_US_MAX, figures: 3 } as const;

function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.min(Math.max(1, Math.round(ms * 1000)), LATENCY_US_MAX));
}

/** Drives one server once; resolves when every request is answered or given up. Rejects when no connection can be made. */
export async function runOpenLoop(load: Load): Promise<OpenLoopReport> {
  const run = new OpenLoop(load);
  await run.connect();
  return run.drive();
}

class OpenLoop {
  readonly #load: Load;
  readonly #acceptedStatus: number;
  /** Requests planned in all. */
  readonly #total: number;
  readonly #latencyUs = createHistogram(HISTOGRAM);
  /** How late requests left though a connection was free: this process's own share. */
  readonly #lateUs = createHistogram(HISTOGRAM);
  readonly #slices = new Slices();
  readonly #acknowledged: Acknowledged;
  readonly #classes = [0, 0, 0, 0, 0];
  readonly #connections: Connection[] = [];
  readonly #idle: Connection[] = [];
  #begin = 0;
  #end = 0;
  /** Requests sent so far; the number of the next planned one. */
  #sent = 0;
  #answered = 0;
  #accepted = 0;
  #broken = 0;
  #alive: number;
  #why: string | undefined;
  #receivedBytes = 0;
  #resolve: () => void = () => {};
  #isDone = false;

  constructor(load: Load) {
    this.#load = load;
    this.#acceptedStatus = SHAPES[load.shape].accepted;
    this.#total = Math.max(1, Math.round(load.rate * load.duration));
    this.#acknowledged = new Acknowledged(load.run, load.connections);
    this.#alive = load.connections;
  }

  async connect(): Promise<void> {
    const all: Promise<void>[] = [];
    for (let connection = 0; connection < this.#load.connections; connection++) {
      const opened = Promise.withResolvers<void>();
      const one = new Connection(
        { ...this.#load, connection },
        {
          onAnswer: (from, status, bytes) => this.#onAnswer(from, status, bytes),
          onBroken: (from, why) => {
            opened.reject(new Error(`${this.#load.url}: ${why}`));
            this.#onBroken(from, why);
          },
        },
        opened.resolve,
      );
      this.#connections.push(one);
      this.#idle.push(one);
      all.push(opened.promise);
    }
    await Promise.all(all);
  }

  async drive(): Promise<OpenLoopReport> {
    const done = new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    const cpu = process.cpuUsage();
    this.#begin = performance.now();
    this.#end = this.#begin;
    this.#tick();
    await done;
    const { user, system } = process.cpuUsage(cpu);
    this.#isDone = true;
    const unanswered = this.#total - this.#answered - this.#broken;
    // Not before the count: what is closed now counts as no answer, not as broken.
    for (const connection of this.#connections) connection.destroy();
    return this.#report(unanswered, (user + system) / 1e6);
  }

  #plannedMs(request: number): number {
    return this.#begin + (request * 1000) / this.#load.rate;
  }

  #tick(): void {
    if (this.#isDone) return;
    const now = performance.now();
    this.#sendDue(now, true);
    const isLate = now > this.#plannedMs(this.#total) + PATIENCE_MS;
    if (this.#isOver() || isLate) this.#resolve();
    else setTimeout(() => this.#tick(), TICK_MS);
  }

  #isOver(): boolean {
    const isAllSent = this.#sent === this.#total && this.#answered + this.#broken >= this.#sent;
    return isAllSent || this.#alive === 0;
  }

  /** Sends what is due as far as connections are free. */
  #sendDue(now: number, isOnTick: boolean): void {
    while (this.#sent < this.#total) {
      const planned = this.#plannedMs(this.#sent);
      if (planned > now) return;
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      if (isOnTick) record(this.#lateUs, now - planned);
      this.#sent++;
      connection.send(planned);
    }
  }

  #onAnswer(connection: Connection, status: number, bytes: number): void {
    const now = performance.now();
    const latencyMs = now - connection.plannedMs;
    record(this.#latencyUs, latencyMs);
    this.#slices.add(now - this.#begin, latencyMs);
    this.#answered++;
    const place = Math.floor(status / 100) - 1;
    this.#classes[place] = (this.#classes[place] ?? 0) + 1;
    const isAccepted = status === this.#acceptedStatus;
    if (isAccepted) this.#accepted++;
    this.#acknowledged.answered(connection.index, connection.request, isAccepted);
    this.#receivedBytes += bytes;
    this.#end = now;
    this.#idle.push(connection);
    this.#sendDue(now, false);
  }

  #onBroken(connection: Connection, why: string): void {
    this.#why ??= why;
    this.#alive--;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (connection.isBusy) this.#broken++;
    connection.isBusy = false;
  }

  #report(unanswered: number, cpuSeconds: number): OpenLoopReport {
    const { mean, stddev, max } = this.#latencyUs;
    return {
      seconds: Math.max(this.#end - this.#begin, 1) / 1000,
      answered: this.#answered,
      accepted: this.#accepted,
      classes: this.#classes,
      timeouts: unanswered,
      errors: this.#broken,
      why: this.#why,
      latencyUs: { mean, stdev: stddev, max },
      distributionUs: DISTRIBUTION.map((percentile) => this.#latencyUs.percentile(percentile)),
      lateUs: { p99: this.#lateUs.percentile(99), max: this.#lateUs.max },
      cpuSeconds,
      slices: this.#slices.all(),
      receivedBytes: this.#receivedBytes,
      sentBytes: this.#sent * (this.#connections[0]?.requestBytes ?? 0),
      acknowledged: this.#acknowledged.toJSON(),
    };
  }
}
