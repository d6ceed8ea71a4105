/**
 * The message that carries results, as it stands in the results topic: the only thing that a store knows of the engine. What
 * is not exactly so is refused, because a store that guesses shows wrong money.
 */

/** Type of the messages that this version reads (header `ce_type`). */
export const MESSAGE_TYPE = "ringfence.results.v1";
/** What the type of any version begins with. */
const MESSAGE_TYPE_STEM = "ringfence.results.v";

/** One account touched. Money is a decimal string in major units with exactly the currency's places. */
export interface Change {
  readonly account: string;
  readonly currency: string;
  /** Signed change of `available + held`. */
  readonly delta: string;
  readonly available: string;
  readonly held: string;
  readonly status: string;
  /** Counts the account's changes, modulo 2^32. */
  readonly version: number;
}

/** A result, as far as stores use it; it has further fields. */
export interface Result {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly status: "applied" | "rejected";
  /** RFC 3339 in UTC. */
  readonly at: string;
  readonly partner: string;
  readonly memo?: string | undefined;
  /** At most one a account; empty when rejected. A repeat shows the first result's changes once more, but made none. */
  readonly changes: readonly Change[];
  readonly duplicate?: boolean | undefined;
}

/** Results `first` to `first + count - 1` of a group. */
export interface ResultMessage {
  readonly group: string;
  readonly epoch: number;
  readonly first: number;
  readonly count: number;
  readonly at: string;
  readonly results: readonly Result[];
}

/** `POISON`: not what the contract says. `NEWER_VERSION`: of a contract that this program does not know. */
export class MessageError extends Error {
  override name = "MessageError";
  readonly code: "POISON" | "NEWER_VERSION";

  constructor(code: MessageError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const GROUP = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const NAME = /^[A-Za-z0-9._:-]{1,64}$/;
const CURRENCY = /^[A-Z0-9]{1,12}$/;
const WORD = /^[a-z][a-z_]{0,31}$/;
/** Wider than the 27 digits that the engine allows, for they may stand before or behind the point. */
const MONEY = /^-?(0|[1-9][0-9]{0,26})(\.[0-9]{1,18})?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

type Fields = Readonly<Record<string, unknown>>;

function poison(where: string, rule: string): never {
  throw new MessageError("POISON", `${where} ${rule}`);
}

/** Reads a message's value. `type` is its header `ce_type`. Throws MessageError; unknown fields are passed over. */
export function parseMessage(value: string, type: string = MESSAGE_TYPE): ResultMessage {
  if (type !== MESSAGE_TYPE) refuseType(type);
  let message: unknown;
  try {
    message = JSON.parse(value);
  } catch {
    poison("the value", "is not JSON");
  }
  return checkMessage(message);
}

function refuseType(type: string): never {
  const version = type.startsWith(MESSAGE_TYPE_STEM) ? type.slice(MESSAGE_TYPE_STEM.length) : "";
  if (/^[1-9][0-9]*$/.test(version)) {
    throw new MessageError("NEWER_VERSION", `the message is a ${type}; this program reads ${MESSAGE_TYPE}`);
  }
  return poison("the header ce_type", `is ${JSON.stringify(type)}, not ${MESSAGE_TYPE}`);
}

/** A parsed value as a message; see `parseMessage`. */
export function checkMessage(value: unknown): ResultMessage {
  if (!isObject(value)) poison("the value", "is not an object");
  const { group, epoch, first, count, at, results } = value;
  if (typeof group !== "string" || !GROUP.test(group)) poison("group", "is no group's name");
  if (!isWhole(epoch) || epoch < 1) poison("epoch", "is no positive whole number");
  if (!isWhole(first) || first < 1) poison("first", "is no sequence");
  if (typeof at !== "string" || !TIME.test(at)) poison("at", "is no time");
  if (!Array.isArray(results) || results.length === 0) poison("results", "is no list of at least one");
  if (count !== results.length) poison("count", `is ${String(count)}, beside ${results.length} results`);
  for (let i = 0; i < results.length; i++) checkResult(results[i], first + i);
  return value as unknown as ResultMessage;
}

/** Throws MessageError unless this is the result with that sequence. */
function checkResult(value: unknown, sequence: number): asserts value is Result {
  const where = `result ${sequence}:`;
  if (!isObject(value)) poison(where, "is not an object");
  if (value.sequence !== sequence) poison(where, `has sequence ${String(value.sequence)}`);
  const { id, type, status, at, partner, memo, changes, duplicate } = value;
  // An expiry's id is made of the hold's, and longer than a client's.
  if (typeof id !== "string" || id.length === 0 || id.length > 80) poison(where, "has no id");
  if (typeof type !== "string" || !WORD.test(type)) poison(where, "has no type");
  if (status !== "applied" && status !== "rejected") poison(where, `has status ${String(status)}`);
  if (typeof at !== "string" || !TIME.test(at)) poison(where, "has no time");
  if (typeof partner !== "string" || !NAME.test(partner)) poison(where, "has no partner");
  if (memo !== undefined && typeof memo !== "string") poison(where, "has a memo that is no text");
  if (duplicate !== undefined && typeof duplicate !== "boolean") poison(where, "has `duplicate` other than a boolean");
  if (!Array.isArray(changes)) poison(where, "has no list of changes");
  if (status === "rejected" && changes.length > 0) poison(where, "is rejected and has changes");
  for (const change of changes) checkChange(change, where);
  if (changes.length > 1) checkPair(changes, where);
}

function checkChange(value: unknown, where: string): asserts value is Change {
  if (!isObject(value)) poison(where, "has a change that is no object");
  const { account, currency, delta, available, held, status, version } = value;
  if (typeof account !== "string" || !NAME.test(account)) poison(where, "has a change without an account");
  if (typeof currency !== "string" || !CURRENCY.test(currency)) poison(where, "has a change without a currency");
  if (!isMoney(delta) || !isMoney(available) || !isMoney(held)) poison(where, "has a change whose money is no decimal");
  const scale = scaleOf(available);
  if (scaleOf(delta) !== scale || scaleOf(held) !== scale) poison(where, "has a change with money of several scales");
  if (held.charCodeAt(0) === 0x2d) poison(where, "has a change with less than nothing held");
  if (typeof status !== "string" || !WORD.test(status)) poison(where, "has a change without a status");
  if (!isWhole(version) || version > 0xffff_ffff) poison(where, "has a change without a version");
}

/** Two accounts, in one currency; more no command touches. */
function checkPair(changes: readonly Change[], where: string): void {
  const [one, other] = changes;
  if (changes.length > 2) poison(where, `has ${changes.length} changes`);
  if (one!.account === other!.account) poison(where, "changes one account twice");
  if (one!.currency !== other!.currency) poison(where, "changes two currencies");
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isMoney = (value: unknown): value is string => typeof value === "string" && MONEY.test(value);

/** Places behind the point of a decimal string. */
export function scaleOf(money: string): number {
  const point = money.indexOf(".");
  return point < 0 ? 0 : money.length - point - 1;
}
