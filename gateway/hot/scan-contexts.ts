/** What the scanner needs to know of a partner, made once for each state of the partner. */
import type { Partner, Registry } from "../registry/index.ts";
import type { ScanContext } from "../scanner/index.ts";

export class ScanContexts {
  readonly #registry: Registry;
  readonly #contexts = new WeakMap<Partner, ScanContext>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  of(partner: Partner): ScanContext {
    // The registry replaces a partner's object when anything about it changes, so the object itself is the key.
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
}
