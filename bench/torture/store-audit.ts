/** What the stores must hold at the end: what the engine has, account by account, and the entries of the topic. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Store } from "../../stores/index.ts";
import { ACCOUNTS, SIDE_ACCOUNTS } from "./clients.ts";
import type { Server } from "./server.ts";
import type { TopicBook } from "./topic-book.ts";

const CLI = fileURLToPath(new URL("../../gateway/cli.ts", import.meta.url));

/** Runs `ringfence store compare` as an operator would; returns faults, and the line that it prints when all is equal. */
export async function compareStore(
  kind: "redis" | "sql" | "sqlite",
  data: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly line: string; readonly faults: readonly string[] }> {
  const child = spawn(process.execPath, [CLI, "store", "compare", kind, data], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += part));
  await once(child, "close");
  const lines = text.trim().split("\n");
  if (child.exitCode === 0) return { line: lines[0] ?? "", faults: [] };
  return { line: "", faults: [`compare ${kind} exits with ${child.exitCode}`, ...lines.slice(0, 10)] };
}

/** The engine's accounts over HTTP against those rebuilt from the topic alone; returns what differs. */
export async function compareEngine(server: Server, book: TopicBook): Promise<string[]> {
  const faults: string[] = [];
  const names = [
    ...Array.from({ length: ACCOUNTS }, (_, i) => `a${i}`),
    ...Array.from({ length: SIDE_ACCOUNTS }, (_, i) => `b${i}`),
  ];
  const booked = new Map([...book.accounts.values()].map((one) => [one.account, one]));
  for (const name of names) {
    const response = await fetch(`${server.url}/v1/accounts/${name}`, {
      headers: { authorization: `Bearer ${server.key}` },
    });
    const found = (await response.json()) as Readonly<Record<string, unknown>>;
    const known = booked.get(name);
    booked.delete(name);
    const { available, held, status, version } = known ?? { status: "unknown" };
    const expected = JSON.stringify({ available, held, status, version });
    const shown = JSON.stringify({
      available: found.available,
      held: found.held,
      status: response.status === 404 ? "unknown" : found.status,
      version: found.version,
    });
    if (expected !== shown) faults.push(`${name}: the topic gives ${expected}, the engine has ${shown}`);
  }
  for (const name of booked.keys()) faults.push(`${name}: the topic has an account that nobody made`);
  return faults;
}

/** The newest entries of every account, as many as a store keeps, against those of the topic. */
export async function compareEntries(store: Store, book: TopicBook): Promise<string[]> {
  const faults: string[] = [];
  for (const [key, known] of book.accounts) {
    const { partner, account, currency } = known;
    const page = await store.entries({ group: "g0", partner, account, currency, limit: 1000 });
    const found = page?.entries.map(({ sequence, amount }) => `${sequence} ${amount}`) ?? [];
    const expected = book.newest(known);
    const at = expected.findIndex((entry, i) => entry !== found[i]);
    if (at < 0 && found.length === expected.length) continue;
    faults.push(
      `${store.name}: entries of ${key} differ: ${found.length} of ${expected.length}, ${found[at]} for ${expected[at]}`,
    );
  }
  return faults;
}
