/**
 * Runs the rows one after the other, each in a process of its own: behind another row in the same process, whose code and heap it would
 * share, a store is up to a fifth slower.
 */
import { join } from "node:path";
import { startBroker } from "../../results/testing/index.ts";
import { ChildError, runChild } from "../child.ts";
import type { Round } from "./meter.ts";
import type { Mixed } from "./mixed.ts";
import type { BrokerPlace } from "./publish.ts";
import type { RowOutcome, RowStart, Show } from "./row.ts";
import type { RowProgress } from "./run-row.ts";
import type { ResultsSettings, RowId } from "./settings.ts";

const SCRIPT = join(import.meta.dirname, "run-row.ts");

export interface Outcome {
  /** A row without rounds could not run here. */
  readonly rows: ReadonlyMap<Exclude<RowId, "mixed">, readonly Round[]>;
  /** Undefined where it was not asked for. */
  readonly mixed: Mixed | undefined;
}

/** Rejects with what the row says when its check fails. Files are made in `folder`. */
export async function runRows(settings: ResultsSettings, folder: string, show: Show): Promise<Outcome> {
  const broker = await brokerFor(settings);
  const rows = new Map<Exclude<RowId, "mixed">, readonly Round[]>();
  let mixed: Mixed | undefined;
  try {
    for (const [index, id] of settings.rows.entries()) {
      const showRow: Show = (part, what) => show((index + part) / settings.rows.length, what);
      const outcome = await runInChild({ id, settings, folder: join(folder, id), broker }, showRow);
      if (id === "mixed") mixed = outcome.mixed;
      else rows.set(id, outcome.rounds);
    }
  } finally {
    await broker.stop();
  }
  return { rows, mixed };
}

async function brokerFor({ rows, broker }: ResultsSettings): Promise<BrokerPlace & { stop(): Promise<void> }> {
  if (broker !== undefined) return { address: broker, pid: undefined, stop: () => Promise.resolve() };
  if (rows.every((row) => row === "sqlite")) return { address: "", pid: undefined, stop: () => Promise.resolve() };
  return startBroker({ isOwn: true });
}

async function runInChild({ id, settings, folder, broker }: RowStart, show: Show): Promise<RowOutcome> {
  const { address, pid } = broker;
  const start = JSON.stringify({ id, settings, folder, broker: { address, pid } } satisfies RowStart);
  const onMessage = (message: unknown) => {
    const { part, what } = message as RowProgress;
    show(part, what);
  };
  try {
    return JSON.parse(await runChild(process.execPath, [SCRIPT, start], process.env, onMessage)) as RowOutcome;
  } catch (error) {
    throw error instanceof ChildError ? new Error(`row ${id}: ${error.complaint || `code ${error.code}`}`) : error;
  }
}
