/**
 * Kills everything between a command and its copies, under load: the service with its publisher, the store processes, the broker, and
 * now and then the databases. Shows that the topic has every result once, and that each store has what the engine has.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../engine/model/random.ts";
import { storePath } from "../../gateway/paths.ts";
import { SqliteStore } from "../../stores/index.ts";
import { Client } from "./clients.ts";
import { type DrainedSequence, drain } from "./drain.ts";
import { Ledger } from "./ledger.ts";
import { type Stage, setUp } from "./stage.ts";
import { compareEngine, compareEntries, compareStore } from "./store-audit.ts";
import { ResultAudit, readRaw, readWithHelper } from "./topic-audit.ts";
import { type Victim, Victims } from "./victims.ts";

export interface KafkaTortureOptions {
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  /** Ends early, with the kills done so far, after so many seconds. */
  readonly secondsMax: number;
  /** How long a kill of a store process waits for it to have applied something, ms; 20 seconds unless given. */
  readonly applyingMsMax?: number;
  readonly onProgress?: (line: string) => void;
}

export interface KafkaTortureResult {
  readonly kills: Readonly<Record<Victim, number>>;
  /** Kills of a store process that had applied something since its start. */
  readonly killedApplying: number;
  /** Store processes that gave up by themselves while Kafka or their database was away, and were started again. */
  readonly endedItself: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly resent: number;
  readonly sequence: number;
  readonly expired: number;
  readonly accounts: number;
  readonly entries: number;
  readonly records: number;
  readonly repeats: number;
  readonly lost: number;
  readonly changed: number;
  readonly doubled: number;
  /** What `ringfence store compare` printed. */
  readonly compared: readonly string[];
  /** What is wrong; empty when every promise was kept. */
  readonly faults: readonly string[];
}

/** Holds of the clients expire after so many seconds. */
const EXPIRES_IN = 1;

/** Runs a torture on temporary folders; the data folder is kept only when something is wrong. */
export async function kafkaTorture(options: KafkaTortureOptions): Promise<KafkaTortureResult> {
  const ledger = new Ledger();
  const endings: (() => Promise<unknown>)[] = [];
  try {
    const stage = await setUp(ledger, (ending) => endings.push(ending));
    const victims = await tortureUnderLoad(stage, options, ledger);
    const result = await auditAll(stage, victims, ledger, options);
    if (result.faults.length > 0) options.onProgress?.(`the data folder is kept: ${stage.data}`);
    else endings.unshift(async () => rmSync(stage.data, { recursive: true }));
    return result;
  } finally {
    for (const ending of endings.reverse()) await ending();
  }
}

async function tortureUnderLoad(stage: Stage, options: KafkaTortureOptions, ledger: Ledger): Promise<Victims> {
  const { server, processes } = stage;
  const { clients, seed, secondsMax, onProgress } = options;
  await server.start();
  processes.redis.start();
  processes.sql.start();
  const victims = new Victims(stage, new Random(seed), options.applyingMsMax ?? 20_000);
  const end = performance.now() + secondsMax * 1000;
  let isOver = false;
  const clientOptions = { restMs: 60, expiresIn: EXPIRES_IN };
  const running = Array.from({ length: clients }, (_, i) =>
    new Client(i, seed, server, ledger, clientOptions).run(() => isOver),
  );
  try {
    while (victims.count < options.kills && performance.now() < end) {
      await victims.killNext();
      const state = ledger.faults.length === 0 ? "nothing wrong" : `${ledger.faults.length} faults`;
      onProgress?.(`kills ${victims.count}, acknowledged ${ledger.acknowledged.size}, ${victims.text()}, ${state}`);
    }
    await victims.settled();
    // A last stretch without a kill, in which all that is unknown is sent again.
    await sleep(300);
  } finally {
    isOver = true;
    await Promise.all(running);
  }
  return victims;
}

async function auditAll(
  stage: Stage,
  victims: Victims,
  ledger: Ledger,
  { onProgress }: KafkaTortureOptions,
): Promise<KafkaTortureResult> {
  const { server, processes, topic } = stage;
  const { faults } = ledger;
  const audit = new ResultAudit(ledger);
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    onProgress?.(what);
    try {
      return await work();
    } catch (error) {
      faults.push(`${what}: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  };
  const drained: DrainedSequence = await drain(stage, { quietMs: EXPIRES_IN * 1000 + 1500, onProgress });
  faults.push(...drained.faults);
  await attempt("reading with the consumer helper", () => readWithHelper(topic, drained.sequence, audit));
  audit.end();
  const raw = await attempt("reading the raw topic", () => readRaw(topic, drained.sequence));
  faults.push(...((await attempt("the engine's accounts", () => compareEngine(server, audit.book))) ?? []));
  faults.push(...(await stopAll(stage)));
  const compared: string[] = [];
  for (const kind of ["sqlite", "redis", "sql"] as const) {
    const found = await attempt(`store compare ${kind}`, () => compareStore(kind, stage.data, stage.environment));
    faults.push(...(found?.faults ?? []));
    compared.push(`${kind} ${found?.line ?? ""}`);
  }
  await attempt("entries of the stores", () => auditEntries(stage, audit, ledger));
  const { acknowledged, unknown, resent } = ledger;
  const { sequence, expired, lost, changed, doubled, book } = audit;
  return {
    kills: victims.tally,
    killedApplying: victims.killedApplying,
    endedItself: processes.redis.endedItself + processes.sql.endedItself,
    ...{ acknowledged: acknowledged.size, unknown, resent },
    ...{ sequence, expired, lost, changed, doubled },
    ...{ accounts: book.accounts.size, entries: book.entryCount },
    ...{ records: raw?.records ?? 0, repeats: raw?.repeats ?? 0 },
    ...{ compared, faults },
  };
}

/** SIGTERM to all that is ours; returns those that did not end with 0. */
async function stopAll({ server, processes }: Stage): Promise<string[]> {
  const codes = {
    "the service": await server.stop(),
    "the Redis store's process": await processes.redis.stop(),
    "the SQL store's process": await processes.sql.stop(),
  };
  const wrong = Object.entries(codes).filter(([, code]) => code !== 0);
  return wrong.map(([what, code]) => `${what} exits with ${code} after SIGTERM`);
}

async function auditEntries({ data, stores }: Stage, { book }: ResultAudit, { faults }: Ledger): Promise<void> {
  const sqlite = new SqliteStore({ path: storePath(data), readOnly: true });
  await sqlite.prepare();
  for (const store of [sqlite, stores.redis, stores.sql]) faults.push(...(await compareEntries(store, book)));
  await sqlite.close();
}
