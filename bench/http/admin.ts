/** What the benchmark asks the running service: how far it is durable, and whether it verifies. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "./processes.ts";

/** Pause between two looks, ms. */
const LOOK_MS = 100;

/** Group of the partner `demo`. */
export const GROUP = "g0";

async function ask<T>(service: Service, method: string, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${service.adminKey}` };
  const response = await fetch(service.origin + path, { method, headers });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function durable(service: Service): Promise<number> {
  const { groups } = await ask<{ groups: { name: string; durable: number }[] }>(service, "GET", "/v1/admin/groups");
  const group = groups.find(({ name }) => name === GROUP);
  if (group === undefined) throw new Error(`the service has no group ${GROUP}`);
  return group.durable;
}

/** How far a group is at one moment. */
export interface Progress {
  readonly durable: number;
  readonly published: number;
  /** Store → results that are durable and not in it. */
  readonly lags: Readonly<Record<string, number>>;
  /** What does not go as it should. */
  readonly faults: readonly string[];
}

/** Results behind in the topic and in each store. */
export async function progressOf(service: Service): Promise<Progress> {
  interface Part {
    readonly name: string;
    readonly group?: string;
    readonly lag: number;
    readonly state: string;
    readonly reason?: string;
  }
  const { groups } = await ask<{ groups: (Part & { durable: number; published: number })[] }>(
    service,
    "GET",
    "/v1/admin/groups",
  );
  const { stores } = await ask<{ stores: Part[] }>(service, "GET", "/v1/admin/stores");
  const group = groups.find(({ name }) => name === GROUP);
  if (group === undefined) throw new Error(`the service has no group ${GROUP}`);
  const own = stores.filter((store) => store.group === GROUP);
  const faults = own.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
  const { durable, published } = group;
  return { durable, published, lags: Object.fromEntries(own.map(({ name, lag }) => [name, lag])), faults };
}

/** The durable sequence, once it stands still: a generator that stops by time leaves requests under way. */
export async function settledSequence(service: Service): Promise<number> {
  for (let last = await durable(service); ; ) {
    await sleep(LOOK_MS);
    const now = await durable(service);
    if (now === last) return now;
    last = now;
  }
}

/** Has the service read its own journal again; returns what is wrong with it, or undefined. */
export async function verifyFault(service: Service): Promise<string | undefined> {
  const path = `/v1/admin/groups/${GROUP}/verify`;
  const found = await ask<{ ok: boolean; report?: string; trialBalance: Record<string, string> }>(
    service,
    "POST",
    path,
  );
  if (!found.ok) return found.report ?? "no reason given";
  const wrong = Object.entries(found.trialBalance).filter(([, sum]) => Number(sum) !== 0);
  return wrong.length === 0 ? undefined : `the trial balance is ${JSON.stringify(Object.fromEntries(wrong))}`;
}

/** What the group's journal did since its thread started. */
export interface JournalTotals {
  readonly commands: number;
  readonly syncs: number;
  readonly syncSeconds: number;
}

/** Reads the journal's totals from the metrics. */
export async function journalTotals(service: Service): Promise<JournalTotals> {
  const text = await (await fetch(`${service.origin}/metrics`)).text();
  const total = (name: string): number => {
    const found = new RegExp(`^ringfence_${name}\\{group="${GROUP}"\\} (\\S+)$`, "m").exec(text);
    if (found === null) throw new Error(`the metrics have no ringfence_${name} of group ${GROUP}`);
    return Number(found[1]);
  };
  return {
    commands: total("commands_total"),
    syncs: total("syncs_total"),
    syncSeconds: total("sync_seconds_total"),
  };
}
