/** The door: bodies of commands -> records, and why a body was refused. */
export { REFUSED } from "./bytes.ts";
export type { ScanContext } from "./command.ts";
export { CommandScanner, FULL } from "./commands.ts";
export type { Currency } from "./currencies.ts";
export { explain } from "./explain.ts";
export { explainOrders } from "./explain-orders.ts";
export { COMMAND_FIELDS, COMMAND_NAMES } from "./fields.ts";
export { type OrderRings, OrderScanner } from "./orders.ts";
export type { OrderPartners, OrderScope, PartnerRefusal } from "./partner-table.ts";
export type { RecordTarget } from "./writer.ts";
