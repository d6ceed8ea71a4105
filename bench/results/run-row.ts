/** Entry of one row in a process of its own: its start is the argument, its progress messages, its outcome printed. */
import { type RowStart, runRow } from "./row.ts";

export interface RowProgress {
  /** 0 to 1. */
  readonly part: number;
  readonly what: string;
}

// An interrupt ends by way of `exit`, whose listeners stop the servers.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
// kafkajs 2.2.4 asks for timers in the past, which does no harm, and Node 24 warns of each.
process.removeAllListeners("warning");
try {
  const start = JSON.parse(process.argv[2]!) as RowStart;
  const outcome = await runRow(start, (part, what) => process.send!({ part, what } satisfies RowProgress));
  process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
}
