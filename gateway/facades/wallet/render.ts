/** Balances and transactions as the wallet shows them. */
import { formatMoney, type Money } from "../../../engine/index.ts";
import type { Entry } from "../../../stores/index.ts";
import type { Currency } from "../../currencies.ts";
import { shownAmount } from "../amount.ts";

/** Of all commands that the wallet makes; a transaction_id is the id behind `wl:`. */
export const WALLET_PREFIX = "wl:tx_";

const HIDDEN = WALLET_PREFIX.indexOf("tx_");

export function transactionIdOf(commandId: string): string {
  return commandId.slice(HIDDEN);
}

/** A decimal in major units with all places of the currency. */
export function availableText({ hi, lo }: Money, { scale }: Currency): string {
  return formatMoney(hi, lo, scale);
}

/** Entries of the store as transactions. */
export function transactionsOf(entries: readonly object[]): object[] {
  return (entries as readonly Entry[]).map(({ id, type, amount, balance, at }) => ({
    transaction_id: id.startsWith(WALLET_PREFIX) ? transactionIdOf(id) : null,
    command_id: id,
    type,
    amount: shownAmount(amount),
    balance_after: shownAmount(balance),
    created_at: at,
  }));
}
