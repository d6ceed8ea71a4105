/** `ringfence store redis | sql` as a process, where what it needs is missing; what it does where all is there, the torture shows. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort, hasPrograms, startRedis } from "../../stores/testing/index.ts";

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));
const NOBODY = "127.0.0.1:1";

interface Ended {
  readonly code: number | null;
  readonly log: string;
  readonly errors: string;
}

/** Runs the process to its end, or sends SIGTERM once its log holds `stopAt`. */
async function store(kind: string, environment: Readonly<Record<string, string>>, stopAt?: string): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(process.execPath, [CLI, "store", kind], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let log = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => {
    log += String(data);
    if (stopAt !== undefined && log.includes(stopAt)) child.kill("SIGTERM");
  });
  child.stderr.on("data", (data: Buffer) => (errors += String(data)));
  await once(child, "close");
  return { code: child.exitCode, log, errors };
}

const KAFKA = { RINGFENCE_KAFKA: NOBODY };
const REDIS = { RINGFENCE_REDIS: `redis://${NOBODY}` };
const SQL = { RINGFENCE_SQL: `mysql://user:geheim@${NOBODY}/ringfence` };

describe("a store process that is set up wrongly says so in one sentence, without a password", () => {
  const cases: readonly [string, string, Readonly<Record<string, string>>, number, string][] = [
    ["no broker named", "redis", REDIS, 2, "RINGFENCE_KAFKA is not set"],
    ["no database named", "sql", KAFKA, 2, "RINGFENCE_SQL is not set"],
    [
      "a url of another kind",
      "redis",
      { ...KAFKA, RINGFENCE_REDIS: "http://geheim@x" },
      2,
      "RINGFENCE_REDIS is not such",
    ],
    ["brokers without a port", "sql", { ...SQL, RINGFENCE_KAFKA: "kafka" }, 1, "host:port"],
    ["a setting misspelt", "sql", { ...SQL, ...KAFKA, RINGFENCE_KAFKA_TOPICS: "x" }, 1, "not a setting"],
    ["credentials without a mechanism", "sql", { ...SQL, ...KAFKA, RINGFENCE_KAFKA_USER: "x" }, 1, "KAFKA_SASL"],
  ];
  it.each(cases)("%s", async (_, kind, environment, code, sentence) => {
    const ended = await store(kind, environment);
    expect(ended).toMatchObject({ code, log: "" });
    expect(ended.errors).toMatch(/^ringfence: [^\n]+\.\n$/);
    expect(ended.errors).toContain(sentence);
    expect(ended.errors).not.toContain("geheim");
  });
});

describe("a store process", () => {
  it("waits for a database that cannot be reached, and ends with 0 when it is told to stop meanwhile", async () => {
    const ended = await store("sql", { ...KAFKA, ...SQL }, "cannot be reached yet");
    expect(ended).toMatchObject({ code: 0, errors: "" });
    expect(ended.log).not.toContain("geheim");
  });

  it.skipIf(!hasPrograms(["redis-server", "redis-cli"], "redis-server"))(
    "ends with 0 when it is told to stop while Kafka cannot be reached, and with 1 and a sentence when that lasts",
    async () => {
      const redis = await startRedis();
      onTestFinished(() => redis.stop());
      const environment = { RINGFENCE_KAFKA: `127.0.0.1:${await freePort()}`, RINGFENCE_REDIS: redis.url };
      expect(await store("redis", environment, "the store follows")).toMatchObject({ code: 0, errors: "" });
      const { code, errors } = await store("redis", environment);
      expect(code).toBe(1);
      expect(errors).toMatch(
        /^ringfence: The redis store's process ends: Kafka's topic \S+ cannot be read: [^\n]+\.\n$/,
      );
    },
  );
});
