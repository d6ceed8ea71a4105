/** The door of `results/`: what other folders may use. */
export { type CurrencyName, type Names, NameTable } from "./names.ts";
export { isControlAt, recordBytesAt, renderRecords, renderResult } from "./render.ts";
