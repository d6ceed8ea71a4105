/** POST /onePass/validateBalance: an expected amount against the engine, and the engine against the stores. */
import { setTimeout as sleep } from "node:timers/promises";
import { formatMoney } from "../../../engine/index.ts";
import type { RouteDeps } from "../../app-type.ts";
import type { Partner } from "../../registry/index.ts";
import { groupOf } from "../../routes/group-of.ts";
import type { StoreBalance } from "../../stores.ts";
import { jsonNumber } from "../json.ts";

/** Times and milliseconds in which a store may come up to the engine: it follows a moment behind. */
const TRIES = 20;
const WAIT_MS = 50;

export interface Validation {
  /** The amount is as expected, and every store has it. */
  readonly isRight: boolean;
  /** What is wrong, in a sentence. */
  readonly msg: string;
  readonly data: object;
}

/** `equal`: at the engine's version and with its amount. `behind`: at an earlier one. */
type StoreVerdict = "equal" | "behind" | "different" | "unreachable";

export async function validateBalance(
  deps: RouteDeps,
  partner: Partner,
  { uid, expected }: { readonly uid: string; readonly expected: string },
): Promise<Validation> {
  const { index, currency, id, group } = partner;
  const key = { group: group.name, partner: id, currency: currency.code, account: uid };
  for (let tries = 1; ; tries++) {
    const stored = await deps.stores.balances(key);
    // Behind the stores, so that none of them can be ahead of it.
    const view = await groupOf(deps, partner).account(index, currency.index, uid);
    const amount = view === undefined ? "0.00" : formatMoney(view.available.hi, view.available.lo, 2);
    const engine = { amount, version: view?.version ?? 0 };
    const stores = stored.map((one) => ({ name: one.name, verdict: verdictOf(one, engine) }));
    if (tries < TRIES && stores.some(({ verdict }) => verdict === "behind")) {
      await sleep(WAIT_MS);
      continue;
    }
    const faults = stores
      .filter(({ verdict }) => verdict !== "equal")
      .map((one) => `the ${one.name} store is ${one.verdict}`);
    const wanted = atTwoPlaces(expected);
    if (amount !== wanted) faults.unshift(`the amount is ${amount}`);
    const data = { uid: jsonNumber(uid), expectedAmount: jsonNumber(wanted), amount: jsonNumber(amount), stores };
    return { isRight: faults.length === 0, msg: faults.join(", "), data };
  }
}

function verdictOf(store: StoreBalance, engine: { readonly amount: string; readonly version: number }): StoreVerdict {
  if ("reason" in store) return "unreachable";
  const { available, version } = store.balance ?? { available: "0.00", version: 0 };
  if (version < engine.version) return "behind";
  return version === engine.version && available === engine.amount ? "equal" : "different";
}

/** `100` and `100.5` as `100.00` and `100.50`; a negative zero is zero. */
function atTwoPlaces(text: string): string {
  const [whole = "", fraction = ""] = text.split(".");
  const padded = `${whole}.${fraction.padEnd(2, "0")}`;
  return padded === "-0.00" ? "0.00" : padded;
}
