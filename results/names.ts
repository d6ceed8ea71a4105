/** What the indexes in records stand for. */
import { assert, type Control } from "../engine/index.ts";

export interface CurrencyName {
  /** A-Z and 0-9. */
  readonly code: string;
  /** Places behind the point, 0 to 18. */
  readonly scale: number;
}

/** Names are put into JSON as they are: they are ASCII without quotes, backslashes and control characters. */
export interface Names {
  /** Name of the partner with this index. Throws if it is not known. */
  partner(index: number): string;
  /** Throws if the index is not known. */
  currency(index: number): CurrencyName;
}

/** An index that no record seen so far has defined. */
export class UnknownNameError extends Error {
  override name = "UnknownNameError";
}

const PARTNER = /^[A-Za-z0-9._:-]{1,64}$/;
const CODE = /^[A-Z0-9]{1,12}$/;

/** Names learned from a journal's control records, or from a snapshot's state. */
export class NameTable implements Names {
  readonly #partners = new Map<number, string>();
  readonly #currencies = new Map<number, CurrencyName>();

  /** Takes what a control record defines; setHorizon defines nothing. A later definition of an index counts. */
  learn(record: Control): void {
    if (record.type === "definePartner") this.addPartner(record.partner, record.id);
    if (record.type === "defineCurrency") this.addCurrency(record.currency, { code: record.id, scale: record.scale });
  }

  addPartner(index: number, name: string): void {
    assert(PARTNER.test(name), "a partner's name is 1 to 64 bytes of A-Z, a-z, 0-9 and ._:-");
    this.#partners.set(index, name);
  }

  addCurrency(index: number, { code, scale }: CurrencyName): void {
    assert(CODE.test(code), "a currency's code is 1 to 12 bytes of A-Z and 0-9");
    this.#currencies.set(index, { code, scale });
  }

  partner(index: number): string {
    const name = this.#partners.get(index);
    if (name === undefined) throw new UnknownNameError(`no record of the journal defines partner ${index}`);
    return name;
  }

  currency(index: number): CurrencyName {
    const currency = this.#currencies.get(index);
    if (currency === undefined) throw new UnknownNameError(`no record of the journal defines currency ${index}`);
    return currency;
  }

  /** Index of a partner by name, or undefined. */
  partnerIndex(name: string): number | undefined {
    return [...this.#partners].find(([, known]) => known === name)?.[0];
  }

  /** Index of a currency by code, or undefined; the one defined last where a code was defined twice. */
  currencyIndex(code: string): number | undefined {
    return [...this.#currencies].findLast(([, known]) => known.code === code)?.[0];
  }
}
