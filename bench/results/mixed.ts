/**
 * Row `mixed`: the service with its embedded store, a broker, Redis and MariaDB with their store processes, all on this machine,
 * under commands at a steady rate. It shows how far the topic and each store are behind by the second, and when all have caught up.
 */
import { mkdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Lags, lagsOf } from "../http/admin.ts";
import { RequestBytes } from "../http/bodies.ts";
import { type Service, startService, startStore } from "../http/processes.ts";

/** Commands a request, and requests under way at once, at most. */
const BUCKET = 100;
const CONNECTIONS = 32;

/** Milliseconds after the load in which all must have caught up. */
const DRAIN_MS = 120_000;

export interface MixedOptions {
  /** Commands a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly accounts: number;
  readonly brokers: string;
  readonly topic: string;
  /** Urls; undefined where the server is not there. */
  readonly redis: string | undefined;
  readonly sql: string | undefined;
  /** An empty folder for the service. */
  readonly data: string;
}

export interface Second {
  /** Since the load began. */
  readonly second: number;
  readonly commands: number;
  /** Results behind what is durable: in the topic, and by store. */
  readonly lags: Readonly<Record<string, number>>;
}

export interface Mixed {
  readonly seconds: readonly Second[];
  /** From the last acknowledgement to the last store's last result. */
  readonly drainedMs: number;
}

export async function mixedRun(options: MixedOptions, show: (part: number, what: string) => void): Promise<Mixed> {
  const { brokers, topic, redis, sql, data } = options;
  const kafka = { RINGFENCE_KAFKA: brokers, RINGFENCE_KAFKA_TOPIC: topic };
  const stores = {
    ...(redis === undefined ? {} : { RINGFENCE_REDIS: redis }),
    ...(sql === undefined ? {} : { RINGFENCE_SQL: sql }),
  };
  mkdirSync(data);
  const service = await startService(data, { ...kafka, ...stores });
  const processes = [
    ...(redis === undefined ? [] : [startStore("redis", { ...kafka, RINGFENCE_REDIS: redis })]),
    ...(sql === undefined ? [] : [startStore("sql", { ...kafka, RINGFENCE_SQL: sql })]),
  ];
  try {
    const load = new Load(service, options);
    // All must follow before the clock starts: a consumer group takes seconds to come together.
    await load.send();
    await caughtUp(service, load.acknowledged);
    return await measure(service, load, options, show);
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await service.stop();
  }
}

async function measure(
  service: Service,
  load: Load,
  { rate, seconds }: MixedOptions,
  show: (part: number, what: string) => void,
): Promise<Mixed> {
  const rows: Second[] = [];
  const driving = load.drive(rate, seconds);
  // Awaited below.
  driving.catch(() => {});
  let before = load.acknowledged;
  for (let second = 1; second <= seconds; second++) {
    await sleep(1000);
    const progress = await lagsOf(service);
    if (progress.faults[0] !== undefined) throw new Error(progress.faults[0]);
    rows.push({ second, commands: load.acknowledged - before, lags: behind(progress) });
    before = load.acknowledged;
    show(second / seconds, `mixed, second ${second} of ${seconds}`);
  }
  await driving;
  const beginMs = performance.now();
  await caughtUp(service, load.acknowledged);
  return { seconds: rows, drainedMs: performance.now() - beginMs };
}

const behind = ({ durable, published, lags }: Lags) => ({ kafka: Math.max(0, durable - published), ...lags });

/** Waits until topic and stores have exactly what was acknowledged. */
async function caughtUp(service: Service, acknowledged: number): Promise<void> {
  for (const endMs = performance.now() + DRAIN_MS; ; await sleep(50)) {
    const progress = await lagsOf(service);
    const lags = Object.values(behind(progress));
    if (progress.durable === acknowledged && lags.every((lag) => lag === 0)) return;
    if (performance.now() > endMs) {
      throw new Error(
        `${acknowledged} commands were acknowledged, but after a while there is ${JSON.stringify(progress)}`,
      );
    }
  }
}

/** Sends buckets at a steady rate, late ones at once. */
class Load {
  /** Commands that were answered 202. */
  acknowledged = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #service: Service;
  readonly #bytes: RequestBytes;

  constructor(service: Service, { accounts }: MixedOptions) {
    this.#service = service;
    const { url, key } = service;
    this.#bytes = new RequestBytes({ run: 0, connection: 0, bucket: BUCKET, accounts, url, key, shape: "commands" });
  }

  async drive(rate: number, seconds: number): Promise<void> {
    const beginMs = performance.now();
    const underWay = new Set<Promise<void>>();
    for (let sent = 0; sent * BUCKET < rate * seconds; ) {
      const due = ((performance.now() - beginMs) / 1000) * rate;
      if (sent * BUCKET > due || underWay.size >= CONNECTIONS) {
        await sleep(1);
        continue;
      }
      const one = this.send().finally(() => underWay.delete(one));
      underWay.add(one);
      sent++;
    }
    await Promise.all(underWay);
    this.#agent.destroy();
  }

  async send(): Promise<void> {
    const bytes = this.#bytes.next();
    const body = Buffer.from(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4));
    const { url, key } = this.#service;
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": body.length,
    };
    const status = await new Promise<number>((resolve, reject) => {
      const sending = request(url, { method: "POST", agent: this.#agent, headers }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      });
      sending.once("error", reject).end(body);
    });
    if (status !== 202) throw new Error(`a request was answered ${status}`);
    this.acknowledged += BUCKET;
  }
}
