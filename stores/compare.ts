/** A store held against what its balances must be, account by account. */
import type { Balance, Store } from "./store.ts";

/** An account as it must be. */
export type Expected = Omit<Balance, "updatedAtMs">;

export interface Comparison {
  /** Accounts on both sides, equal or not. */
  readonly compared: number;
  /** A line for each account that differs, is missing, or should not be there. */
  readonly differences: readonly string[];
}

/** Compares all accounts of a group. Neither side may change meanwhile: the caller looks at the watermark before and after. */
export async function compareBalances(store: Store, group: string, expected: Iterable<Expected>): Promise<Comparison> {
  const rest = new Map<string, string>();
  for (const account of expected) rest.set(keyOf(account), textOf(account));
  const differences: string[] = [];
  let compared = 0;
  for await (const balance of store.balances(group)) {
    const key = keyOf(balance);
    const wanted = rest.get(key);
    rest.delete(key);
    if (wanted !== undefined) compared++;
    const found = textOf(balance);
    if (wanted === undefined) differences.push(`${key}: the store has ${found}, the engine has no such account`);
    else if (wanted !== found) differences.push(`${key}: the store has ${found}, the engine ${wanted}`);
  }
  for (const [key, wanted] of rest) differences.push(`${key}: the store has nothing, the engine ${wanted}`);
  return { compared, differences: differences.sort() };
}

const keyOf = ({ partner, account, currency }: Expected): string => `${partner}/${account}/${currency}`;

const textOf = ({ available, held, status, version }: Expected): string =>
  `available ${available} held ${held} ${status} version ${version}`;
