/** Wall time and processor time of what is measured: of this process, and of the servers that it drives. */
import { readFileSync } from "node:fs";

/** Processor time in /proc is counted in hundredths of a second on every Linux. */
const TICK_US = 10_000;

/** One round. */
export interface Round {
  /** Results a second. */
  readonly rate: number;
  /** Processor time a result by process, µs; a process whose time is not known is left out. */
  readonly processorUs: Readonly<Record<string, number>>;
}

/** Name → process id. */
export type Processes = Readonly<Record<string, number | undefined>>;

/** Runs from its making to `stop`. */
export class Meter {
  readonly #processes: Processes;
  readonly #beginMs = performance.now();
  readonly #own = process.cpuUsage();
  readonly #others: ReadonlyMap<string, number>;

  constructor(processes: Processes) {
    this.#processes = processes;
    this.#others = usedUs(processes);
  }

  stop(results: number): Round {
    const seconds = (performance.now() - this.#beginMs) / 1000;
    const { user, system } = process.cpuUsage(this.#own);
    const processorUs: Record<string, number> = { node: (user + system) / results };
    for (const [name, us] of usedUs(this.#processes)) {
      processorUs[name] = (us - (this.#others.get(name) ?? 0)) / results;
    }
    return { rate: results / seconds, processorUs };
  }
}

function usedUs(processes: Processes): Map<string, number> {
  const used = new Map<string, number>();
  for (const [name, pid] of Object.entries(processes)) {
    const us = pid === undefined ? undefined : processorUs(pid);
    if (us !== undefined) used.set(name, us);
  }
  return used;
}

/** Undefined where there is no /proc. */
function processorUs(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which may have spaces, `utime` and `stime` are the 12th and the 13th.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return undefined;
  }
}

/** Milliseconds between two looks: far below a round's length, and rare enough to cost the process that is measured nothing. */
const LOOK_MS = 10;

/** Resolves once `isSo` says so. Rejects with what `fault` tells, should it tell something before. */
export async function until(isSo: () => boolean, fault: () => string | undefined = () => undefined): Promise<void> {
  while (!isSo()) {
    const text = fault();
    if (text !== undefined) throw new Error(text);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
