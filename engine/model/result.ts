/** Results of the model, and the text in which results of model and machine are compared, field by field. */
import type { ResultCode } from "../codes.ts";
import type { AccountStatus, CommandType } from "../record.ts";
import type { Command, Result } from "../record-codec.ts";
import { minor } from "./numbers.ts";

export interface ModelChange {
  readonly account: string;
  readonly delta: bigint;
  readonly available: bigint;
  readonly held: bigint;
  readonly status: AccountStatus;
  readonly version: number;
}

/** As the codec's Result, with money in minor units. */
export interface ModelResult {
  readonly sequence: number;
  readonly command: Command;
  readonly code: ResultCode;
  readonly timeMs: number;
  readonly account: string | undefined;
  readonly currency: number;
  readonly amount: bigint | undefined;
  /** Undefined when the account shown does not exist; `held` likewise. */
  readonly available: bigint | undefined;
  readonly held: bigint | undefined;
  readonly changes: readonly ModelChange[];
  /** First sequence, on a repeat. */
  readonly of: number | undefined;
  readonly undone: CommandType | undefined;
}

const optional = (value: { hi: number; lo: number } | undefined): bigint | undefined =>
  value === undefined ? undefined : minor(value);

/** The machine's decoded result in the model's shape. */
export function toModelResult(result: Result): ModelResult {
  return {
    sequence: result.sequence,
    command: result.command,
    code: result.code,
    timeMs: result.timeMs,
    account: result.account,
    currency: result.currency,
    amount: optional(result.amount),
    available: optional(result.available),
    held: optional(result.held),
    changes: result.changes.map((change) => ({
      ...change,
      delta: minor(change.delta),
      available: minor(change.available),
      held: minor(change.held),
    })),
    of: result.duplicate === true ? result.of : undefined,
    undone: result.undone,
  };
}

const limit = (value: { hi: number; lo: number } | null | undefined): string =>
  value == null ? String(value) : String(minor(value));

/** The normalized body: equal for two commands exactly if the second is a repeat of the first. */
export function bodyText(command: Command): string {
  const { type, partner, currency, id, account, hold, command: undo, to, amount, memo } = command;
  const names = `${type} ${partner} ${currency} ${id} ${account ?? ""} ${hold ?? ""} ${undo ?? ""} ${to ?? ""}`;
  const numbers = `${limit(amount)} ${command.issued ?? ""} ${command.expiresIn ?? ""}`;
  const limits = `${command.open ?? ""} ${limit(command.minBalance)} ${limit(command.maxBalance)}`;
  return `${names} ${numbers} ${limits} ${memo ?? ""}`;
}

function commandText(command: Command): string {
  // An expire record is made by the group; besides these its fields are the machine's own business.
  if (command.type === "expire") return `expire ${command.partner} ${command.id}`;
  const { atomic, bucketEnd, strict } = command;
  return `${bodyText(command)} ${atomic ?? false} ${bucketEnd ?? false} ${strict ?? false}`;
}

const changeText = (change: ModelChange): string =>
  `{${change.account} ${change.delta} ${change.available}/${change.held} ${change.status} v${change.version}}`;

/** One line with every field of a result. */
export function resultText(result: ModelResult): string {
  const { sequence, code, timeMs, account, currency, amount, available, held, changes, of, undone } = result;
  return (
    `${sequence} ${code} t=${timeMs} ${account ?? "-"}:${currency} amount=${amount} ${available}/${held} ` +
    `[${changes.map(changeText).join("")}] of=${of} undone=${undone} | ${commandText(result.command)}`
  );
}
