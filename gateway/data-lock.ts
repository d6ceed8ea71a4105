/**
 * One process owns a data folder (promise I13). The owner is whoever holds SQLite's exclusive file lock on `owner.db`: an
 * fcntl lock, which the kernel drops with the process, so that kill -9 leaves nothing stale. A file with a process id
 * in it would have to be judged after a crash, and ids are used again.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "./config.ts";

/** Name of the lock's file in the data folder. Nothing else may open it: closing any descriptor drops an fcntl lock. */
export const OWNER_FILE = "owner.db";

export interface DataLock {
  /** Gives the folder up; called once, as the last thing of a shutdown. */
  release(): void;
}

/** SQLITE_BUSY: another connection holds the lock. */
const SQLITE_BUSY = 5;

/**
 * Makes `folder` (mode 0700) if it is not there, and takes its lock without waiting. Throws ConfigError if another
 * process has it, or if the folder cannot be made or written.
 */
export function lockDataFolder(folder: string): DataLock {
  let database: DatabaseSync | undefined;
  try {
    makeFolder(folder);
    database = new DatabaseSync(join(folder, OWNER_FILE), { timeout: 0 });
    // The transaction stays open: with it the lock is held until the process ends, whatever else it does. Nothing is ever
    // written, so the journal is kept in memory, or kill -9 would leave its file behind.
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch (error) {
    database?.close();
    throw refusal(folder, error);
  }
  const held = database;
  return { release: () => held.close() };
}

/** By hand, for `recursive: true` never returns where a folder's parent is there and says ENOENT all the same, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

function refusal(folder: string, error: unknown): ConfigError {
  const errcode = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  if (errcode === SQLITE_BUSY) {
    return new ConfigError(
      `The data folder ${folder} is in use by another process; stop that one, or set RINGFENCE_DATA to another folder.`,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ConfigError(`The data folder ${folder} cannot be used: ${why}.`);
}
