/** Entry of one row in a process of its own; its start is the argument, what it tells are messages. */
import { type RowOutcome, type RowStart, runRow } from "./row.ts";

export type FromRow =
  | { readonly kind: "progress"; readonly part: number; readonly what: string }
  | { readonly kind: "outcome"; readonly outcome: RowOutcome };

const tell = (message: FromRow) => process.send!(message);

// An interrupt ends by way of `exit`, whose listeners stop the servers.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
// kafkajs 2.2.4 asks for timers in the past, which does no harm, and Node 24 warns of each.
process.removeAllListeners("warning");
try {
  const start = JSON.parse(process.argv[2]!) as RowStart;
  const outcome = await runRow(start, (part, what) => tell({ kind: "progress", part, what }));
  process.send!({ kind: "outcome", outcome } satisfies FromRow, () => process.exit(0));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
