/** The registry's tables. Nothing is ever deleted, so that no index and no version is given twice. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { assert } from "../../engine/index.ts";
import { ConfigError } from "../config.ts";

/** Format 1. What came later is added by MIGRATIONS, so that a new file and an old one end with the same tables. */
const TABLES = `
CREATE TABLE partner_groups (
  idx INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;
CREATE TABLE currencies (
  idx INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, scale INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE partners (
  idx INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, grp INTEGER NOT NULL REFERENCES partner_groups,
  currency INTEGER NOT NULL, strict INTEGER NOT NULL, min_amount TEXT, max_amount TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')), created INTEGER NOT NULL) STRICT;
CREATE TABLE partner_keys (
  key_id TEXT PRIMARY KEY, partner INTEGER NOT NULL REFERENCES partners, digest TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL, revoked INTEGER) STRICT;
CREATE TABLE admin_keys (
  key_id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, revoked INTEGER) STRICT;
CREATE TABLE services (
  id TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, revoked INTEGER,
  PRIMARY KEY (id, version)) STRICT;
`;

/** The n-th leads from format n + 1 to the next. Only ever appended to. */
const MIGRATIONS: readonly string[] = [
  // 2: signed requests.
  `ALTER TABLE partners ADD COLUMN signed TEXT NOT NULL DEFAULT 'optional' CHECK (signed IN ('required', 'optional'));
CREATE TABLE signing_secrets (
  secret_id TEXT PRIMARY KEY, partner INTEGER NOT NULL REFERENCES partners, sealed TEXT NOT NULL,
  created INTEGER NOT NULL, revoked INTEGER) STRICT;`,
  // 3: which journal is a group's, 32 hexadecimal digits, once it has one.
  "ALTER TABLE partner_groups ADD COLUMN journal TEXT;",
];

/** Kept in `user_version`; a file without it is new. */
export const REGISTRY_FORMAT = MIGRATIONS.length + 1;

export interface OpenedRegistry {
  readonly database: DatabaseSync;
  /** True if the tables are not there yet. */
  readonly fresh: boolean;
}

/**
 * Opens `file`. A change must outlive a power cut, for the journal carries partner indexes: an index that was forgotten and
 * given again would hand one partner's money to another (I12). Hence a rollback journal with synchronous = EXTRA, which
 * syncs the folder too; FULL alone may lose the last commit in this mode. Changes are rare, so WAL's speed is of no use,
 * and this way the registry is one file. A file of an older format is brought to this one. Throws ConfigError for a newer one.
 */
export function openRegistryFile(file: string): OpenedRegistry {
  const database = new DatabaseSync(file, { timeout: 1000, enableForeignKeyConstraints: true });
  try {
    chmodSync(file, 0o600);
    database.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;");
    const sync = database.prepare("PRAGMA synchronous").get() as { synchronous: number };
    assert(sync.synchronous === 3, `registry opened with synchronous = ${sync.synchronous}, not EXTRA`);
    const { user_version: format } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (format > REGISTRY_FORMAT) {
      throw new ConfigError(`${file} has format ${format}; this version reads formats up to ${REGISTRY_FORMAT} only.`);
    }
    if (format > 0 && format < REGISTRY_FORMAT) transact(database, () => migrate(database, format));
    return { database, fresh: format === 0 };
  } catch (error) {
    database.close();
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Makes the tables; within the transaction of the first start, so that a half-made registry counts as none. */
export function createTables(database: DatabaseSync): void {
  database.exec(TABLES);
  migrate(database, 1);
}

/** Within a transaction: half a migration counts as none. */
function migrate(database: DatabaseSync, from: number): void {
  for (const step of MIGRATIONS.slice(from - 1)) database.exec(step);
  database.exec(`PRAGMA user_version = ${REGISTRY_FORMAT}`);
}

/** Runs `change` in one transaction: all of it durable on return, or none of it and the error thrown. */
export function transact<T>(database: DatabaseSync, change: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = change();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
