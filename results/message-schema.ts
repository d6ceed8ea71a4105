/** The schema of the results topic's records: what `docs/asyncapi.yaml` shows and real records are checked against. */
import { Type } from "typebox";
import { CODE_NAMES, STATUS_NAMES, TYPE_NAMES } from "../engine/index.ts";
import { HEADER, MESSAGE_TYPE } from "./message.ts";

const closed = { additionalProperties: false };

const text = (description: string, example?: string) =>
  Type.String({ description, ...(example === undefined ? {} : { examples: [example] }) });
const name = (description: string) => Type.String({ description, minLength: 1, maxLength: 80 });
const time = (description: string) =>
  Type.String({ description, pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" });
const sequence = (description: string) => Type.Integer({ description, minimum: 1 });
const money = (description: string) => Type.String({ description, pattern: "^-?(0|[1-9]\\d*)(\\.\\d{1,18})?$" });
const orNull = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

const known = (names: readonly (string | undefined)[]) => names.filter((one) => one !== undefined && one !== "");

const ChangeSchema = Type.Object(
  {
    account: name("The account"),
    currency: name("Its currency"),
    delta: money("Signed change of available + held"),
    available: money("After the command"),
    held: money("After the command"),
    status: Type.Unsafe<"active" | "frozen" | "closed">({ type: "string", enum: known(STATUS_NAMES) }),
    version: sequence("Counts the account's changes"),
  },
  closed,
);

const ResultSchema = Type.Object(
  {
    sequence: sequence("Place of the command in its group; sequences have no gaps"),
    id: name("The command's id; @expire:<hold> for an expiry"),
    type: Type.Unsafe<string>({ type: "string", enum: known(TYPE_NAMES) }),
    status: Type.Unsafe<"applied" | "rejected">({ type: "string", enum: ["applied", "rejected"] }),
    code: Type.Unsafe<string>({ type: "string", enum: known(CODE_NAMES) }),
    at: time("When it was applied; of a repeat, when the first was"),
    partner: name("The partner whose command it is"),
    currency: orNull(name("null where a hold or a command that was named is not known")),
    account: orNull(name("null as currency")),
    amount: Type.Optional(money("What was moved; of a rejected command, what was asked for")),
    to: Type.Optional(name("The other account")),
    hold: Type.Optional(name("Id of the hold's command")),
    command: Type.Optional(name("Id of the command to reverse")),
    memo: Type.Optional(text("As it came with the command")),
    available: orNull(money("Of the account, after the command")),
    held: orNull(money("Of the account, after the command")),
    changes: Type.Array(ChangeSchema, {
      description: "One for each account touched; empty when rejected",
      maxItems: 2,
    }),
    duplicate: Type.Optional(Type.Literal(true, { description: "A repeat of an id: the first result again" })),
    of: Type.Optional(sequence("With duplicate: sequence of the first result")),
  },
  closed,
);

/** The value of a record. */
export const ResultsMessageSchema = Type.Object(
  {
    group: name("The partner group; also the record's key"),
    epoch: sequence("1 until groups are replicated"),
    first: sequence("Sequence of the first result"),
    count: Type.Integer({ description: "Number of results", minimum: 1, maximum: 1000 }),
    at: time("Time of the batch in which they were applied"),
    results: Type.Array(ResultSchema, { minItems: 1, maxItems: 1000 }),
  },
  closed,
);

/** The headers of a record, as text. */
export const HeadersSchema = Type.Object(
  {
    [HEADER.specversion]: Type.Literal("1.0"),
    [HEADER.id]: text("<group>/<epoch>/<first sequence>", "g0/1/42"),
    [HEADER.type]: Type.Literal(MESSAGE_TYPE),
    [HEADER.source]: text("/ringfence/groups/<group>", "/ringfence/groups/g0"),
    [HEADER.time]: time("As `at`"),
    [HEADER.contentType]: Type.Literal("application/json"),
    [HEADER.journal]: Type.String({ description: "Id of the journal that it is of", pattern: "^[0-9a-f]{32}$" }),
    [HEADER.first]: Type.String({ description: "As `first`, in digits", pattern: "^[1-9]\\d*$" }),
    [HEADER.count]: Type.String({ description: "As `count`, in digits", pattern: "^[1-9]\\d*$" }),
  },
  closed,
);
