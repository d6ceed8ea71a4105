/** What the scanner needs to know of a partner, made once for each state of the partner. */
import { TYPE } from "../../engine/index.ts";
import type { Partner, Registry } from "../registry/index.ts";
import type { ScanContext } from "../scanner/index.ts";

/**
 * What a service may send for a partner beside orders: it settles holds. Debits, transfers, reversals and limits stay with the partner's
 * own key, so that a stolen secret takes nothing out of other accounts.
 */
const SETTLING_TYPES = (1 << TYPE.capture) | (1 << TYPE.release);

export class ScanContexts {
  readonly #registry: Registry;
  // The registry replaces a partner's object when anything about it changes, so the object itself is the key.
  readonly #contexts = new WeakMap<Partner, ScanContext>();
  readonly #settling = new WeakMap<Partner, ScanContext>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  of(partner: Partner): ScanContext {
    let context = this.#contexts.get(partner);
    if (context === undefined) {
      const { index, currency, strict, minAmount, maxAmount } = partner;
      context = {
        partner: index,
        currency,
        strict,
        currencies: this.#registry.currencies,
        ...(minAmount === undefined ? {} : { minAmount: minAmount.money }),
        ...(maxAmount === undefined ? {} : { maxAmount: maxAmount.money }),
      };
      this.#contexts.set(partner, context);
    }
    return context;
  }

  /** As `of`, for what a service sends in the partner's name. */
  settling(partner: Partner): ScanContext {
    let context = this.#settling.get(partner);
    if (context === undefined) {
      context = { ...this.of(partner), types: SETTLING_TYPES };
      this.#settling.set(partner, context);
    }
    return context;
  }
}
