/** Writes batches into the database: each in one transaction, those of a group one after the other. */
import type { Pool, PoolConnection } from "mysql2/promise";
import type { AccountUpdate } from "../projection.ts";
import { isSameWatermark } from "../store.ts";
import { learnNumbers } from "./account-numbers.ts";
import { makerOf, writeRows } from "./bulk.ts";
import type { Numbers, WriteJob } from "./messages.ts";
import { BatchRows } from "./rows.ts";
import { inTransaction, setWatermark } from "./transaction.ts";

export class BatchWriter {
  readonly #pool: Pool;
  /** Group → its last batch; never rejects. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * The numbers of the job's `rest`; undefined where the watermark is not the one that the batch goes on from, and nothing was
   * written. Rejects with what the database says; then nothing of it took effect, or all of it did.
   */
  write(job: WriteJob): Promise<Numbers | undefined> {
    const before = this.#last.get(job.group) ?? Promise.resolve();
    const written = before.then(() => this.#write(job));
    this.#last.set(
      job.group,
      written.catch(() => {}),
    );
    return written;
  }

  /** Resolves when all that was begun has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  #write({ group, before, after, rows, rest, mayLoad }: WriteJob): Promise<Numbers | undefined> {
    return inTransaction(this.#pool, group, async (connection, found) => {
      if (!isSameWatermark(found, before)) return undefined;
      for (const some of rows) await writeRows(connection, some);
      const learned = await writeAccounts(connection, { group, accounts: rest, mayLoad });
      await setWatermark(connection, group, after);
      return learned;
    });
  }
}

interface Accounts {
  readonly group: string;
  readonly accounts: readonly AccountUpdate[];
  readonly mayLoad: boolean;
}

/** Writes accounts whose numbers are not known: those are asked for, or made, and returned. */
export async function writeAccounts(
  connection: PoolConnection,
  { group, accounts, mayLoad }: Accounts,
): Promise<Numbers> {
  const numbers = await learnNumbers(connection, group, accounts);
  const rows = new BatchRows(makerOf(mayLoad));
  const [missing] = rows.add(accounts, (key) => numbers.get(key));
  if (missing !== undefined) {
    throw new Error(`the database has no number for the account ${missing.key}, which was just added`);
  }
  for (const some of rows.tables()) await writeRows(connection, some);
  return numbers;
}
