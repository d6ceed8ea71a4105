/**
 * Currencies: ISO 4217 and those that the operator registered. The index goes into records and stays what it is for the
 * life of a journal, so an entry of the ISO table is never removed or changed, even when ISO withdraws the code.
 */
import { assert, SCALE_MAX } from "../engine/index.ts";
import { REGISTERED_CURRENCY_FIRST, REGISTERED_CURRENCY_LAST } from "./limits.ts";

export interface Currency {
  /** 1 to 12 of A-Z and 0-9. */
  readonly code: string;
  /** The number in records: the ISO number, or from 1000 on for registered ones. */
  readonly index: number;
  /** Places behind the point, 0 to 18. */
  readonly scale: number;
}

/**
 * Codes active in November 2026 that have a minor unit, by that unit's number of places; each with its ISO number. Codes
 * without one (gold, test codes, drawing rights) are left out: whoever needs them registers them with a scale.
 */
const ISO_BY_SCALE: readonly (readonly [scale: number, codes: string])[] = [
  [
    0,
    `BIF108 CLP152 DJF262 GNF324 ISK352 JPY392 KMF174 KRW410 PYG600 RWF646 UGX800 UYI940 VND704 VUV548 XAF950 XOF952
     XPF953`,
  ],
  [
    2,
    `AED784 AFN971 ALL008 AMD051 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BMD060 BND096 BOB068 BOV984
     BRL986 BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976 CHE947 CHF756 CHW948 CNY156 COP170 COU970 CRC188 CUP192
     CVE132 CZK203 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981 GHS936 GIP292 GMD270
     GTQ320 GYD328 HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356 IRR364 JMD388 KES404 KGS417 KHR116 KPW408 KYD136
     KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 MRU929 MUR480 MVR462
     MWK454 MXN484 MXV979 MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 PAB590 PEN604 PGK598 PHP608 PKR586
     PLN985 QAR634 RON946 RSD941 RUB643 SAR682 SBD090 SCR690 SDG938 SEK752 SGD702 SHP654 SLE925 SOS706 SRD968 SSP728
     STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TOP776 TRY949 TTD780 TWD901 TZS834 UAH980 USD840 USN997 UYU858
     UZS860 VED926 VES928 WST882 XAD396 XCD951 XCG532 YER886 ZAR710 ZMW967 ZWG924`,
  ],
  [3, "BHD048 IQD368 JOD400 KWD414 LYD434 OMR512 TND788"],
  [4, "CLF990 UYW927"],
];

/** The ISO 4217 table; index is the ISO number. */
export const ISO_CURRENCIES: readonly Currency[] = ISO_BY_SCALE.flatMap(([scale, codes]) =>
  codes.split(/\s+/).map((entry) => Object.freeze({ code: entry.slice(0, 3), index: Number(entry.slice(3)), scale })),
);

/** What a registered code may be; the scale is 0 to SCALE_MAX. */
export const CURRENCY_CODE = /^[A-Z0-9]{1,12}$/;

/** All currencies known at the moment; grows only. */
export class Currencies {
  readonly #byCode = new Map<string, Currency>();
  readonly #byIndex = new Map<number, Currency>();

  constructor() {
    for (const currency of ISO_CURRENCIES) this.#put(currency);
  }

  byCode(code: string): Currency | undefined {
    return this.#byCode.get(code);
  }

  byIndex(index: number): Currency | undefined {
    return this.#byIndex.get(index);
  }

  /** For an index that stands in a record or in the registry: not to know it is a fault. */
  require(index: number): Currency {
    const currency = this.#byIndex.get(index);
    assert(currency !== undefined, `currency index ${index} in use but not known`);
    return currency;
  }

  /**
   * Adds a registered currency. Where ISO has taken the code since, the registered meaning stays, for balances are kept in
   * its scale; ISO's own index remains readable.
   */
  add(currency: Currency): void {
    const { code, index, scale } = currency;
    assert(CURRENCY_CODE.test(code), `currency code ${code} outside its grammar`);
    assert(Number.isInteger(scale) && scale >= 0 && scale <= SCALE_MAX, `currency scale ${scale} outside 0..18`);
    assert(index >= REGISTERED_CURRENCY_FIRST && index <= REGISTERED_CURRENCY_LAST, `currency index ${index}`);
    assert(!this.#byIndex.has(index), `currency index ${index} given twice`);
    this.#put(currency);
  }

  #put(currency: Currency): void {
    this.#byCode.set(currency.code, currency);
    this.#byIndex.set(currency.index, currency);
  }
}
