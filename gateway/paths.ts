import { join } from "node:path";

/** The folder of a group's journal and snapshots. */
export function groupDirectory(data: string, group: string): string {
  return join(data, "groups", group);
}

/** The embedded store's file. */
export function storePath(data: string): string {
  return join(data, "store.db");
}
