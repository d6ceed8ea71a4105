/**
 * Results a second into each store, from a backlog of messages that is in memory before the clock starts: parsing, projection and
 * transactions are in it, reading from Kafka is not. Every result is applied and moves one account of many; before a figure is
 * printed the store's balances are summed and its watermark looked at. Redis and MariaDB are servers of its own on this machine.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Applier, RedisStore, type SourceMessage, SqliteStore, SqlStore, type Store } from "../stores/index.ts";
import { hasPrograms, startMariaDb, startRedis, type TestServer } from "../stores/testing/index.ts";

const RESULTS = Number(process.env.BENCH_RESULTS ?? 200_000);
const ACCOUNTS = Number(process.env.BENCH_ACCOUNTS ?? 50_000);
const RESULTS_A_MESSAGE = 1000;
/** Messages that the sink gets at a time, as from one fetch. */
const MESSAGES_A_TAKE = 8;
const ROUNDS = 3;

/** Credits of 1.00 to accounts in an order without a pattern. */
function backlog(): SourceMessage[] {
  const versions = new Int32Array(ACCOUNTS);
  const messages: SourceMessage[] = [];
  const at = "2026-11-20T08:00:00.000Z";
  for (let first = 1; first <= RESULTS; first += RESULTS_A_MESSAGE) {
    const results: string[] = [];
    for (let sequence = first; sequence < first + RESULTS_A_MESSAGE; sequence++) {
      const number = Math.imul(sequence, 0x9e3779b1) >>> 0;
      const index = number % ACCOUNTS;
      const version = ++versions[index]!;
      const account = `account-${String(index).padStart(8, "0")}`;
      const change = `{"account":"${account}","currency":"CNY","delta":"1.00","available":"${version}.00","held":"0.00","status":"active","version":${version}}`;
      results.push(
        `{"sequence":${sequence},"id":"ord-${String(sequence).padStart(12, "0")}","type":"credit","status":"applied","code":"OK","at":"${at}","partner":"demo","currency":"CNY","account":"${account}","amount":"1.00","available":"${version}.00","held":"0.00","changes":[${change}]}`,
      );
    }
    const value = `{"group":"g0","epoch":1,"first":${first},"count":${results.length},"at":"${at}","results":[${results.join(",")}]}`;
    messages.push({ value, type: "ringfence.results.v1", journal: "0f".repeat(16), place: `result ${first}` });
  }
  return messages;
}

/** Applies the backlog once; returns results a second. */
async function measure(store: Store, messages: readonly SourceMessage[]): Promise<number> {
  await store.prepare();
  await store.reset("g0");
  const quiet = () => {};
  const applier = new Applier({ store, log: { info: quiet, warn: quiet, error: quiet } });
  const begin = performance.now();
  for (let at = 0; at < messages.length; at += MESSAGES_A_TAKE) {
    const { kind } = await applier.take("g0", messages.slice(at, at + MESSAGES_A_TAKE));
    if (kind !== "applied") throw new Error(`${store.name}: ${kind}`);
  }
  const seconds = (performance.now() - begin) / 1000;
  const { sequence } = await store.watermark("g0");
  let sum = 0;
  for await (const { available } of store.balances("g0")) sum += Number(available);
  if (sequence !== RESULTS || sum !== RESULTS) throw new Error(`${store.name}: ${sum} after sequence ${sequence}`);
  return RESULTS / seconds;
}

async function report(store: Store, messages: readonly SourceMessage[], goal: number): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push(await measure(store, messages));
  await store.close();
  const [low, median, high] = rates.toSorted((a, b) => a - b).map((rate) => `${Math.round(rate / 1000)}`) as string[];
  console.log(
    `${store.name.padEnd(8)}${median!.padStart(6)} thousand results/s (${low} to ${high}; goal ${goal / 1000})`,
  );
}

const messages = backlog();
const bytes = messages.reduce((total, { value }) => total + value.length, 0);
console.log(
  `${RESULTS} results over ${ACCOUNTS} accounts, ${Math.round(bytes / RESULTS)} bytes each; median of ${ROUNDS}; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
);
const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-"));
const servers: TestServer[] = [];
try {
  await report(new SqliteStore({ path: join(folder, "store.db") }), messages, 150_000);
  if (hasPrograms(["redis-server", "redis-cli"], "redis-server")) {
    const redis = await startRedis();
    servers.push(redis);
    await report(new RedisStore({ url: redis.url }), messages, 80_000);
  }
  if (hasPrograms(["mariadbd", "mariadb-install-db", "mariadb"], "mariadb-server")) {
    const mariaDb = await startMariaDb("--innodb-buffer-pool-size=512M", "--innodb-log-file-size=256M");
    servers.push(mariaDb);
    await report(new SqlStore({ url: mariaDb.url }), messages, 80_000);
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}
