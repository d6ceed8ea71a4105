/** What a batch changes in a store: the same for every store, so that they differ only in how they write it. */
import type { Change, Result } from "./message.ts";
import { isZero, sumOf } from "./money.ts";
import { type AccountKey, type Batch, ContinuityError, type Entry, type Watermark } from "./store.ts";

/** The last change of an account within a batch, and its entries, oldest first. */
export interface AccountUpdate {
  /** Names the account within its group; no other has it. */
  readonly key: string;
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
  available: string;
  held: string;
  status: string;
  /** Of the first change within the batch and of the last. */
  readonly firstVersion: number;
  version: number;
  readonly firstAt: string;
  at: string;
  readonly entries: Entry[];
}

export interface Projection {
  /** After the batch. */
  readonly watermark: Watermark;
  /** Results that count; 0: all were applied before. */
  readonly applied: number;
  readonly accounts: readonly AccountUpdate[];
  /** Entries of all accounts. */
  readonly entryCount: number;
}

/** An account as one text within its group: names have no `/`. */
export const keyOf = ({ partner, currency, account }: Omit<AccountKey, "group">): string =>
  `${account}/${currency}/${partner}`;

/** Counterparty of money that came from or went outside. */
const WORLD = "@world";

/** What is new in a batch for a store at `watermark`. Throws ContinuityError. */
export function project(batch: Batch, watermark: Watermark): Projection {
  const { group, epoch, journal, results } = batch;
  const first = results[0]!.sequence;
  const last = first + results.length - 1;
  const refuse = (code: ContinuityError["code"], message: string): never => {
    throw new ContinuityError(code, watermark, `group ${group}: ${message}`);
  };
  if (watermark.journal !== "" && journal !== "" && watermark.journal !== journal) {
    refuse("FOREIGN", `results of journal ${journal} came, but the store has those of journal ${watermark.journal}`);
  }
  if (last <= watermark.sequence) return { watermark, applied: 0, accounts: [], entryCount: 0 };
  if (first > watermark.sequence + 1) {
    refuse("GAP", `results ${watermark.sequence + 1} to ${first - 1} are missing`);
  }
  if (epoch < watermark.epoch) refuse("STALE_EPOCH", `results of epoch ${epoch} came after epoch ${watermark.epoch}`);
  const updates = new Updates(refuse);
  for (let i = watermark.sequence + 1 - first; i < results.length; i++) updates.add(results[i]!);
  const after = { sequence: last, epoch, journal: journal === "" ? watermark.journal : journal };
  const { accounts, entryCount } = updates;
  return { watermark: after, applied: last - watermark.sequence, accounts, entryCount };
}

type Refuse = (code: ContinuityError["code"], message: string) => never;

class Updates {
  readonly accounts: AccountUpdate[] = [];
  entryCount = 0;
  readonly #byKey = new Map<string, AccountUpdate>();
  readonly #refuse: Refuse;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  add(result: Result): void {
    const { changes } = result;
    // A repeat shows the first result's changes once more; they are in the store.
    if (result.duplicate === true || changes.length === 0) return;
    const one = changes[0]!;
    const other = changes[1];
    this.#change(result, one, other?.account ?? WORLD);
    if (other !== undefined) this.#change(result, other, one.account);
  }

  #change(result: Result, change: Change, counterparty: string): void {
    const update = this.#update(result, change);
    if (isZero(change.delta)) return;
    this.entryCount++;
    update.entries.push({
      sequence: result.sequence,
      id: result.id,
      type: result.type,
      amount: change.delta,
      balance: sumOf(change.available, change.held),
      counterparty,
      memo: result.memo ?? null,
      at: result.at,
    });
  }

  #update({ partner, at, sequence }: Result, change: Change): AccountUpdate {
    const { account, currency, available, held, status, version } = change;
    const key = keyOf({ partner, currency, account });
    const known = this.#byKey.get(key);
    if (known === undefined) {
      const versions = { firstVersion: version, version, firstAt: at, at };
      const update = { key, partner, currency, account, available, held, status, ...versions, entries: [] };
      this.#byKey.set(key, update);
      this.accounts.push(update);
      return update;
    }
    if (version !== (known.version + 1) >>> 0) {
      this.#refuse("VERSION", `result ${sequence} makes version ${version} of ${key}, after ${known.version}`);
    }
    known.available = available;
    known.held = held;
    known.status = status;
    known.version = version;
    known.at = at;
    return known;
  }
}
