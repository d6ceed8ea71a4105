/** The servers that are measured, each a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SHAPES, type ShapeName } from "./shapes.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** How long a server may take to start or to stop, ms: it writes a snapshot at its end. */
const PATIENCE_MS = 60_000;

/** A server under load. */
export interface Server {
  /** Full url of the route that is driven. */
  readonly url: string;
  readonly key: string;
  /** Ends it; rejects when it does not end well. */
  stop(): Promise<void>;
}

/** The service, with what an operator sees. */
export interface Service extends Server {
  /** Stops its process on the spot until it is resumed: what it still does for itself shall not slow another server's turn. */
  suspend(): void;
  resume(): void;
  readonly origin: string;
  readonly adminKey: string;
}

interface Started {
  readonly origin: string;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Starts `node <script>` and waits until it prints the url that it serves on. */
async function startNode(script: string, env: NodeJS.ProcessEnv): Promise<Started> {
  const child = spawn(process.execPath, [join(ROOT, script)], { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  // Before the folder of its data is removed, whose listener was there first.
  process.prependOnceListener("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  const origin = await urlFrom(child, script);
  return { origin, signal: (name) => child.kill(name), stop: () => stopChild(child, script) };
}

function urlFrom(child: ChildProcess, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${script} did not start in time`)), PATIENCE_MS);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${script} ended with code ${code} before it served`)));
    // What it prints is read to its end, for a full pipe would stop it; it has keys in it, so it is not shown.
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const found = /^(?:ringfence serves on )?(http:\/\/\S+)$/.exec(line);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1]!);
    });
  });
}

async function stopChild(child: ChildProcess, script: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    child.kill("SIGTERM");
    await once(child, "exit");
    clearTimeout(timer);
  }
  if (child.exitCode !== 0) throw new Error(`${script} ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
}

/** The environment without our own variables, which a caller's shell may have set. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("RINGFENCE_")));
}

/**
 * Starts the service as `npm start` does, on a free port and with its data in `data`, which is empty; `more` are further settings of
 * its environment.
 */
export async function startService(data: string, more: NodeJS.ProcessEnv = {}): Promise<Service> {
  const own = { RINGFENCE_PORT: "0", RINGFENCE_DATA: data, RINGFENCE_LOG_LEVEL: "warn" };
  const env = { ...plainEnvironment(), ...own, ...more };
  const { origin, signal, stop } = await startNode("gateway/main.ts", env);
  const { partner, admin } = JSON.parse(readFileSync(join(data, "credentials.json"), "utf8")) as {
    partner: { key: string };
    admin: { key: string };
  };
  return {
    origin,
    url: `${origin}/v1/commands`,
    key: partner.key,
    adminKey: admin.key,
    suspend: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    stop,
  };
}

/** Starts `ringfence store <kind>`. */
export function startStore(kind: "redis" | "sql", settings: NodeJS.ProcessEnv): { stop(): Promise<void> } {
  const args = [join(ROOT, "gateway/cli.ts"), "store", kind];
  // kafkajs 2.2.4 asks for timers in the past, which does no harm, and Node 24 warns of each.
  const env = { ...plainEnvironment(), NODE_NO_WARNINGS: "1", ...settings };
  // Its log goes to stdout; what matters is seen by its watermark.
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.prependOnceListener("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  return { stop: () => stopChild(child, `ringfence store ${kind}`) };
}

/** A key as long as a partner's: the null server asks for none, but to read the header is HTTP's cost. */
const NULL_KEY = `rk_live_${"0".repeat(43)}`;

/** Starts the null server; the same route of it is driven as of the service. */
export async function startNull(shape: ShapeName = "commands"): Promise<Server> {
  const { origin, stop } = await startNode("bench/http/null-server.ts", plainEnvironment());
  return { url: origin + SHAPES[shape].path, key: NULL_KEY, stop };
}
