/** A real Kafka broker for tests: the one at RINGFENCE_KAFKA, or one of their own on free ports in a temporary folder. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../deploy/kafka/kafka.sh", import.meta.url));

/** A first start may fetch the jars. */
const START_MS_MAX = 240_000;

export interface KafkaBroker {
  /** `host:port`, comma separated when there are several. */
  readonly address: string;
  /** False for a broker that is not ours to stop. */
  readonly isOwn: boolean;
  /** Process id; undefined for a broker that is not ours. */
  readonly pid: number | undefined;
  /** Kills the broker as a crash would, or ends it in order; then `start` starts it again on the same port and data. */
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Why no broker can be had here, or undefined. */
export function whyNoBroker(): string | undefined {
  const { RINGFENCE_KAFKA } = process.env;
  if (RINGFENCE_KAFKA !== undefined && RINGFENCE_KAFKA !== "") return undefined;
  if (spawnSync("java", ["-version"]).status !== 0) return "java is missing";
  // Only the first start on a machine needs Maven; see kafka.sh for the folder.
  const { KAFKA_JARS, XDG_CACHE_HOME, HOME = "" } = process.env;
  const jars = KAFKA_JARS ?? join(XDG_CACHE_HOME ?? join(HOME, ".cache"), "ringfence", "kafka-4.3.1");
  if (!existsSync(jars) && spawnSync("mvn", ["-version"]).status !== 0) return "mvn is missing, which fetches Kafka";
  return undefined;
}

/**
 * True where tests against a real broker are to run. Where none can be had it says so on stderr; with CI=true that is a failure,
 * for a test that is left out there would be taken for one that passed.
 */
export function hasBroker(): boolean {
  const why = whyNoBroker();
  if (why === undefined) return true;
  const text = `Tests against a real Kafka broker CANNOT RUN: ${why}, and RINGFENCE_KAFKA names no broker.`;
  if (process.env.CI === "true") throw new Error(text);
  process.stderr.write(`\n${text} They are SKIPPED.\n\n`);
  return false;
}

/** Some free TCP port on loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}

export interface BrokerOptions {
  /** Asks for one that may be killed, whatever RINGFENCE_KAFKA says. */
  readonly isOwn?: boolean;
  /** The port that it listens on; some free one unless given. Needs `isOwn`. */
  readonly port?: number;
  /** The port that clients are told, where a proxy stands before the broker; needs `isOwn`. */
  readonly advertisedPort?: number;
  /** Further lines of server.properties, asked for at each start; needs `isOwn`. */
  readonly properties?: (ports: { readonly port: number; readonly controllerPort: number }) => readonly string[];
}

/** The broker that tests use. */
export async function startBroker(options: BrokerOptions = {}): Promise<KafkaBroker> {
  const { isOwn = false } = options;
  const { RINGFENCE_KAFKA } = process.env;
  if (!isOwn && RINGFENCE_KAFKA !== undefined && RINGFENCE_KAFKA !== "") return foreignBroker(RINGFENCE_KAFKA);
  const { port = await freePort(), advertisedPort = port } = options;
  const controllerPort = await freePort();
  const properties = () => options.properties?.({ port, controllerPort }) ?? [];
  const broker = new OwnBroker({ port, controllerPort, advertisedPort, properties });
  await broker.start();
  return broker;
}

function foreignBroker(address: string): KafkaBroker {
  const never = () => Promise.reject(new Error("this broker is not ours to stop"));
  return { address, isOwn: false, pid: undefined, kill: never, start: never, stop: () => Promise.resolve() };
}

interface OwnOptions {
  readonly port: number;
  readonly controllerPort: number;
  readonly advertisedPort: number;
  readonly properties: () => readonly string[];
}

class OwnBroker implements KafkaBroker {
  readonly isOwn = true;
  readonly address: string;
  readonly #data = mkdtempSync(join(tmpdir(), "ringfence-kafka-"));
  readonly #environment: NodeJS.ProcessEnv;
  readonly #properties: () => readonly string[];
  #script: ChildProcess | undefined;

  constructor({ port, controllerPort, advertisedPort, properties }: OwnOptions) {
    this.#properties = properties;
    this.address = `127.0.0.1:${port}`;
    this.#environment = {
      ...process.env,
      KAFKA_PORT: String(port),
      KAFKA_CONTROLLER_PORT: String(controllerPort),
      KAFKA_ADVERTISED_PORT: String(advertisedPort),
      KAFKA_DATA: this.#data,
    };
    // A test process that ends without `stop` leaves no broker behind.
    process.once("exit", () => this.#script?.kill("SIGTERM"));
  }

  start(): Promise<void> {
    const env = { ...this.#environment, KAFKA_PROPERTIES: this.#properties().join("\n") };
    const script = spawn(SCRIPT, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#script = script;
    return new Promise((resolve, reject) => {
      let text = "";
      const late = setTimeout(() => fail("it was not ready in time"), START_MS_MAX);
      const fail = (why: string) => {
        clearTimeout(late);
        reject(new Error(`The broker did not start: ${why}.\n${text}`));
      };
      script.stderr.on("data", (data: Buffer) => {
        text = (text + data).slice(-4000);
      });
      script.stdout.on("data", (data: Buffer) => {
        if (!String(data).includes("is ready")) return;
        clearTimeout(late);
        resolve();
      });
      script.on("exit", (code) => fail(`code ${code}`));
    });
  }

  get pid(): number {
    return Number(readFileSync(join(this.#data, "broker.pid"), "utf8"));
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const script = this.#script;
    if (script === undefined || script.exitCode !== null) return;
    const ended = new Promise((resolve) => script.once("exit", resolve));
    process.kill(this.pid, signal);
    await ended;
    this.#script = undefined;
  }

  async stop(): Promise<void> {
    await this.kill("SIGKILL");
    rmSync(this.#data, { recursive: true, force: true });
  }
}
