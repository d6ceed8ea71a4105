/**
 * The fields of each command type: the one table from which the scanner, the explainer and the OpenAPI schema take
 * what is required, optional and refused.
 */
import type { CommandType } from "../../engine/index.ts";

/** A type that a client may send: `expire` is the group's own. */
export type CommandName = Exclude<CommandType, "expire">;

/** Every field of any command, with the kind of its value. */
export const FIELD_KINDS = Object.freeze({
  id: "name",
  account: "name",
  to: "name",
  hold: "name",
  command: "name",
  type: "type",
  amount: "amount",
  currency: "currency",
  memo: "memo",
  issued: "time",
  expiresIn: "seconds",
  open: "boolean",
  minBalance: "floor",
  maxBalance: "ceiling",
});

export type FieldName = keyof typeof FIELD_KINDS;
export type FieldKind = (typeof FIELD_KINDS)[FieldName];

export const FIELD_NAMES = Object.keys(FIELD_KINDS) as readonly FieldName[];

export interface FieldRule {
  readonly required: readonly FieldName[];
  readonly optional: readonly FieldName[];
}

/** Fields beside `type`, and beside those that any command may have. What is in neither list is refused. */
const OWN_FIELDS: Readonly<Record<CommandName, FieldRule>> = {
  open: { required: ["id", "account"], optional: ["currency", "minBalance", "maxBalance"] },
  credit: { required: ["id", "account", "amount"], optional: ["currency", "open"] },
  debit: { required: ["id", "account", "amount"], optional: ["currency"] },
  transfer: { required: ["id", "account", "to", "amount"], optional: ["currency", "open"] },
  hold: { required: ["id", "account", "amount"], optional: ["currency", "expiresIn"] },
  capture: { required: ["id", "hold"], optional: ["amount", "to", "currency", "open"] },
  release: { required: ["id", "hold"], optional: ["currency"] },
  reverse: { required: ["id", "command"], optional: ["currency"] },
  freeze: { required: ["id", "account"], optional: ["currency"] },
  unfreeze: { required: ["id", "account"], optional: ["currency"] },
  close: { required: ["id", "account"], optional: ["currency"] },
  limits: { required: ["id", "account"], optional: ["currency", "minBalance", "maxBalance"] },
};

export const COMMAND_NAMES = Object.keys(OWN_FIELDS) as readonly CommandName[];

/** Fields of each type, complete: `type` is required and `memo` and `issued` are optional everywhere. */
export const COMMAND_FIELDS = Object.freeze(
  Object.fromEntries(
    COMMAND_NAMES.map((name): [CommandName, FieldRule] => {
      const { required, optional } = OWN_FIELDS[name];
      return [name, { required: ["type", ...required], optional: [...optional, "memo", "issued"] }];
    }),
  ),
) as Readonly<Record<CommandName, FieldRule>>;
