/** Results, past balances and audits, read from the journals by threads of `results/`; their refusals as the gateway's. */
import { JournalQueries, type JournalResultLog, ResultsError, type VerifyQuery } from "../results/index.ts";
import type { Settings } from "./config.ts";
import { ApiError } from "./errors.ts";
import type { History, PastAccountQuery, ResultLog, ResultLogs, VerifyReport } from "./group.ts";
import type { LinkLog } from "./link/link-log.ts";
import { groupDirectory } from "./paths.ts";

export class QueryThread implements History, ResultLogs {
  readonly #queries: JournalQueries;
  readonly #logs: ReadonlyMap<string, ResultLog>;

  constructor(settings: Settings, log: LinkLog) {
    const groups = settings.groups.map((name) => ({ name, directory: groupDirectory(settings.data, name) }));
    this.#queries = new JournalQueries({
      groups,
      onFault: (error) => log.error({ err: error }, "the journal's reading thread ended"),
    });
    this.#logs = new Map(settings.groups.map((name) => [name, resultLog(this.#queries.byGroup(name)!)]));
  }

  /** Tells how far a group is durable. */
  advance(group: string, sequence: number): void {
    this.#queries.advance(group, sequence);
  }

  byGroup(name: string): ResultLog | undefined {
    return this.#logs.get(name);
  }

  balanceAt(query: PastAccountQuery): ReturnType<History["balanceAt"]> {
    return translated(this.#queries.balanceAt(query));
  }

  verify(group: string, query: VerifyQuery): Promise<VerifyReport> {
    return translated(this.#queries.verify(group, query));
  }

  /** Lets go of clients who wait for what takes long, as GROUP_DOWN. */
  interrupt(): Promise<void> {
    return this.#queries.interrupt();
  }

  close(): Promise<void> {
    return this.#queries.close();
  }
}

function resultLog(log: JournalResultLog): ResultLog {
  return {
    read: (query) => translated(log.read(query)),
    waitFor: (sequence, timeoutMs, signal) => log.waitFor(sequence, timeoutMs, signal),
  };
}

async function translated<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ResultsError)) throw error;
    if (error.code === "OVERLOADED") throw new ApiError("OVERLOADED", "Too many others read; nothing was changed.");
    if (error.code === "RECOVERING") throw new ApiError("GROUP_DOWN");
    if (error.code === "STOPPED") throw new ApiError("GROUP_DOWN", "The journal's reader was interrupted.");
    const detail =
      error.code === "DAMAGED"
        ? "The journal is damaged where this is to be read; commands and present balances are as they were. An operator has to look."
        : undefined;
    // The cause is for the log; clients are told no file names.
    throw new ApiError("INTERNAL", detail, { cause: error });
  }
}
