/**
 * The business rules, one function a command. Each collects every reason to refuse and proposes the state after the
 * command, checked only then: the naive reading of "of several reasons the first names the result".
 */
import type { ResultCode } from "../codes.ts";
import type { CommandType } from "../record.ts";
import type { Command } from "../record-codec.ts";
import { type Account, accountKey, type Book, type Hold, idKey, worldKey } from "./book.ts";
import { inRange, minor } from "./numbers.ts";
import type { ModelResult } from "./result.ts";

/** What a rule may look at besides the command. */
export interface Situation {
  readonly book: Book;
  readonly sequence: number;
  readonly timeMs: number;
  /** First result of an id that is still remembered. */
  readonly remembered: (key: string) => ModelResult | undefined;
  /** Time of the newest command forgotten. */
  readonly horizonTimeMs: number | undefined;
}

/** The state after the command, if `reasons` stays empty. */
export class Proposal {
  readonly reasons = new Set<ResultCode>();
  /** Name of the account shown, and its currency. */
  shown: string | undefined;
  currency: number;
  /** The amount shown if applied. */
  amount: bigint | undefined;
  undone: CommandType | undefined;
  /** New values of the accounts changed, the one shown first. */
  readonly accounts: Account[] = [];
  worldDelta = 0n;
  hold: Hold | undefined;
  /** Sequence of the command undone. */
  reversed: number | undefined;
  readonly #book: Book;
  readonly #partner: number;

  constructor(command: Command, book: Book) {
    this.#book = book;
    this.#partner = command.partner;
    this.shown = command.account;
    this.currency = command.currency;
    this.amount = command.amount === undefined ? undefined : minor(command.amount);
  }

  account(name: string): Account | undefined {
    return this.#book.accounts.get(accountKey(this.#partner, this.currency, name));
  }

  /** The account if it is there, else the reason. */
  existing(name: string): Account | undefined {
    const account = this.account(name);
    if (account === undefined) this.reasons.add("ACCOUNT_NOT_FOUND");
    return account;
  }

  /** The account that receives money: there, or opened now. */
  receiver(name: string, command: Command): Account | undefined {
    const account = this.account(name);
    if (account !== undefined) return account;
    if (command.strict === true || command.open === false) this.reasons.add("ACCOUNT_NOT_FOUND");
    return newAccount(this.#partner, this.currency, name);
  }

  usable(account: Account): void {
    if (account.status === "closed") this.reasons.add("ACCOUNT_CLOSED");
    if (account.status === "frozen") this.reasons.add("ACCOUNT_FROZEN");
  }

  take(account: Account | undefined, amount: bigint): void {
    if (account === undefined) return;
    const available = account.available - amount;
    if (available < account.min) this.reasons.add("INSUFFICIENT_BALANCE");
    this.accounts.push({ ...account, available });
  }

  give(account: Account | undefined, amount: bigint): void {
    if (account === undefined) return;
    const total = account.available + account.held + amount;
    if (account.max !== null && total > account.max) this.reasons.add("BALANCE_LIMIT");
    this.accounts.push({ ...account, available: account.available + amount });
  }

  /** Adds the reason for whatever would leave the range. To be called when all else is proposed. */
  checkRange(): void {
    const world = this.#book.world.get(worldKey(this.#partner, this.currency)) ?? 0n;
    const balances = [world + this.worldDelta];
    for (const { available, held } of this.accounts) balances.push(available, held, available + held);
    if (!balances.every(inRange)) this.reasons.add("AMOUNT_OUT_OF_RANGE");
  }
}

function newAccount(partner: number, currency: number, name: string): Account {
  return { partner, currency, name, available: 0n, held: 0n, min: 0n, max: null, status: "active", version: 0 };
}

type Rule = (p: Proposal, command: Command, now: Situation) => void;

function setLimits(p: Proposal, command: Command, account: Account): void {
  const { minBalance, maxBalance } = command;
  const min = minBalance === undefined ? account.min : minBalance === null ? 0n : minor(minBalance);
  const max = maxBalance === undefined ? account.max : maxBalance === null ? null : minor(maxBalance);
  if (account.available < min) p.reasons.add("BALANCE_LIMIT");
  if (max !== null && account.available + account.held > max) p.reasons.add("BALANCE_LIMIT");
  p.accounts.push({ ...account, min, max });
}

const open: Rule = (p, command) => {
  const name = command.account!;
  if (p.account(name) !== undefined) p.reasons.add("ACCOUNT_EXISTS");
  else setLimits(p, command, newAccount(command.partner, command.currency, name));
};

const credit: Rule = (p, command) => {
  const account = p.receiver(command.account!, command);
  if (account !== undefined) p.usable(account);
  p.give(account, p.amount!);
  p.worldDelta = -p.amount!;
};

const debit: Rule = (p, command) => {
  const account = p.existing(command.account!);
  if (account !== undefined) p.usable(account);
  p.take(account, p.amount!);
  p.worldDelta = p.amount!;
};

const transfer: Rule = (p, command) => {
  if (command.account === command.to) p.reasons.add("SAME_ACCOUNT");
  const source = p.existing(command.account!);
  const target = p.receiver(command.to!, command);
  if (source !== undefined) p.usable(source);
  if (target !== undefined) p.usable(target);
  p.take(source, p.amount!);
  p.give(target, p.amount!);
};

const hold: Rule = (p, command, now) => {
  const { partner, id, currency, expiresIn } = command;
  const account = p.existing(command.account!);
  if (account === undefined) return;
  p.usable(account);
  const amount = p.amount!;
  if (account.available - amount < account.min) p.reasons.add("INSUFFICIENT_BALANCE");
  p.accounts.push({ ...account, available: account.available - amount, held: account.held + amount });
  const due = expiresIn === undefined ? undefined : now.timeMs + expiresIn * 1000;
  const { sequence } = now;
  p.hold = { partner, id, sequence, account: account.name, currency, rest: amount, due, state: "open" };
};

/** The hold that capture and release name, with the reasons that both share. */
function namedHold(p: Proposal, command: Command, now: Situation): Hold | undefined {
  const found = now.book.holds.get(idKey(command.partner, command.hold!));
  if (found === undefined) {
    p.reasons.add("HOLD_NOT_FOUND");
    return undefined;
  }
  p.shown = found.account;
  p.currency = found.currency;
  if (command.currency !== 0 && command.currency !== found.currency) p.reasons.add("CURRENCY_MISMATCH");
  if (found.state === "closed") p.reasons.add("HOLD_CLOSED");
  else if (found.state === "expired") p.reasons.add("HOLD_EXPIRED");
  else if (found.due !== undefined && found.due <= now.timeMs) p.reasons.add("HOLD_EXPIRED");
  return found;
}

const capture: Rule = (p, command, now) => {
  const found = namedHold(p, command, now);
  if (found === undefined) return;
  const amount = p.amount ?? found.rest;
  p.amount = amount;
  if (amount > found.rest) p.reasons.add("HOLD_EXCEEDED");
  const account = p.existing(found.account)!;
  p.accounts.push({ ...account, held: account.held - amount });
  p.hold = { ...found, rest: found.rest - amount, state: found.rest === amount ? "closed" : "open" };
  if (command.to === undefined) {
    p.worldDelta = amount;
    return;
  }
  if (command.to === found.account) p.reasons.add("SAME_ACCOUNT");
  const target = p.receiver(command.to, command);
  if (target !== undefined) p.usable(target);
  p.give(target, amount);
};

function giveBack(p: Proposal, found: Hold, state: "closed" | "expired"): void {
  const account = p.existing(found.account)!;
  p.amount = found.rest;
  p.accounts.push({ ...account, available: account.available + found.rest, held: account.held - found.rest });
  p.hold = { ...found, rest: 0n, state };
}

const release: Rule = (p, command, now) => {
  const found = namedHold(p, command, now);
  if (found !== undefined) giveBack(p, found, "closed");
};

const expire: Rule = (p, command, now) => {
  const found = now.book.holds.get(idKey(command.partner, command.id))!;
  p.shown = found.account;
  p.currency = found.currency;
  giveBack(p, found, "expired");
};

const reverse: Rule = (p, command, now) => {
  const first = now.remembered(idKey(command.partner, command.command!));
  if (first === undefined) {
    p.reasons.add("COMMAND_NOT_FOUND");
    return;
  }
  const { type } = first.command;
  p.shown = first.account;
  p.currency = first.currency;
  p.undone = type;
  const reversible = type === "credit" || type === "debit" || type === "transfer" || type === "capture";
  if (!reversible || first.code !== "OK") p.reasons.add("NOT_REVERSIBLE");
  if (now.book.reversed.has(first.sequence)) p.reasons.add("ALREADY_REVERSED");
  if (command.currency !== 0 && command.currency !== first.currency) p.reasons.add("CURRENCY_MISMATCH");
  if (p.reasons.size > 0) return;

  const amount = first.amount!;
  const account = p.existing(first.account!)!;
  const other = first.command.to === undefined ? undefined : p.existing(first.command.to)!;
  p.usable(account);
  if (other !== undefined) p.usable(other);
  if (type === "credit") p.take(account, amount);
  else p.give(account, amount);
  p.take(other, amount);
  if (other === undefined) p.worldDelta = type === "credit" ? amount : -amount;
  p.amount = amount;
  p.reversed = first.sequence;
};

const setStatus =
  (status: "active" | "frozen"): Rule =>
  (p, command) => {
    const account = p.existing(command.account!);
    if (account?.status === "closed") p.reasons.add("ACCOUNT_CLOSED");
    if (account !== undefined && account.status !== status) p.accounts.push({ ...account, status });
  };

const close: Rule = (p, command) => {
  const account = p.existing(command.account!);
  if (account === undefined) return;
  if (account.status === "closed") p.reasons.add("ACCOUNT_CLOSED");
  if (account.available !== 0n || account.held !== 0n) p.reasons.add("ACCOUNT_NOT_EMPTY");
  p.accounts.push({ ...account, status: "closed" });
};

const limits: Rule = (p, command) => {
  const account = p.existing(command.account!);
  if (account === undefined) return;
  if (account.status === "closed") p.reasons.add("ACCOUNT_CLOSED");
  setLimits(p, command, account);
};

const RULES: Readonly<Record<CommandType, Rule>> = {
  open,
  credit,
  debit,
  transfer,
  hold,
  capture,
  release,
  reverse,
  freeze: setStatus("frozen"),
  unfreeze: setStatus("active"),
  close,
  limits,
  expire,
};

/** What a command whose id is new would do. */
export function propose(command: Command, now: Situation): Proposal {
  const p = new Proposal(command, now.book);
  const { issued } = command;
  if (issued !== undefined && now.horizonTimeMs !== undefined && issued <= now.horizonTimeMs) {
    p.reasons.add("TOO_OLD");
    return p;
  }
  RULES[command.type](p, command, now);
  p.checkRange();
  return p;
}
