/** autocannon as a generator, in this process. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import autocannon from "autocannon";
import { standardDeviation } from "../statistics.ts";
import { Acknowledged } from "./acknowledged.ts";
import { RequestBytes } from "./bodies.ts";
import { DISTRIBUTION, type Load, type Measured, type OnProgress, type Sample } from "./measured.ts";
import { SHAPES } from "./shapes.ts";

/** Milliseconds between samples of the rate. */
const SAMPLE_MS = 100;

/** Milliseconds between autocannon's own looks at whether it is done; its default of a second would be idle time. */
const TICK_MS = 50;

/** Seconds without an answer after which a request counts as lost: beyond those after which the service gives up. */
const TIMEOUT_SECONDS = 15;

/** Failed connections after which the server counts as gone. */
const BAILOUT = 1000;

/** Longest latency that the histogram tells apart, in microseconds. */
const LATENCY_US_MAX = 60_000_000;

/** Counts of a run while it goes on. */
class Run {
  readonly acknowledged: Acknowledged;
  readonly latencyUs: RecordableHistogram = createHistogram({ lowest: 1, highest: LATENCY_US_MAX, figures: 3 });
  readonly classes = [0, 0, 0, 0, 0];
  readonly #samples: Sample[] = [];
  readonly #acceptedStatus: number;
  readonly #begin = performance.now();
  #end = this.#begin;
  #sampleAt = this.#begin;
  #sampleCount = 0;
  answered = 0;
  accepted = 0;
  receivedBytes = 0;
  connections = 0;

  constructor(load: Load) {
    this.acknowledged = new Acknowledged(load.run, load.connections);
    this.#acceptedStatus = SHAPES[load.shape].accepted;
  }

  isAccepted(status: number): boolean {
    return status === this.#acceptedStatus;
  }

  onResponse(status: number, bytes: number, latencyMs: number): void {
    this.answered++;
    if (this.isAccepted(status)) this.accepted++;
    const place = Math.floor(status / 100) - 1;
    this.classes[place] = (this.classes[place] ?? 0) + 1;
    this.receivedBytes += bytes;
    this.latencyUs.record(Math.min(Math.max(1, Math.round(latencyMs * 1000)), LATENCY_US_MAX));
    this.#end = performance.now();
  }

  sample(): void {
    const now = performance.now();
    const rate = ((this.answered - this.#sampleCount) / (now - this.#sampleAt)) * 1000;
    this.#samples.push({ at: (now - this.#begin) / 1000, rate });
    this.#sampleAt = now;
    this.#sampleCount = this.answered;
  }

  result(lost: { errors: number; timeouts: number }, sentBytes: number): Measured {
    const { answered, accepted, classes, receivedBytes, latencyUs, acknowledged } = this;
    const seconds = Math.max(this.#end - this.#begin, 1) / 1000;
    const samples = this.#samples.length > 0 ? this.#samples : [{ at: seconds, rate: answered / seconds }];
    const rates = samples.map(({ rate }) => rate);
    const ms = (us: number) => us / 1000;
    return {
      seconds,
      answered,
      accepted,
      classes,
      ...lost,
      rate: { avg: answered / seconds, stdev: standardDeviation(rates), max: Math.max(...rates) },
      latencyMs: { avg: ms(latencyUs.mean), stdev: ms(latencyUs.stddev), max: ms(latencyUs.max) },
      distributionMs: DISTRIBUTION.map((percentile) => ms(latencyUs.percentile(percentile))),
      samples,
      receivedBytes,
      sentBytes,
      acknowledged,
    };
  }
}

/**
 * Hands the connection's own bytes to autocannon, made anew for each request. `getRequestBuffer` is what autocannon calls to
 * get the bytes it writes; its documented ways build the request's text again each time, which would take half of the generator.
 * The bytes may be changed in place, because the answer to the last request has arrived: nothing of it is left to be sent.
 */
function ownRequests(client: autocannon.Client, load: Load, run: Run): void {
  const connection = run.connections++;
  const options = { ...load, connection };
  let request = new RequestBytes(options);
  const hooked = client as autocannon.Client & { getRequestBuffer: () => Buffer };
  hooked.getRequestBuffer = () => request.next();
  client.on("response", (status, bytes, latencyMs) => {
    run.acknowledged.answered(connection, request.request, run.isAccepted(status));
    run.onResponse(status, bytes, latencyMs);
  });
  // After a timeout the old bytes may still wait in the closed socket, so the connection goes on with a copy.
  (client as NodeJS.EventEmitter).on("timeout", () => {
    const { request: number } = request;
    request = new RequestBytes(options);
    request.request = number;
  });
}

/** Sends `load.requests` requests over `load.connections` connections, each with one request under way. */
export function driveAutocannon(load: Load, onProgress: OnProgress): Promise<Measured> {
  const { url, connections, requests } = load;
  const run = new Run(load);
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      // Not once the load runs out: autocannon ends at its own next tick, and the rest would count as standstill.
      if (run.answered < requests) run.sample();
      onProgress(run.answered / requests);
    }, SAMPLE_MS);
    const options: autocannon.Options = {
      url,
      connections,
      amount: requests,
      method: "POST",
      timeout: TIMEOUT_SECONDS,
      bailout: BAILOUT,
      sampleInt: TICK_MS,
      setupClient: (client) => ownRequests(client, load, run),
    };
    autocannon(options, (error: Error | null, result) => {
      clearInterval(timer);
      if (error !== null) {
        reject(error);
        return;
      }
      onProgress(1);
      const { errors, timeouts } = result;
      const bytes = new RequestBytes({ ...load, connection: 0 }).bytes.length;
      resolve(run.result({ errors: errors - timeouts, timeouts }, run.answered * bytes));
    });
  });
}
