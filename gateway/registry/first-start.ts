/** What a first start leaves for people: credentials in a file that only the owner reads. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../config.ts";
import { OWNER_FILE } from "../data-lock.ts";

export const CREDENTIALS_FILE = "credentials.json";

export interface Credentials {
  readonly url: string;
  readonly partner: { readonly id: string; readonly key: string };
  /** Absent when the admin key's digest comes from the environment. */
  readonly admin?: { readonly key: string };
}

/**
 * Refuses a folder that has data but no registry, or an empty one: a new registry would give the old indexes to new partners, and with
 * them the old partners' accounts (I12).
 */
export function checkFolder(data: string, registryFile: string): void {
  // SQLite keeps a journal beside the lock file while the lock is held.
  const ours = [OWNER_FILE, registryFile].flatMap((file) => [file, `${file}-journal`]);
  const harmless = [...ours, CREDENTIALS_FILE, "lost+found"];
  const rest = readdirSync(data).filter((name) => !harmless.includes(name) && !name.startsWith("."));
  if (rest.length === 0) return;
  throw new ConfigError(
    `The data folder ${data} has ${rest[0]} but no ${registryFile} with content; put the registry back, or set RINGFENCE_DATA to an empty folder.`,
  );
}

/** Writes `<data>/credentials.json`, mode 0600, whole or not at all, and durable on return. */
export function writeCredentials(data: string, credentials: Credentials): void {
  const temporary = join(data, `.${CREDENTIALS_FILE}.tmp`);
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    // writeFileSync, because it goes on after a short write.
    writeFileSync(descriptor, `${JSON.stringify(credentials, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, join(data, CREDENTIALS_FILE));
  const folder = openSync(data, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** Brings the url in the credentials file up to date; does nothing where the operator took the file away. */
export function updateCredentialsUrl(data: string, url: string): void {
  const file = join(data, CREDENTIALS_FILE);
  if (!existsSync(file)) return;
  const credentials = JSON.parse(readFileSync(file, "utf8")) as Credentials;
  if (credentials.url !== url) writeCredentials(data, { ...credentials, url });
}

/** What a first start prints: the keys and a command to try them. */
export function firstStartText({ url, partner, admin }: Credentials): string {
  const command = { id: "first-1", type: "credit", account: "alice", amount: "100.00" };
  return [
    `Partner ${partner.id} has the key ${partner.key}`,
    admin === undefined ? "The admin key is the one whose digest was configured." : `The admin key is ${admin.key}`,
    "Both are in credentials.json in the data folder. Try:",
    `curl -sS ${url}/v1/commands -H 'Authorization: Bearer ${partner.key}' \\`,
    `  -H 'Content-Type: application/json' -H 'Prefer: wait=5' -d '${JSON.stringify({ commands: [command] })}'`,
  ].join("\n");
}
