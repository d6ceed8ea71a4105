/** Balances and entries rebuilt from the topic alone: a projection so plain that it can be wrong in no interesting way. */
import type { Result } from "../../results/message.ts";
import { cents } from "./ledger.ts";

/** Newest entries that are kept of an account: as many as Redis keeps. */
const ENTRIES_KEPT = 1000;

export interface BookedAccount {
  readonly partner: string;
  readonly account: string;
  readonly currency: string;
  available: string;
  held: string;
  status: string;
  version: number;
  /** Sum of the deltas. */
  sum: bigint;
  /** `sequence amount`, the newest last. */
  readonly entries: string[];
}

export class TopicBook {
  /** `partner/account/currency` → what results say of it. */
  readonly accounts = new Map<string, BookedAccount>();
  readonly faults: string[] = [];
  entryCount = 0;

  take({ sequence, partner, changes, duplicate }: Result): void {
    if (duplicate === true) return;
    for (const { account, currency, available, held, status, version, delta } of changes) {
      const key = `${partner}/${account}/${currency}`;
      const known = this.accounts.get(key) ?? { ...NEW, partner, account, currency, entries: [] };
      this.accounts.set(key, known);
      if (version !== known.version + 1)
        this.faults.push(`${sequence}: version ${version} of ${key} after ${known.version}`);
      Object.assign(known, { available, held, status, version });
      known.sum += cents(delta);
      if (known.sum !== cents(available) + cents(held))
        this.faults.push(`${sequence}: ${key} has ${available} and ${held}, its deltas give ${known.sum} cents`);
      if (cents(delta) === 0n) continue;
      this.entryCount++;
      known.entries.push(`${sequence} ${delta}`);
      if (known.entries.length >= 2 * ENTRIES_KEPT) known.entries.splice(0, ENTRIES_KEPT);
    }
  }

  /** The newest entries of an account, newest first. */
  newest({ entries }: BookedAccount): readonly string[] {
    return entries.slice(-ENTRIES_KEPT).reverse();
  }
}

const NEW = { available: "0.00", held: "0.00", status: "active", version: 0, sum: 0n };
