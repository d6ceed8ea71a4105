/**
 * Reads the journal that a benchmark left, as recovery would: every frame and link is checked, every command applied again and its
 * result held against the one written, and every acknowledged request looked up by the ids that it carried.
 */
import { eachRecord, isControl, Machine } from "../../engine/index.ts";
import { verify } from "../../journal/index.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { parseId } from "./bodies.ts";

export interface JournalFindings {
  /** Last sequence in the journal. */
  readonly sequence: number;
  /** Commands applied, repeats and refusals not among them. */
  readonly applied: number;
  /** What is wrong, one sentence each; empty when all is well. */
  readonly faults: readonly string[];
}

/** Checks the journal in `directory`, which no process has open. */
export function checkJournal(directory: string, runs: readonly Acknowledged[], bucket: number): JournalFindings {
  const tally = new Tally(runs);
  const machine = new Machine();
  const found = verify(directory, {
    onFrame: (info, body) => {
      machine.replayFrame(body, info.firstSequence, info.timeMs, info.records);
      if (info.count > 0) tally.add(body, info.firstSequence, info.timeMs);
    },
  });
  const faults = found.ok
    ? found.snapshots.filter(({ ok }) => !ok).map(({ file }) => `snapshot ${file} is damaged`)
    : [];
  if (!found.ok) faults.push(`the journal is damaged: ${found.message}`);
  if (found.ok && found.sequence !== machine.sequence) {
    faults.push(`the journal ends at sequence ${found.sequence}, its replay at ${machine.sequence}`);
  }
  for (const [currency, sum] of machine.trialBalance()) {
    if (sum !== 0n) faults.push(`the trial balance of currency ${currency} is ${sum} minor units, not zero`);
  }
  const missing = tally.missing(bucket);
  if (missing > 0) faults.push(`${missing} acknowledged requests are not whole in the journal`);
  return { sequence: machine.sequence, applied: tally.applied, faults };
}

/** Counts applied commands by the request that brought them. */
class Tally {
  readonly #runs: readonly Acknowledged[];
  /** Run number → connection → request number → commands applied. */
  readonly #counts: Map<number, Uint16Array[]>;
  applied = 0;

  constructor(runs: readonly Acknowledged[]) {
    this.#runs = runs;
    this.#counts = new Map(runs.map(({ run, last }) => [run, last.map((count) => new Uint16Array(count + 1))]));
  }

  add(body: Uint8Array, firstSequence: number, timeMs: number): void {
    for (const record of eachRecord(body, firstSequence, timeMs)) {
      if (isControl(record) || record.code !== "OK" || record.duplicate !== undefined) continue;
      this.applied++;
      const id = parseId(record.command.id);
      const counts = id === undefined ? undefined : this.#counts.get(id.run)?.[id.connection];
      if (id === undefined || counts === undefined || id.request >= counts.length) continue;
      counts[id.request] = counts[id.request]! + 1;
    }
  }

  /** Acknowledged requests that do not have exactly `bucket` commands in the journal. */
  missing(bucket: number): number {
    let missing = 0;
    for (const acknowledged of this.#runs) {
      this.#counts.get(acknowledged.run)!.forEach((counts, connection) => {
        for (let request = 1; request < counts.length; request++) {
          if (acknowledged.has(connection, request) && counts[request] !== bucket) missing++;
        }
      });
    }
    return missing;
  }
}
