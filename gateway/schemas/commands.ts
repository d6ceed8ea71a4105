/**
 * The commands of POST /v1/commands, one schema a type: the documentation of the hot route, whose scanner is held equal to
 * it by a test. Every object is closed: unknown fields are refused.
 */
import { type TProperties, Type } from "typebox";
import { BUCKET_COMMANDS_MAX, type CommandType, EXPIRES_IN_SECONDS_MAX, MEMO_BYTES_MAX } from "../../engine/index.ts";
import { CurrencyCode, component, Id, Time } from "./common.ts";

/** A command that clients send; `expire` is written by the group alone. */
export type ClientCommandType = Exclude<CommandType, "expire">;

const DECIMAL = "(0|[1-9][0-9]*)(\\.[0-9]{1,18})?";

const text = (pattern: string, description: string, example: string) =>
  Type.String({ pattern, description, examples: [example] });

const Amount = Type.Union(
  [
    text(`^${DECIMAL}$`, "Decimal in major units, at most the currency's places, at most 27 digits", "10.25"),
    Type.Number({ exclusiveMinimum: 0, description: "Taken from its literal digits: no sign, no exponent" }),
  ],
  { description: "Above zero" },
);

const Floor = Type.Union([
  text(`^(-${DECIMAL}|0(\\.0{1,18})?)$`, "Zero or below", "-50.00"),
  Type.Number({ maximum: 0 }),
]);
const Ceiling = Type.Union([text(`^${DECIMAL}$`, "Zero or above", "1000.00"), Type.Number({ minimum: 0 })]);
const removable = (schema: object) => Type.Unsafe<unknown>({ anyOf: [schema, { type: "null" }] });

const optionalCurrency = Type.Optional(CurrencyCode);
const opens = Type.Optional(
  Type.Boolean({ description: "false: `ACCOUNT_NOT_FOUND` rather than opening the receiving account" }),
);

/** Fields of each type beside `id`, `type`, `memo` and `issued`. */
const FIELDS: { readonly [type in ClientCommandType]: TProperties } = {
  open: {
    account: Id,
    currency: optionalCurrency,
    minBalance: Type.Optional(Floor),
    maxBalance: Type.Optional(Ceiling),
  },
  credit: { account: Id, amount: Amount, currency: optionalCurrency, open: opens },
  debit: { account: Id, amount: Amount, currency: optionalCurrency },
  transfer: { account: Id, to: Id, amount: Amount, currency: optionalCurrency, open: opens },
  hold: {
    account: Id,
    amount: Amount,
    currency: optionalCurrency,
    expiresIn: Type.Optional(Type.Integer({ minimum: 1, maximum: EXPIRES_IN_SECONDS_MAX, description: "Seconds" })),
  },
  capture: { hold: Id, amount: Type.Optional(Amount), to: Type.Optional(Id), currency: optionalCurrency, open: opens },
  release: { hold: Id, currency: optionalCurrency },
  reverse: { command: Id, currency: optionalCurrency },
  freeze: { account: Id, currency: optionalCurrency },
  unfreeze: { account: Id, currency: optionalCurrency },
  close: { account: Id, currency: optionalCurrency },
  limits: {
    account: Id,
    currency: optionalCurrency,
    minBalance: Type.Optional(removable(Floor)),
    maxBalance: Type.Optional(removable(Ceiling)),
  },
};

const DESCRIPTIONS: { readonly [type in ClientCommandType]: string } = {
  open: "Opens an account and sets its limits",
  credit: "Brings money in from the world",
  debit: "Takes money out to the world",
  transfer: "Moves money between two accounts of the partner",
  hold: "Sets money aside; named by this command's id",
  capture: "Takes held money, the whole rest unless `amount` is given, to the world or to `to`",
  release: "Gives the rest of a hold back",
  reverse: "Undoes an applied credit, debit, transfer or capture, once and whole",
  freeze: "Stops movements on an account, but for captures, releases and expiries",
  unfreeze: "Ends a freeze",
  close: "Closes an empty account for good",
  limits: "Changes the floor and the ceiling: absent keeps, null removes",
};

function schemaOf(type: ClientCommandType) {
  const properties = {
    id: Id,
    type: Type.Literal(type),
    ...FIELDS[type],
    memo: Type.Optional(Type.String({ maxLength: MEMO_BYTES_MAX, description: "At most 128 bytes of UTF-8" })),
    issued: Type.Optional({ ...Time, description: "When it was first sent; older than the horizon is `TOO_OLD`" }),
  };
  return Type.Object(properties, { additionalProperties: false, description: DESCRIPTIONS[type] });
}

/** Types in the order of their numbers. */
export const CLIENT_COMMAND_TYPES = Object.keys(FIELDS) as readonly ClientCommandType[];

const componentName = (type: ClientCommandType) => `${type.charAt(0).toUpperCase()}${type.slice(1)}Command`;
const reference = (type: ClientCommandType) => `#/components/schemas/${componentName(type)}`;

/** Component name → schema, one a command type. */
export const COMMAND_SCHEMAS: Readonly<Record<string, object>> = Object.freeze(
  Object.fromEntries(CLIENT_COMMAND_TYPES.map((type) => [componentName(type), schemaOf(type)])),
);

/** One command, told by `type`. */
export const Command = Type.Unsafe<unknown>({
  oneOf: CLIENT_COMMAND_TYPES.map((type) => ({ $ref: reference(type) })),
  discriminator: {
    propertyName: "type",
    mapping: Object.fromEntries(CLIENT_COMMAND_TYPES.map((type) => [type, reference(type)])),
  },
});

/** The body of POST /v1/commands. */
export const Bucket = Type.Object(
  {
    commands: Type.Array(component("Command"), { minItems: 1, maxItems: BUCKET_COMMANDS_MAX }),
    atomic: Type.Optional(Type.Boolean({ description: "Applied whole or not at all; false unless given" })),
  },
  { additionalProperties: false, description: "At most 10,000 commands and 4 MiB" },
);
