/** Results as plain objects, read from the result part of the layout in `record.ts`. For cold paths. */
import { assert } from "./assert.ts";
import { CODE_NAMES, type ResultCode } from "./codes.ts";
import { LIMB, type Money, ZERO } from "./money.ts";
import { type AccountStatus, type CommandType, OUTCOME, STATUS_NAMES, TYPE_NAMES } from "./record.ts";
import {
  type Command,
  type Control,
  commandPartBytes,
  decodeCommand,
  isControl,
  readText,
  recordBytes,
  viewOf,
  words,
} from "./record-command.ts";

/** What one command did to one account; money in minor units of the result's currency. */
export interface Change {
  readonly account: string;
  /** Signed change of `available + held`. */
  readonly delta: Money;
  readonly available: Money;
  readonly held: Money;
  readonly status: AccountStatus;
  /** Counts the account's changes, from 1. */
  readonly version: number;
}

/** A command with its result. */
export interface Result {
  readonly sequence: number;
  /** As encoded. An expire record's `id` is the hold's, without the `@expire:` that is shown. */
  readonly command: Command;
  readonly code: ResultCode;
  /** When it was applied, ms since 1970; a repeat carries the time of the first. */
  readonly timeMs: number;
  /** The account shown: absent where it is not known, as for a hold that is not found. */
  readonly account?: string;
  /** Index of the currency of the account shown, or what the command (of a reverse: the one undone) says; 0: unknown. */
  readonly currency: number;
  readonly amount?: Money;
  /** Absent when the account shown does not exist, or none is known. `held` likewise. */
  readonly available?: Money;
  readonly held?: Money;
  readonly changes: readonly Change[];
  readonly duplicate?: true;
  /** Sequence of the first, on a repeat. */
  readonly of?: number;
  /** Type of the command undone, on a reverse that found one. */
  readonly undone?: CommandType;
}

function negated(value: Money): Money {
  return value.lo === 0 ? { hi: 0 - value.hi, lo: 0 } : { hi: -value.hi - 1, lo: LIMB - value.lo };
}

/** Signs of the change of `available + held` of the account shown and of the other side. */
function signsOf(type: CommandType, undone: CommandType | undefined): readonly [shown: number, other: number] {
  switch (type) {
    case "credit":
      return [1, 0];
    case "debit":
      return [-1, 0];
    case "transfer":
    case "capture":
      return [-1, 1];
    case "reverse": {
      assert(undone !== undefined && undone !== "reverse", "a reverse that changes accounts names what it undid");
      const [shown, other] = signsOf(undone, undefined);
      return [0 - shown, 0 - other];
    }
    default:
      return [0, 0];
  }
}

function signed(sign: number, amount: Money | undefined): Money {
  if (sign === 0) return ZERO;
  assert(amount !== undefined, "a movement has an amount");
  return sign > 0 ? amount : negated(amount);
}

interface Balance {
  readonly available: Money;
  readonly held: Money;
}

/** What RESOLVED adds: who and what a command that names a hold or a command is about. */
interface Resolved {
  readonly type: CommandType | undefined;
  readonly account: string;
  readonly to: string;
  readonly currency: number;
  readonly amount: Money;
}

/** Reads the parts of one result in the order of the layout. */
class ResultReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #wide: boolean;
  at: number;
  constructor(bytes: Uint8Array, at: number, wide: boolean) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#wide = wide;
    this.at = at;
  }
  number(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }
  version(): number {
    this.at += 8;
    return this.#view.getUint32(this.at - 8, true);
  }
  money(): Money {
    const lo = this.number();
    return { hi: this.#wide ? this.number() : 0, lo };
  }
  balance(withHeld: boolean): Balance {
    const available = this.money();
    return { available, held: withHeld ? this.money() : ZERO };
  }
  resolved(): Resolved {
    const head = this.at;
    this.at += 8;
    const lo = this.number();
    const amount = { hi: this.number(), lo };
    const account = readText(this.#bytes, this.at, this.#bytes[head + 1]!);
    this.at += words(this.#bytes[head + 1]!);
    const to = readText(this.#bytes, this.at, this.#bytes[head + 2]!);
    this.at = (this.at + words(this.#bytes[head + 2]!) + 7) & ~7;
    const currency = this.#view.getUint16(head + 4, true);
    return { type: TYPE_NAMES[this.#bytes[head]!], account, to, currency, amount };
  }
}

/** The result part of one record as it stands there, before it is put together with the command. */
interface ResultPart {
  readonly code: ResultCode;
  readonly outcome: number;
  readonly statuses: readonly [AccountStatus, AccountStatus];
  readonly versions: readonly [number, number];
  readonly first: Balance | undefined;
  readonly second: Balance | undefined;
  readonly resolved: Resolved | undefined;
  readonly duplicate: { readonly of: number; readonly timeMs: number } | undefined;
}

function readPart(bytes: Uint8Array, at: number): ResultPart {
  const code = CODE_NAMES[bytes[at]!];
  const outcome = bytes[at + 1]!;
  const status1 = STATUS_NAMES[bytes[at + 2]!];
  const status2 = STATUS_NAMES[bytes[at + 3]!];
  assert(code !== undefined, "a result has a known code");
  assert(status1 !== undefined && status2 !== undefined, "an account in a result has a known status");
  const has = (bit: number): boolean => (outcome & bit) !== 0;
  assert(!has(OUTCOME.CHANGE_1) || has(OUTCOME.BALANCES), "a change shows the balances after it");
  assert(!has(OUTCOME.CHANGE_2) || has(OUTCOME.CHANGE_1), "a second change follows a first");

  const version1 = viewOf(bytes).getUint32(at + 4, true);
  const reader = new ResultReader(bytes, at + 8, has(OUTCOME.WIDE));
  const first = has(OUTCOME.BALANCES) ? reader.balance(has(OUTCOME.HELD)) : undefined;
  const version2 = has(OUTCOME.CHANGE_2) ? reader.version() : 0;
  const second = has(OUTCOME.CHANGE_2) ? reader.balance(has(OUTCOME.HELD_2)) : undefined;
  const resolved = has(OUTCOME.RESOLVED) ? reader.resolved() : undefined;
  const duplicate = has(OUTCOME.DUPLICATE) ? { of: reader.number(), timeMs: reader.number() } : undefined;
  return {
    code,
    outcome,
    statuses: [status1, status2],
    versions: [version1, version2],
    first,
    second,
    resolved,
    duplicate,
  };
}

function changesOf(command: Command, part: ResultPart, amount: Money | undefined): Change[] {
  const { resolved, first, second, statuses, versions } = part;
  if ((part.outcome & OUTCOME.CHANGE_1) === 0 || first === undefined) return [];
  const account = resolved?.account ?? command.account;
  assert(account !== undefined && account !== "", "a changed account has a name");
  const [sign1, sign2] = signsOf(command.type, resolved?.type);
  const change1 = { account, delta: signed(sign1, amount), ...first, status: statuses[0], version: versions[0] };
  if (second === undefined) return [change1];
  const other = command.type === "reverse" ? resolved?.to : command.to;
  assert(other !== undefined && other !== "", "the other side of a movement has a name");
  const change2 = {
    account: other,
    delta: signed(sign2, amount),
    ...second,
    status: statuses[1],
    version: versions[1],
  };
  return [change1, change2];
}

/**
 * Reads the record at `offset`: a control record, or a command with its result. `sequence` is the record's own;
 * `timeMs` is that of its frame. Throws an InvariantError for bytes that are no such record.
 */
export function decodeRecord(bytes: Uint8Array, offset: number, sequence: number, timeMs: number): Result | Control {
  const command = decodeCommand(bytes, offset);
  const total = recordBytes(bytes, offset);
  const commandPart = commandPartBytes(bytes, offset);
  if (isControl(command)) {
    assert(total === commandPart, "a control record has no result part");
    return command;
  }
  assert(total > commandPart, "a command in a frame has a result");
  const part = readPart(bytes, offset + commandPart);
  const { resolved, first, duplicate } = part;
  const account = resolved === undefined ? command.account : resolved.account;
  // A refusal shows what was asked, which for a capture of the whole rest is nothing.
  const amount = part.code === "OK" && resolved !== undefined ? resolved.amount : command.amount;
  return {
    sequence,
    command,
    code: part.code,
    timeMs: duplicate?.timeMs ?? timeMs,
    // Nobody knows the account of a command that was itself refused before it was known.
    ...(account === undefined || account === "" ? {} : { account }),
    currency: resolved?.currency ?? command.currency,
    ...(amount === undefined ? {} : { amount }),
    ...(first ?? {}),
    changes: changesOf(command, part, amount),
    ...(duplicate === undefined ? {} : { duplicate: true as const, of: duplicate.of }),
    ...(command.type === "reverse" && resolved?.type !== undefined ? { undone: resolved.type } : {}),
  };
}
