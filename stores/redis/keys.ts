/**
 * Names of keys. The group in braces is a hash tag: in a cluster all keys of a group stand on one node, so that a script may change
 * them together. No name has a `/`.
 */
import type { AccountKey } from "../store.ts";

export const watermarkKey = (group: string): string => `rf:{${group}}:watermark`;

/** There while a process deletes the group's keys. */
export const resetKey = (group: string): string => `rf:{${group}}:reset`;

export const balanceKey = ({ group, partner, currency, account }: AccountKey): string =>
  `rf:{${group}}:balance/${partner}/${currency}/${account}`;

export const entriesKey = ({ group, partner, currency, account }: AccountKey): string =>
  `rf:{${group}}:entries/${partner}/${currency}/${account}`;

/** A pattern for SCAN; groups' names have none of its signs. */
export const groupPattern = (group: string, kind: "balance" | "entries"): string => `rf:{${group}}:${kind}/*`;

/** What a balance's key names. */
export function accountOf(key: string): { partner: string; currency: string; account: string } {
  const [, partner, currency, account] = key.split("/") as [string, string, string, string];
  return { partner, currency, account };
}
