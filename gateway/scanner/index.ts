/** The door: bodies of commands -> records, and why a body was refused. */
export { REFUSED } from "./bytes.ts";
export type { ScanContext } from "./command.ts";
export { CommandScanner, FULL } from "./commands.ts";
export type { Currency } from "./currencies.ts";
export { explain } from "./explain.ts";
export { COMMAND_FIELDS, COMMAND_NAMES } from "./fields.ts";
export type { RecordTarget } from "./writer.ts";
