/** One row, with the servers that it needs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
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

export interface RowOutcome {
  /** None where what the row needs is not there. */
  readonly rounds: readonly Round[];
  readonly mixed?: Mixed;
}

export type Show = (part: number, what: string) => void;

export interface RowStart {
  readonly id: RowId;
  readonly settings: ResultsSettings;
  /** For the row's files; made here. */
  readonly folder: string;
  /** Without an address where the row needs none. */
  readonly broker: BrokerPlace;
}

interface Run extends RowStart {
  readonly backlog: Backlog;
  readonly show: Show;
}

/** Runs a row in this process. */
export async function runRow(start: RowStart, show: Show): Promise<RowOutcome> {
  const { id, settings, folder } = start;
  const directory = join(folder, "journal");
  mkdirSync(directory, { recursive: true });
  if (id === "mixed") return { rounds: [], mixed: await mixedRow(start, show) };
  show(0, "filling a journal");
  const run: Run = { ...start, backlog: makeBacklog(directory, settings), show };
  switch (id) {
    case "publish":
      return { rounds: await publishRow(run) };
    case "sqlite":
      return { rounds: await sqliteRow(run) };
    case "redis":
      return { rounds: await redisRow(run) };
    case "sql":
      return { rounds: await sqlRow(run) };
  }
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

const topicOf = (id: RowId, index: number) => `bench.${process.pid}.${id}.${index}`;

function publishRow({ id, backlog, broker, settings, show }: Run): Promise<Round[]> {
  return rounds(settings.rounds, id, show, (index) => publishRound(backlog, broker, topicOf(id, index)));
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

async function mixedRow({ settings, broker, folder }: RowStart, show: Show): Promise<Mixed> {
  const { rate, seconds, accounts } = settings;
  show(0, "mixed, starting the servers");
  const redis = hasRedis() ? await startRedis(...REDIS_SERVER) : undefined;
  const mariaDb = hasMariaDb() ? await startMariaDb(...SQL_SERVER) : undefined;
  const topic = topicOf("mixed", 0);
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
  const { id, backlog, broker, settings, show } = run;
  const topic = topicOf(id, 0);
  try {
    show(0, `${id}, filling a topic`);
    await publishRound(backlog, broker, topic);
    const processes = { server: server.pid, broker: broker.pid };
    return await rounds(settings.rounds, id, show, async (index) => {
      const store = open();
      await store.prepare();
      await store.reset(GROUP);
      const place = { brokers: broker.address, topic, consumerGroup: `${topic}.${index}` };
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
