/** Capacity by the closed loop, then a multiple of it by the open loop: what is left of the goodput, and what the memory does. */
import { groupDirectory } from "../../gateway/index.ts";
import type { Acknowledged } from "../http/acknowledged.ts";
import { GROUP, settledSequence, verifyFault } from "../http/admin.ts";
import { checkJournal } from "../http/journal-check.ts";
import { type Service, startService } from "../http/processes.ts";
import { type Offered, offer } from "./offer.ts";

export interface OverloadSettings {
  /** Seconds of each of the two loads. */
  readonly seconds: number;
  readonly bucket: number;
  readonly accounts: number;
  /** Connections of the closed loop, and of the open one. */
  readonly closed: number;
  readonly open: number;
  /** Pipelined requests on one connection of the open loop at most. */
  readonly window: number;
  /** What is offered, in capacities. */
  readonly factor: number;
}

export interface Look {
  readonly residentBytes: number;
  /** Processor seconds of the service since its start, all threads. */
  readonly cpuSeconds: number;
  /** Commands that the group remembers by id, some 80 bytes each. */
  readonly remembered: number;
  /** How long the answer to the scrape took, ms: is an operator still served? */
  readonly tookMs: number;
}

export interface OverloadOutcome {
  readonly capacity: number;
  readonly offered: number;
  readonly overload: Offered;
  /** Goodput in overload over capacity. */
  readonly ratio: number;
  /** Processor time of the service a request answered 202, µs: unlike the rates it hardly depends on who else is on the machine. */
  readonly cpuUs: { readonly capacity: number; readonly overload: number };
  readonly looks: readonly Look[];
  readonly checked: readonly string[];
  readonly faults: readonly string[];
}

/** Statuses that a client in overload may be given. */
const EXPECTED: readonly number[] = [202, 429, 503];

/** Milliseconds between looks at the memory. */
const LOOK_MS = 500;

/** Starts a service with its data in `folder`, drives it, and checks what it acknowledged against its journal. */
export async function measureOverload(settings: OverloadSettings, folder: string): Promise<OverloadOutcome> {
  const service = await startService(folder);
  let runs: Acknowledged[] = [];
  const faults: string[] = [];
  let measured: Omit<OverloadOutcome, "checked" | "faults">;
  try {
    const load = { ...settings, url: service.url, key: service.key };
    const closed = { ...load, connections: settings.closed, window: 1 };
    const warm = await offer({ ...closed, run: 0, seconds: Math.max(0.5, settings.seconds / 2) });
    const begin = await lookOnce(service);
    const base = await offer({ ...closed, run: 1 });
    const middle = await lookOnce(service);
    const rate = Math.max(1, Math.round(base.goodput * settings.factor));
    const looking = look(service);
    const overload = await offer({ ...load, connections: settings.open, run: 2, rate });
    const looks = await looking.stop();
    runs = [warm.acknowledged, base.acknowledged, overload.acknowledged];
    const end = await lookOnce(service);
    const cpuUs = { capacity: cpuUsOf(base, begin, middle), overload: cpuUsOf(overload, middle, end) };
    const ratio = overload.goodput / base.goodput;
    measured = { capacity: base.goodput, offered: rate, overload, ratio, cpuUs, looks: [middle, ...looks, end] };
    faults.push(...faultsOf([warm, base, overload]));
    await settledSequence(service);
    const fault = await verifyFault(service);
    if (fault !== undefined) faults.push(`the service does not verify: ${fault}`);
  } finally {
    await service.stop();
  }
  const found = checkJournal(groupDirectory(folder, GROUP), runs, settings.bucket);
  faults.push(...found.faults);
  const checked = [
    `every frame of the journal up to sequence ${found.sequence}, its replay, and the trial balance`,
    "each acknowledged request of all loads, by its ids, with all its commands applied",
  ];
  return { ...measured, checked, faults };
}

function faultsOf(loads: readonly Offered[]): string[] {
  const faults: string[] = [];
  for (const { statuses, unanswered, broken } of loads) {
    const others = [...statuses.keys()].filter((status) => !EXPECTED.includes(status));
    if (others.length > 0) faults.push(`requests were answered ${others.join(", ")}`);
    if (unanswered > 0) faults.push(`${unanswered} requests were never answered`);
    if (broken > 0) faults.push(`${broken} connections broke`);
  }
  return faults;
}

async function lookOnce(service: Service): Promise<Look> {
  const asked = performance.now();
  const text = await (await fetch(`${service.origin}/metrics`)).text();
  const value = (name: string): number => {
    const found = new RegExp(`^${name}(?:\\{group="${GROUP}"\\})? (\\S+)$`, "m").exec(text);
    if (found === null) throw new Error(`the metrics have no ${name}`);
    return Number(found[1]);
  };
  return {
    residentBytes: value("process_resident_memory_bytes"),
    cpuSeconds: value("process_cpu_seconds_total"),
    remembered: value("ringfence_remembered_commands"),
    tookMs: performance.now() - asked,
  };
}

function cpuUsOf({ statuses }: Offered, from: Look, to: Look): number {
  return ((to.cpuSeconds - from.cpuSeconds) * 1e6) / (statuses.get(202) ?? Number.NaN);
}

/** Reads the service's memory now and then, by the door that operators use. */
function look(service: Service): { stop(): Promise<readonly Look[]> } {
  const looks: Look[] = [];
  let isOver = false;
  const loop = async () => {
    while (!isOver) {
      looks.push(await lookOnce(service));
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isOver = true;
      await running;
      return looks;
    },
  };
}
