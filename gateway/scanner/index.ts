/** The door: bodies of commands -> records, and why a body was refused. */
export { REFUSED } from "./bytes.ts";
export type { ScanContext } from "./command.ts";
export { CommandScanner, FULL } from "./commands.ts";
export type { Currencies, Currency } from "./currencies.ts";
export { explain } from "./explain.ts";
export {
  COMMAND_FIELDS,
  COMMAND_NAMES,
  type CommandName,
  FIELD_KINDS,
  type FieldKind,
  type FieldName,
  type FieldRule,
} from "./fields.ts";
export { BODY_ERROR_CODES, type BodyError, type BodyErrorCode } from "./problems.ts";
export type { RecordTarget } from "./writer.ts";
