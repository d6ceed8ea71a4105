/**
 * Tells a group the names behind indexes before they are used, as control records, so that its journal can be read without the
 * registry. What the journal knows already is not said again.
 */
import { type Control, encodeCommand } from "../../engine/index.ts";
import { ISO_CURRENCIES } from "../currencies.ts";
import type { Registry } from "../registry/index.ts";
import type { Known } from "../thread/messages.ts";

export class Definitions {
  readonly #registry: Registry;
  readonly #group: string;
  readonly #horizonCommands: number;
  #partners = new Set<number>();
  #currencies = new Set<number>();
  #isHorizonSet = true;
  /** What the group knew when it was ready. */
  #known: Known | undefined;
  /** Registry version up to which everything is defined; -1 before the group is ready. */
  version = -1;

  constructor(options: { registry: Registry; group: string; horizonCommands: number }) {
    this.#registry = options.registry;
    this.#group = options.group;
    this.#horizonCommands = options.horizonCommands;
  }

  /** Starts from what a group knows after its recovery. */
  reset(known: Known): void {
    this.#known = known;
    this.#partners = new Set(known.partners.map(([index]) => index));
    this.#currencies = new Set(known.currencies.map(([index]) => index));
    this.#isHorizonSet = known.horizonCommands === this.#horizonCommands;
    this.version = -1;
  }

  /**
   * What the group knows and the registry says otherwise, as one line; undefined if they agree. So it is where an older registry was put
   * back beside the journals: indexes that it gives anew would hand the money of those who had them to others (promise I12).
   */
  contradiction(known: Known): string | undefined {
    for (const [index, id] of known.partners) {
      const partner = this.#registry.partnerByIndex(index);
      if (partner?.id === id && partner.group.name === this.#group) continue;
      const found = partner === undefined ? "nobody" : `${partner.id} of group ${partner.group.name}`;
      return `the journal of group ${this.#group} has partner ${id} under index ${index}, the registry ${found}; put back the registry that belongs to it`;
    }
    for (const [index, code, scale] of known.currencies) {
      const currency = this.#registry.currencies.byIndex(index);
      if (currency?.code === code && currency.scale === scale) continue;
      const found = currency === undefined ? "none" : `${currency.code} with scale ${currency.scale}`;
      return `the journal of group ${this.#group} has currency ${code} with scale ${scale} under index ${index}, the registry ${found}; put back the registry that belongs to it`;
    }
    return undefined;
  }

  /** Says all anew that was said since `reset`, for some of it was refused. A repeated definition changes nothing. */
  again(): void {
    if (this.#known !== undefined) this.reset(this.#known);
  }

  /** Control records for all that is not defined yet. To be followed by `done` once they are on their way. */
  missing(): Control[] {
    const controls: Control[] = [];
    if (!this.#isHorizonSet) controls.push({ type: "setHorizon", commands: this.#horizonCommands });
    for (const currency of [...ISO_CURRENCIES, ...this.#registry.registeredCurrencies()]) {
      if (this.#currencies.has(currency.index)) continue;
      controls.push({ type: "defineCurrency", currency: currency.index, id: currency.code, scale: currency.scale });
    }
    for (const partner of this.#registry.partners({ after: 0, limit: Number.MAX_SAFE_INTEGER })) {
      if (partner.group.name !== this.#group || this.#partners.has(partner.index)) continue;
      controls.push({ type: "definePartner", partner: partner.index, id: partner.id });
    }
    return controls;
  }

  done(controls: readonly Control[]): void {
    for (const control of controls) {
      if (control.type === "defineCurrency") this.#currencies.add(control.currency);
      else if (control.type === "definePartner") this.#partners.add(control.partner);
      else this.#isHorizonSet = true;
    }
    this.version = this.#registry.version;
  }
}

/** Bytes of the largest control record: 16 head, 8 number, a name of 64. */
export const CONTROL_BYTES_MAX = 88;

/** Writes control records at byte `start`; returns the byte behind them. */
export function writeControls(controls: readonly Control[], bytes: Uint8Array, start: number): number {
  let at = start;
  for (const control of controls) at += encodeCommand(control, bytes, at);
  return at;
}
