/** A generator as a child process. */
import { spawn } from "node:child_process";

/** Runs it to its end; resolves with what it printed. Rejects with its complaint when it fails. */
export function runChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    let text = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      process.removeListener("exit", kill);
      if (code === 0) resolve(text);
      else reject(new Error(`the generator ended with code ${code}: ${complaint || text}`));
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
