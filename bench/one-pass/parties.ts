/** The two sides of One-Pass as processes: the service on an empty data folder, and the third party that it draws from. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "..", "..");
const START_MS_MAX = 60_000;

export interface Party {
  readonly url: string;
  /** Milliseconds of processor time so far; 0 where the system does not tell. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** `ringfence simulate fund-system` without faults. */
export function startFundSystem(delayMs: number): Promise<Party> {
  return startParty(["gateway/cli.ts", "simulate", "fund-system", "--port", "0", "--delay-ms", String(delayMs)], {});
}

/** The service, bound to its partner `demo`, without limits. */
export function startService(data: string, fund: string): Promise<Party> {
  return startParty(["gateway/main.ts"], {
    RINGFENCE_PORT: "0",
    RINGFENCE_DATA: data,
    RINGFENCE_LOG_LEVEL: "warn",
    RINGFENCE_ONEPASS_PARTNER: "demo",
    RINGFENCE_ONEPASS_FUND_URL: fund,
    RINGFENCE_ONEPASS_RATE: "off",
    RINGFENCE_ONEPASS_IN_FLIGHT: "off",
  });
}

async function startParty(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<Party> {
  const plain = Object.entries(process.env).filter(([name]) => !name.startsWith("RINGFENCE_"));
  const env = { ...Object.fromEntries(plain), ...settings };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  // Before the folder of its data is removed, whose listener was there first.
  process.prependOnceListener("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  const url = await urlFrom(child);
  return { url, cpuMs: () => cpuMsOf(child.pid ?? 0), stop: () => stop(child) };
}

function urlFrom(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("a server did not start in time")), START_MS_MAX);
    child.once("exit", (code) => reject(new Error(`a server ended with code ${code} before it served`)));
    // Read to its end, for a full pipe would stop it; it has keys in it, so it is not shown.
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const url = / serves on (http:\S+)$/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** From /proc, in whose ticks of 10 ms Linux counts. */
function cpuMsOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}
