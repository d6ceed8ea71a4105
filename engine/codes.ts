/**
 * The result codes, in the order of precedence: of several reasons to refuse a command, the first in this list names
 * the result. The position is the code's number in records, so a new code may only be added at the end of the format's
 * life, together with a new format version.
 */
export const RESULT_CODES = [
  ["OK", "The command was applied."],
  ["ID_REUSED", "The id was used before for another body, or by a bucket's new command beside repeats."],
  ["TOO_OLD", "`issued` lies before the id horizon, so a first attempt could no longer be recognised."],
  ["COMMAND_NOT_FOUND", "The command to reverse is not remembered."],
  ["NOT_REVERSIBLE", "Only an applied credit, debit, transfer or capture can be reversed."],
  ["ALREADY_REVERSED", "The command was reversed before."],
  ["HOLD_NOT_FOUND", "No hold has this id."],
  ["CURRENCY_MISMATCH", "The command's currency is not that of the hold or of the command it names."],
  ["HOLD_CLOSED", "The hold was captured whole or released before."],
  ["HOLD_EXPIRED", "The hold's time has run out."],
  ["SAME_ACCOUNT", "Both sides of the movement are the same account."],
  ["ACCOUNT_NOT_FOUND", "The account does not exist, and this command does not open it."],
  ["ACCOUNT_EXISTS", "The account is there already."],
  ["ACCOUNT_CLOSED", "The account was closed for good."],
  ["ACCOUNT_FROZEN", "The account is frozen."],
  ["ACCOUNT_NOT_EMPTY", "The account still has available or held money."],
  ["HOLD_EXCEEDED", "The amount is above what the hold still holds."],
  ["INSUFFICIENT_BALANCE", "The available balance would fall below the account's floor."],
  ["BALANCE_LIMIT", "The balance would leave the account's limits."],
  ["AMOUNT_OUT_OF_RANGE", "A balance would leave the range of 27 digits."],
  ["ATOMIC_ABORTED", "Another command of the atomic bucket was refused."],
] as const;

export type ResultCode = (typeof RESULT_CODES)[number][0];

/** Code name → number in records. */
export const CODE = Object.freeze(Object.fromEntries(RESULT_CODES.map(([name], index) => [name, index]))) as {
  readonly [name in ResultCode]: number;
};

/** Number in records → code name. */
export const CODE_NAMES: readonly ResultCode[] = RESULT_CODES.map(([name]) => name);
