/**
 * The state of the scan under way. In a file of its own, because V8 reaches a constant that its file exports through one
 * step more: each file takes local copies of these, see bytes.ts.
 */
import { CurrencyCache } from "./currencies.ts";
import { Decimal } from "./decimals.ts";
import { Draft } from "./draft.ts";

/** The command under scan. */
export const DRAFT = new Draft();
export const AMOUNT = new Decimal();
export const FLOOR = new Decimal();
export const CEILING = new Decimal();

/** Holds the command's currency, if it gave one. */
export const CURRENCIES = new CurrencyCache();
