/** A store process for tests that kill it: `store-process.ts <sqlite|redis|sql> <path or url> <file of messages>`. */
import { Applier } from "../applier.ts";
import { RedisStore } from "../redis/redis-store.ts";
import { SqlStore } from "../sql/sql-store.ts";
import { SqliteStore } from "../sqlite/sqlite-store.ts";
import type { Store } from "../store.ts";
import { FileSource } from "./file-source.ts";

export function openStore(kind: string, place: string): Store {
  if (kind === "redis") return new RedisStore({ url: place });
  if (kind === "sql") return new SqlStore({ url: place });
  return new SqliteStore({ path: place });
}

if (import.meta.main) {
  const [kind, place, messages] = process.argv.slice(2) as [string, string, string];
  const store = openStore(kind, place);
  const log = (_: object, text: string) => void process.stderr.write(`${text}\n`);
  await store.prepare();
  process.stdout.write("following\n");
  const applier = new Applier({ store, log: { info: log, warn: log, error: log } });
  await new FileSource(messages).run(applier, new AbortController().signal);
  await store.close();
  process.stdout.write("done\n");
}
