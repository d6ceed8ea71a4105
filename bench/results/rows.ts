/** Runs the rows one after the other, each alone, with the servers that it needs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startBroker } from "../../results/testing/index.ts";
import { RedisStore, SqliteStore, SqlStore, type Store } from "../../stores/index.ts";
import { hasPrograms, startMariaDb, startRedis, type TestServer } from "../../stores/testing/index.ts";
import { type Backlog, GROUP, makeBacklog } from "./backlog.ts";
import type { Round } from "./meter.ts";
import { type Mixed, mixedRun } from "./mixed.ts";
import { type BrokerPlace, publishRound } from "./publish.ts";
import type { ResultsSettings, RowId } from "./settings.ts";
import { journalRound, topicRound } from "./stores.ts";

/** What a row is measured in, and what it is to reach. */
export const GOALS: Readonly<Record<Exclude<RowId, "mixed">, number>> = {
  publish: 250_000,
  sqlite: 150_000,
  redis: 80_000,
  sql: 80_000,
};

export interface Outcome {
  readonly rows: ReadonlyMap<Exclude<RowId, "mixed">, readonly Round[]>;
  /** Undefined where it was not asked for. */
  readonly mixed: Mixed | undefined;
}

type Show = (part: number, what: string) => void;

interface Run {
  readonly settings: ResultsSettings;
  readonly folder: string;
  readonly backlog: Backlog;
  readonly broker: BrokerPlace;
  readonly show: Show;
  /** The topic that has the whole backlog; "" before there is one. */
  topic: string;
}

export async function runRows(settings: ResultsSettings, folder: string, show: Show): Promise<Outcome> {
  show(0, "filling a journal");
  const directory = join(folder, "journal");
  mkdirSync(directory);
  const backlog = makeBacklog(directory, settings);
  const broker = await brokerFor(settings);
  const rows = new Map<Exclude<RowId, "mixed">, readonly Round[]>();
  let mixed: Mixed | undefined;
  try {
    let topic = "";
    for (const [index, id] of settings.rows.entries()) {
      const showRow: Show = (part, what) => show((index + part) / settings.rows.length, what);
      const run: Run = { settings, folder, backlog, broker, show: showRow, topic };
      if (id === "publish") rows.set(id, await publishRow(run, settings.rounds));
      else if (id === "sqlite") rows.set(id, await sqliteRow(run));
      else if (id === "redis") rows.set(id, await redisRow(run));
      else if (id === "sql") rows.set(id, await sqlRow(run));
      else mixed = await mixedRow(run);
      topic = run.topic;
    }
  } finally {
    await broker.stop();
  }
  return { rows, mixed };
}

async function brokerFor({ rows, broker }: ResultsSettings): Promise<BrokerPlace & { stop(): Promise<void> }> {
  if (broker !== undefined) return { address: broker, pid: undefined, stop: () => Promise.resolve() };
  if (rows.every((row) => row === "sqlite")) return { address: "", pid: undefined, stop: () => Promise.resolve() };
  return startBroker({ isOwn: true });
}

/** So many rounds, each shown as it ends. */
async function rounds(count: number, name: string, show: Show, round: (index: number) => Promise<Round>) {
  const done: Round[] = [];
  for (let index = 0; index < count; index++) {
    const last = done.at(-1) === undefined ? "" : `, the last ${Math.round(done.at(-1)!.rate).toLocaleString("en")}/s`;
    show(index / count, `${name}, round ${index + 1} of ${count}${last}`);
    done.push(await round(index));
  }
  return done;
}

function publishRow(run: Run, count: number): Promise<Round[]> {
  const { backlog, broker, show } = run;
  return rounds(count, "publish", show, async (index) => {
    const topic = `bench.${process.pid}.${index}`;
    const round = await publishRound(backlog, broker, topic);
    run.topic = topic;
    return round;
  });
}

function sqliteRow({ backlog, folder, settings, show }: Run): Promise<Round[]> {
  return rounds(settings.rounds, "sqlite", show, async (index) => {
    const store = new SqliteStore({ path: join(folder, `store-${index}.db`) });
    await store.prepare();
    try {
      return await journalRound(backlog, store);
    } finally {
      await store.close();
    }
  });
}

const hasRedis = () => hasPrograms(["redis-server", "redis-cli"], "redis-server");
const hasMariaDb = () => hasPrograms(["mariadbd", "mariadb-install-db", "mariadb"], "mariadb-server");

async function redisRow(run: Run): Promise<Round[]> {
  if (!hasRedis()) return [];
  const server = await startRedis(...REDIS_SERVER);
  return topicRow(run, server, () => new RedisStore({ url: server.url }));
}

async function sqlRow(run: Run): Promise<Round[]> {
  if (!hasMariaDb()) return [];
  const server = await startMariaDb(...SQL_SERVER);
  return topicRow(run, server, () => new SqlStore({ url: server.url }));
}

async function mixedRow({ settings, broker, folder, show }: Run): Promise<Mixed> {
  const { rate, seconds, accounts } = settings;
  show(0, "mixed, starting the servers");
  const redis = hasRedis() ? await startRedis(...REDIS_SERVER) : undefined;
  const mariaDb = hasMariaDb() ? await startMariaDb(...SQL_SERVER) : undefined;
  const topic = `bench.${process.pid}.mixed`;
  const urls = { redis: redis?.url, sql: mariaDb?.url };
  const places = { brokers: broker.address, topic, data: join(folder, "data"), ...urls };
  try {
    return await mixedRun({ rate, seconds, accounts, ...places }, show);
  } finally {
    await redis?.stop();
    await mariaDb?.stop();
  }
}

/** As a server of some gigabytes is set up: from nothing, Redis would otherwise write its file anew at 64 MB, at 128, at 256. */
const REDIS_SERVER = ["--auto-aof-rewrite-min-size", "1gb"];

/** As a database server of some gigabytes is set up; every commit is synced. */
const SQL_SERVER = [
  "--innodb-flush-log-at-trx-commit=1",
  "--innodb-buffer-pool-size=512M",
  "--innodb-log-file-size=256M",
];

async function topicRow(run: Run, server: TestServer, open: () => Store): Promise<Round[]> {
  const { backlog, broker, settings, show } = run;
  try {
    // Filled here where the row `publish` did not run.
    if (run.topic === "") await publishRow(run, 1);
    const processes = { server: server.pid, broker: broker.pid };
    const { name } = open();
    return await rounds(settings.rounds, name, show, async (index) => {
      const store = open();
      await store.prepare();
      await store.reset(GROUP);
      const place = { brokers: broker.address, topic: run.topic, consumerGroup: `${run.topic}.${name}.${index}` };
      try {
        return await topicRound(backlog, store, place, processes);
      } finally {
        await store.close();
      }
    });
  } finally {
    await server.stop();
  }
}
