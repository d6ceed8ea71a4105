/** `ringfence store`: store processes, and what an operator does with stores. */

import { existsSync, readdirSync } from "node:fs";
import { RedisStore, SqliteStore, SqlStore, type Store, StoreError } from "../../stores/index.ts";
import { ConfigError } from "../config.ts";
import { lockDataFolder } from "../data-lock.ts";
import { groupDirectory, storePath } from "../paths.ts";
import { parseArguments } from "./arguments.ts";
import { compareAndPrint } from "./store-compare.ts";
import { runStoreProcess } from "./store-process.ts";
import { rebuildAndPrint } from "./store-rebuild.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const HELP = `Usage: ringfence store redis
       ringfence store sql
       ringfence store compare <sqlite|redis|sql> <data folder> [--group <name>]
       ringfence store rebuild <sqlite|redis|sql> <data folder> [--group <name>] [--snapshot]

redis, sql  follow the results topic (RINGFENCE_KAFKA and what goes with it) into Redis (RINGFENCE_REDIS, a redis:// url) or
            MySQL/MariaDB (RINGFENCE_SQL, a mysql:// url) until SIGTERM; several processes share the groups
compare     replays the journal up to the store's watermark and compares every account; prints those that differ
rebuild     forgets what the store has of the group and fills it again from the journal, or from the newest snapshot and the results
            after it where the journal was trimmed or with --snapshot, which leaves older entries out. Stop what writes the store first

The data folder is that of the service. Exit codes: 0 done and equal, 1 different, damaged or not possible now, 2 not understood.`;

const KINDS = ["sqlite", "redis", "sql"] as const;
type Kind = (typeof KINDS)[number];

const OPTIONS = {
  group: { type: "string" },
  snapshot: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const parse = (args: readonly string[]) => parseArguments("store", args, OPTIONS);

export async function storeCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    await terminal.out(HELP);
    return EXIT.done;
  }
  const [action, ...rest] = positionals;
  try {
    switch (action) {
      case "redis":
      case "sql":
        if (rest.length > 0 || Object.keys(values).length > 0) {
          throw new UsageError(`store ${action} takes no arguments; its settings are RINGFENCE_… variables.`);
        }
        return await runStoreProcess(openStore(action, ""), process.env, terminal);
      case "compare":
        if (values.snapshot === true) throw new UsageError("store compare has no option --snapshot.");
        return await onStore(action, rest, values.group, terminal);
      case "rebuild":
        return await onStore(action, rest, values.group, terminal, values.snapshot);
      default:
        throw new UsageError(
          "store needs an action: redis, sql, compare or rebuild; ringfence store --help tells more.",
        );
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StoreError)) throw error;
    terminal.err(`ringfence: ${error.message}`);
    return EXIT.damaged;
  }
}

async function onStore(
  action: "compare" | "rebuild",
  [kind, data, ...more]: readonly string[],
  group: string | undefined,
  terminal: Terminal,
  isFromSnapshot = false,
): Promise<number> {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) throw new UsageError(`store ${action} needs a store: sqlite, redis or sql.`);
  if (data === undefined) throw new UsageError(`store ${action} needs the data folder.`);
  if (more.length > 0)
    throw new UsageError(`store ${action} takes one data folder, not ${JSON.stringify(more[0])} too.`);
  const groups = groupsOf(data, group);
  const store = openStore(known, data, action === "compare");
  // The service writes its embedded store by itself: rebuilding it beside the service would be two writers.
  const lock = action === "rebuild" && known === "sqlite" ? lockDataFolder(data) : undefined;
  try {
    await reachable(store);
    let code: number = EXIT.done;
    for (const one of groups) {
      const directory = groupDirectory(data, one);
      const done =
        action === "compare"
          ? await compareAndPrint({ store, group: one, directory }, terminal)
          : await rebuildAndPrint({ store, group: one, directory, isFromSnapshot }, terminal);
      code = Math.max(code, done);
    }
    return code;
  } finally {
    await store.close();
    lock?.release();
  }
}

/** What forbids opening it is for the operator, not for the one who reads stack traces. */
async function reachable(store: Store): Promise<void> {
  try {
    await store.prepare();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      `The ${store.name} store cannot be opened: ${error instanceof Error ? error.message : error}.`,
    );
  }
}

function openStore(kind: Kind, data: string, readOnly = false): Store {
  if (kind === "redis") return new RedisStore({ url: urlIn("RINGFENCE_REDIS", /^rediss?:\/\//) });
  if (kind === "sql") return new SqlStore({ url: urlIn("RINGFENCE_SQL", /^mysql:\/\//) });
  const path = storePath(data);
  if (readOnly && !existsSync(path)) throw new UsageError(`there is no embedded store in ${data}.`);
  return new SqliteStore({ path, readOnly });
}

function urlIn(variable: string, form: RegExp): string {
  const url = process.env[variable];
  if (url !== undefined && form.test(url) && URL.canParse(url)) return url;
  // The value is not repeated: it may hold a password.
  const why = url === undefined ? "is not set" : "is not such a url";
  throw new UsageError(`${variable} ${why}; it must be ${variable === "RINGFENCE_SQL" ? "mysql" : "redis"}://….`);
}

function groupsOf(data: string, group: string | undefined): string[] {
  if (group !== undefined && !/^[a-z0-9][a-z0-9_-]{0,31}$/.test(group)) {
    throw new UsageError(`${JSON.stringify(group)} is not a group's name.`);
  }
  const parent = groupDirectory(data, ".");
  const found = existsSync(parent) ? readdirSync(parent).sort() : [];
  const groups = group === undefined ? found : found.filter((name) => name === group);
  if (groups.length === 0) throw new UsageError(`there is no journal of ${group ?? "any group"} in ${parent}.`);
  return groups;
}
