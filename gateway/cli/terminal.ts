/** Where a command writes, and how it ends. */
import { once } from "node:events";

export interface Terminal {
  /** Writes a line to the standard output; resolves when the reader keeps up. */
  out(line: string): Promise<void>;
  /** Writes a line to the standard error. */
  err(line: string): void;
}

/** Exit codes: 0 done, 1 the files are not as they should be, 2 the command was not understood. */
export const EXIT = Object.freeze({ done: 0, damaged: 1, usage: 2 });

/** The command was used wrongly; the message is one plain sentence. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The process's own streams. A reader that goes away, as `head` does, ends the process quietly. */
export function processTerminal(): Terminal {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
  return {
    out: async (line) => {
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
    },
    err: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}
