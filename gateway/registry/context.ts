import type { DatabaseSync } from "node:sqlite";
import type { Currencies } from "../currencies.ts";
import { ApiError } from "../errors.ts";
import { transact } from "./schema.ts";

/** SQLITE_FULL: no space for the change. */
const SQLITE_FULL = 13;

/** What the registry's parts share: the file, the currencies, the clock, and how a change is made. */
export class RegistryContext {
  readonly database: DatabaseSync;
  readonly currencies: Currencies;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  #version = 1;

  constructor(database: DatabaseSync, currencies: Currencies, now: () => number) {
    this.database = database;
    this.currencies = currencies;
    this.now = now;
  }

  /** Goes up with every change, so that whoever keeps a copy can tell that it is stale. */
  get version(): number {
    return this.#version;
  }

  /**
   * Makes one change: `write` writes the file and returns what changes in memory. Memory follows only after the commit is
   * durable, so that the two never differ. Throws what `write` throws, or DISK_FULL.
   */
  change<T>(write: () => () => T): T {
    let apply: () => T;
    try {
      apply = transact(this.database, write);
    } catch (error) {
      if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_FULL) {
        throw new ApiError("DISK_FULL", "The disk is full, so the change was not made.", { cause: error });
      }
      throw error;
    }
    const result = apply();
    this.#version++;
    return result;
  }

  run(sql: string, ...values: (string | number | null)[]): void {
    this.database.prepare(sql).run(...values);
  }

  /** All rows of a query; `Row` names the columns that the query selects, in types that STRICT tables guarantee. */
  rows<Row>(sql: string): Row[] {
    return this.database.prepare(sql).all() as Row[];
  }
}
