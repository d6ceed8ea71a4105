/** Generators and rows as child processes. */
import { spawn } from "node:child_process";

/** A child that did not end well. */
export class ChildError extends Error {
  override name = "ChildError";
  readonly code: number | null;
  /** What it printed to stderr. */
  readonly complaint: string;

  constructor(message: string, code: number | null, complaint: string) {
    super(message);
    this.code = code;
    this.complaint = complaint;
  }
}

/**
 * Runs it to its end; resolves with what it printed. Rejects with ChildError when it fails. It is ended (SIGTERM) if this process ends first.
 * A Node program's messages (`process.send`) go to `onMessage`.
 */
export function runChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onMessage?: (message: unknown) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env,
      stdio: ["ignore", "pipe", "pipe", ...(onMessage ? ["ipc" as const] : [])],
    });
    if (onMessage !== undefined) child.on("message", onMessage);
    const kill = () => child.kill("SIGTERM");
    process.once("exit", kill);
    let text = "";
    let complaint = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr!.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      process.removeListener("exit", kill);
      if (code === 0) resolve(text);
      else
        reject(new ChildError(`the generator ended with code ${code}: ${complaint || text}`, code, complaint.trim()));
    });
  });
}

/** Shows progress by the clock while `work` goes on, for a generator that tells nothing of its own. */
export async function withClock<T>(
  seconds: number,
  onProgress: (part: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const begin = performance.now();
  const timer = setInterval(() => onProgress(Math.min(1, (performance.now() - begin) / seconds / 1000)), 100);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    onProgress(1);
  }
}
