/** What the benchmark asks the running service: how far it is durable, and whether it verifies. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "./processes.ts";

/** Pause between two looks, ms. */
const LOOK_MS = 100;

/** Group of the partner `demo`. */
export const GROUP = "g0";

/** Asks as the admin does. Rejects when the answer is no success. */
export async function ask<T>(service: Service, method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { authorization: `Bearer ${service.adminKey}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(service.origin + path, init);
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** How far the group has come. */
export interface Progress {
  readonly durable: number;
  readonly published: number;
  readonly aheadBytes: number;
  readonly aheadMappedBytes: number;
}

export async function progressOf(service: Service): Promise<Progress> {
  const { groups } = await ask<{ groups: (Progress & { name: string })[] }>(service, "GET", "/v1/admin/groups");
  const group = groups.find(({ name }) => name === GROUP);
  if (group === undefined) throw new Error(`the service has no group ${GROUP}`);
  return group;
}

/** Waits until the memory that the group has put by is mapped: a start, which is not measured. */
export async function memoryMapped(service: Service): Promise<void> {
  for (;;) {
    const { aheadBytes, aheadMappedBytes } = await progressOf(service);
    if (aheadMappedBytes >= aheadBytes) return;
    await sleep(LOOK_MS);
  }
}

/** How far the group has come, and what follows it. */
export interface Lags extends Pick<Progress, "durable" | "published"> {
  /** Store → results that are durable and not in it. */
  readonly lags: Readonly<Record<string, number>>;
  /** What does not go as it should. */
  readonly faults: readonly string[];
}

interface StoreShown {
  readonly name: string;
  readonly group: string;
  readonly lag: number;
  readonly reason?: string;
}

export async function lagsOf(service: Service): Promise<Lags> {
  const { durable, published } = await progressOf(service);
  const { stores } = await ask<{ stores: StoreShown[] }>(service, "GET", "/v1/admin/stores");
  const own = stores.filter(({ group }) => group === GROUP);
  const faults = own.flatMap(({ name, reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
  return { durable, published, lags: Object.fromEntries(own.map(({ name, lag }) => [name, lag])), faults };
}

/** The durable sequence, once it stands still: a generator that stops by time leaves requests under way. */
export async function settledSequence(service: Service): Promise<number> {
  for (let { durable: last } = await progressOf(service); ; ) {
    await sleep(LOOK_MS);
    const { durable: now } = await progressOf(service);
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
