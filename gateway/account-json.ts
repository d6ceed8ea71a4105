import { formatMoney, fromBigInt, type Money, toBigInt } from "../engine/index.ts";
import type { Currency } from "./currencies.ts";
import type { AccountView } from "./group.ts";

/** An account as replies carry it; money as decimal strings in major units. */
export function accountJson(view: AccountView, currency: Currency): Record<string, string | number> {
  const money = ({ hi, lo }: Money) => formatMoney(hi, lo, currency.scale);
  return {
    account: view.account,
    currency: currency.code,
    available: money(view.available),
    held: money(view.held),
    balance: money(fromBigInt(toBigInt(view.available) + toBigInt(view.held))),
    status: view.status,
    minBalance: money(view.minBalance),
    ...(view.maxBalance === undefined ? {} : { maxBalance: money(view.maxBalance) }),
    version: view.version,
    sequence: view.sequence,
  };
}
