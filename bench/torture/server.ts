/** The tortured service: a child process that is killed and started again on the same data folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

/** Longest time that a start may take, ms. */
const START_MS_MAX = 60_000;

/** What a torture may add to the service: settings, and someone who reads its log. */
export interface ServerOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
}

export class Server {
  readonly #data: string;
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  url = "";
  key = "";
  adminKey = "";
  /** Starts that were killed before the service served. */
  killedEarly = 0;

  constructor(data: string, options: ServerOptions = {}) {
    this.#data = data;
    this.#options = options;
  }

  /** Starts the service; returns once it serves. With `killAfterMs` it is killed so long after its start, and false comes back. */
  async start(killAfterMs?: number): Promise<boolean> {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        RINGFENCE_DATA: this.#data,
        RINGFENCE_PORT: "0",
        RINGFENCE_LOG_LEVEL: "error",
        // Small, so that kills fall into snapshots and changes of segments.
        RINGFENCE_SEGMENT_MB: "16",
        RINGFENCE_SNAPSHOT_COMMANDS: "2000",
        RINGFENCE_RETAIN_SEGMENTS: "2",
        RINGFENCE_MIN_FREE_MB: "0",
        ...this.#options.environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    let text = "";
    let errors = "";
    child.stderr.on("data", (part) => {
      errors += part;
    });
    const serves = new Promise<boolean>((resolve, reject) => {
      child.stdout.on("data", (part) => {
        text += part;
        this.#options.onLog?.(String(part));
        const url = /^ringfence serves on (\S+)$/m.exec(text)?.[1];
        if (url === undefined) return;
        this.url = url;
        resolve(true);
      });
      child.once("close", (code, signal) => {
        if (signal === "SIGKILL" && killAfterMs !== undefined) resolve(false);
        else reject(new Error(`the service ended with ${code ?? signal} before it served: ${text}${errors}`));
      });
    });
    const timer = setTimeout(() => this.kill(), killAfterMs ?? START_MS_MAX);
    const isServing = await serves.finally(() => clearTimeout(timer));
    if (!isServing) {
      this.killedEarly++;
      return false;
    }
    const { partner, admin } = JSON.parse(readFileSync(join(this.#data, "credentials.json"), "utf8"));
    this.key = partner.key;
    this.adminKey = admin.key;
    return true;
  }

  /** Ends the service as a power cut would end the process, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the service in order; returns its exit code. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, "close");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
}
