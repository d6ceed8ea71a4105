/** All accounts of a group as of one sequence, rebuilt from its files: what copies of the balances are made from and held against. */
import { eachAccount, formatMoney, type Machine, type Money, StateLoader, WORLD } from "../engine/index.ts";
import { type FileLayer, nodeLayer, readSnapshot } from "../journal/index.ts";
import { journalText } from "./journal-feed.ts";
import { type Names, NameTable } from "./names.ts";
import { namesOf } from "./replay.ts";
import { listSnapshots } from "./snapshots.ts";

/** An account but `@world`; money in major units. */
export interface AccountAt {
  readonly partner: string;
  readonly currency: string;
  readonly account: string;
  readonly available: string;
  readonly held: string;
  readonly status: string;
  readonly version: number;
}

export interface SnapshotAccounts {
  /** The last sequence included. */
  readonly sequence: number;
  readonly epoch: number;
  /** Id of the journal, lower-case hex. */
  readonly journal: string;
  readonly accounts: Iterable<AccountAt>;
}

type AccountState = Parameters<typeof eachAccount>[0];

/** The accounts of a replayed state. */
export function accountsOf(machine: Machine): Iterable<AccountAt> {
  return accountsIn(machine.state, namesOf(machine));
}

function* accountsIn(state: AccountState, names: Names): Generator<AccountAt, void, void> {
  for (const { partner, currency, name: account, available, held, status, version } of eachAccount(state)) {
    if (account === WORLD) continue;
    const { code, scale } = names.currency(currency);
    const text = ({ hi, lo }: Money) => formatMoney(hi, lo, scale);
    const money = { available: text(available), held: text(held) };
    yield { partner: names.partner(partner), currency: code, account, ...money, status, version };
  }
}

/** The accounts in the newest snapshot, or undefined if there is none. Throws DamageError if it cannot be read. */
export function snapshotAccounts(directory: string, layer: FileLayer = nodeLayer): SnapshotAccounts | undefined {
  const newest = listSnapshots(layer, directory)[0];
  if (newest === undefined) return undefined;
  const loader = new StateLoader();
  readSnapshot(layer, newest.path, (tag, index, bytes, left) => loader.add({ tag, index, bytes }, left));
  const state = loader.finish();
  const names = new NameTable();
  for (const [index, name] of state.partners) names.addPartner(index, name);
  for (const [index, currency] of state.currencies) names.addCurrency(index, currency);
  const { epoch, journalId } = newest.meta;
  return { sequence: newest.sequence, epoch, journal: journalText(journalId), accounts: accountsIn(state, names) };
}
