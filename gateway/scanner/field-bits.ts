/** The field table as numbers, for the scanner: an index for each field, a bit for each index, masks for each type. */
import { TYPE } from "../../engine/index.ts";
import { COMMAND_FIELDS, COMMAND_NAMES, FIELD_NAMES, type FieldName } from "./fields.ts";

/** Field name -> its index, which is its keyword's. */
export const INDEX = Object.freeze(Object.fromEntries(FIELD_NAMES.map((name, index) => [name, index]))) as Readonly<
  Record<FieldName, number>
>;

/** Bits (1 << index) of the fields that each TYPE number needs. */
export const REQUIRED_BITS = new Int32Array(COMMAND_NAMES.length + 1);

/** Bits of the fields that each TYPE number may have. Type 0, none read yet, may have none. */
export const ALLOWED_BITS = new Int32Array(COMMAND_NAMES.length + 1);

for (const name of COMMAND_NAMES) {
  const { required, optional } = COMMAND_FIELDS[name];
  REQUIRED_BITS[TYPE[name]] = bitsOf(required);
  ALLOWED_BITS[TYPE[name]] = bitsOf([...required, ...optional]);
}

function bitsOf(fields: readonly FieldName[]): number {
  return fields.reduce((bits, field) => bits | (1 << INDEX[field]), 0);
}
