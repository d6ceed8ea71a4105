/** `ringfence <command>`: finds the command and turns what went wrong into one sentence and an exit code. */
import { DamageError, JournalError } from "../../journal/index.ts";
import { benchCommand } from "./bench.ts";
import { journalCommand } from "./journal.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const HELP = `Usage: ringfence <command>

  serve      serve HTTP; settings come from RINGFENCE_… variables
  journal    verify, dump or replay a group's journal; reads only
  store      run, compare or rebuild balance stores
  simulate   play the third party that One-Pass draws from
  bench      run a benchmark

ringfence <command> --help tells more.`;

const SERVE_HELP = `Usage: ringfence serve

Serves on 127.0.0.1:8080 with data in ./data unless RINGFENCE_HOST, RINGFENCE_PORT and RINGFENCE_DATA say otherwise; the
README lists all variables. The first start prints a partner's key, an admin's key, and a command to try. SIGTERM drains,
syncs, writes a snapshot and ends.`;

/** Runs one command; returns the exit code. `serve` returns once it serves: the process then lives until it is told to stop. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`ringfence: ${error.message}`);
      return EXIT.usage;
    }
    if (error instanceof DamageError || error instanceof JournalError) {
      terminal.err(`ringfence: ${error.message}`);
      return EXIT.damaged;
    }
    throw error;
  }
}

async function dispatch([command, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  switch (command) {
    case "serve":
      return serveCommand(rest, terminal);
    case "journal":
      return journalCommand(rest, terminal);
    case "store": {
      // Only here, for it loads the clients of Redis, MariaDB and Kafka.
      const { storeCommand } = await import("./store.ts");
      return storeCommand(rest, terminal);
    }
    case "simulate": {
      const { simulateCommand } = await import("./simulate.ts");
      return simulateCommand(rest, terminal);
    }
    case "bench":
      return benchCommand(rest, terminal);
    case "--help":
    case "-h":
    case "help":
      await terminal.out(HELP);
      return EXIT.done;
    case undefined:
      throw new UsageError(
        "a command is missing: serve, journal, store, simulate or bench; ringfence --help tells more.",
      );
    default:
      throw new UsageError(
        `${JSON.stringify(command)} is not a command; there are serve, journal, store, simulate and bench.`,
      );
  }
}

async function serveCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    await terminal.out(SERVE_HELP);
    return EXIT.done;
  }
  if (args.length > 0) throw new UsageError("serve takes no arguments; its settings are RINGFENCE_… variables.");
  // Only here, for the other commands need neither Fastify nor its start-up time.
  const { serve } = await import("../serve.ts");
  await serve(process.env);
  return EXIT.done;
}
