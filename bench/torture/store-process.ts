/** A tortured store process: `ringfence store redis | sql`, which is killed, and started again whenever it ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../gateway/cli.ts", import.meta.url));

/** Before a process that ended by itself is started again, ms: what a supervisor would wait. */
const RESTART_MS = 500;

export interface StoreProcessOptions {
  readonly kind: "redis" | "sql";
  readonly environment: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
}

export class StoreProcess {
  readonly #options: StoreProcessOptions;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #restart: NodeJS.Timeout | undefined;
  /** Ends that nobody asked for: Kafka or the database was away for longer than the process waits. */
  endedItself = 0;

  constructor(options: StoreProcessOptions) {
    this.#options = options;
  }

  /** Starts it, and from now on again and again as a supervisor does. */
  start(): void {
    const { kind, environment, onLog } = this.#options;
    this.#isWanted = true;
    const child = spawn(process.execPath, [CLI, "store", kind], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (part) => onLog(String(part)));
    }
    child.once("exit", () => {
      if (!this.#isWanted || this.#child !== child) return;
      this.endedItself++;
      this.#restart = setTimeout(() => this.start(), RESTART_MS);
    });
  }

  /** SIGKILL, and wait until it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it in order; returns its exit code, null where it did not end by itself. */
  async stop(): Promise<number | null> {
    // A process that is about to be started again has no code.
    while (this.#restart !== undefined && this.#child?.exitCode !== null) await sleep(RESTART_MS);
    return this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.#isWanted = false;
    clearTimeout(this.#restart);
    this.#restart = undefined;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, "close");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
}
