/** What a torture with Kafka is played on: real servers and processes, started together and ended together. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KafkaBroker, startBroker } from "../../results/testing/kafka-broker.ts";
import { RedisStore, SqlStore, type Store } from "../../stores/index.ts";
import { startMariaDb, startRedis, type TestServer } from "../../stores/testing/index.ts";
import type { Ledger } from "./ledger.ts";
import { Server } from "./server.ts";
import { StoreProcess } from "./store-process.ts";
import type { Topic } from "./topic-audit.ts";

/** What must be installed for the databases. */
export const DATABASE_PROGRAMS = ["redis-server", "redis-cli", "mariadbd", "mariadb-install-db", "mariadb"] as const;

/** All that is started, and ended at the end. */
export interface Stage {
  readonly data: string;
  readonly topic: Topic;
  readonly broker: KafkaBroker;
  readonly redis: TestServer;
  readonly mariaDb: TestServer;
  readonly server: Server;
  readonly processes: { readonly redis: StoreProcess; readonly sql: StoreProcess };
  /** The torturer's own connections to what the processes write. */
  readonly stores: { readonly redis: Store; readonly sql: Store };
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts the servers, and prepares the rest. What is to be ended is given to `onEnd`, the last first. */
export async function setUp(ledger: Ledger, onEnd: (ending: () => Promise<unknown>) => void): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "ringfence-torture-"));
  const [broker, redis, mariaDb] = await Promise.all([startBroker({ isOwn: true }), startRedis(), startMariaDb()]);
  onEnd(() => Promise.all([broker.stop(), redis.stop(), mariaDb.stop()]));
  const topic = { brokers: broker.address, name: "torture.results" };
  const environment = {
    RINGFENCE_KAFKA: topic.brokers,
    RINGFENCE_KAFKA_TOPIC: topic.name,
    RINGFENCE_REDIS: redis.url,
    RINGFENCE_SQL: mariaDb.url,
  };
  const onLog = (line: string) => noteAlarm(line, ledger);
  const server = new Server(data, { environment, onLog });
  onEnd(() => server.kill());
  const processOf = (kind: "redis" | "sql") => new StoreProcess({ kind, environment, onLog });
  const processes = { redis: processOf("redis"), sql: processOf("sql") };
  onEnd(() => Promise.all([processes.redis.kill(), processes.sql.kill()]));
  const stores = { redis: new RedisStore({ url: redis.url }), sql: new SqlStore({ url: mariaDb.url }) };
  onEnd(() => Promise.all([stores.redis.close(), stores.sql.close()]));
  // Redis connects when it is prepared; the tables are for the store process to make.
  await stores.redis.prepare();
  return { data, topic, broker, redis, mariaDb, server, processes, stores, environment };
}

/** What a human would have to put right is a fault, even if it should pass by itself. */
function noteAlarm(line: string, { faults }: Ledger): void {
  if (/publishing to Kafka is refused|the store stops with group/.test(line)) faults.push(`alarm: ${line.trim()}`);
}
