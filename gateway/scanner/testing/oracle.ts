/**
 * What the scanner must do, written a second time from the rules and without any of its code: `JSON.parse` reads, plain
 * checks on strings and BigInts decide, a DataView encodes. For tests only.
 */
import type { ScanContext } from "../index.ts";

export interface Expected {
  readonly count: number;
  readonly atomic: boolean;
  readonly records: Uint8Array;
}

/** A number as its literal: the text of the source, which the reviver of `JSON.parse` is told. */
export class Literal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Fields = Record<string, unknown>;

/** Types in the order of their numbers: required fields, then optional ones. */
const RULES = new Map<string, [required: string, optional: string]>([
  ["open", ["id account", "currency minBalance maxBalance"]],
  ["credit", ["id account amount", "currency open"]],
  ["debit", ["id account amount", "currency"]],
  ["transfer", ["id account to amount", "currency open"]],
  ["hold", ["id account amount", "currency expiresIn"]],
  ["capture", ["id hold", "amount to currency open"]],
  ["release", ["id hold", "currency"]],
  ["reverse", ["id command", "currency"]],
  ["freeze", ["id account", "currency"]],
  ["unfreeze", ["id account", "currency"]],
  ["close", ["id account", "currency"]],
  ["limits", ["id account", "currency minBalance maxBalance"]],
]);
const TYPES = [...RULES.keys()];

/** The records of a body, or undefined if it must be refused. */
export function expectedOf(body: Uint8Array, context: ScanContext): Expected | undefined {
  try {
    const root = parseStrictly(body) as Fields;
    check(isPlainObject(root) && Object.keys(root).every((key) => key === "commands" || key === "atomic"));
    const { commands, atomic = false } = root;
    check(typeof atomic === "boolean" && Array.isArray(commands) && commands.length > 0 && commands.length <= 10_000);
    const records = commands.map((command, index) => {
      const bucketEnd = atomic && index === commands.length - 1 ? 2 : 0;
      return encode(command, context, (atomic ? 1 : 0) | bucketEnd | (context.strict ? 4 : 0));
    });
    return { count: records.length, atomic, records: Buffer.concat(records) };
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export class Refused extends Error {}

export function check(rule: boolean): asserts rule {
  if (!rule) throw new Refused();
}

export function parseStrictly(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Refused();
  }
  const root = JSON.parse(text, (_key, value, from?: { source?: string }) =>
    typeof value === "number" ? new Literal(String(from?.source)) : value,
  );
  checkStrings(text);
  return root;
}

/** JSON is fine already: looks at each string for lone surrogates and U+0000, and at each object for a key twice. */
function checkStrings(text: string): void {
  const objects: (Set<string> | undefined)[] = [];
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs) ?? [];
  for (const [index, token] of tokens.entries()) {
    if (token === "{") objects.push(new Set());
    else if (token === "[") objects.push(undefined);
    else if (token === "}" || token === "]") objects.pop();
    else if (token.startsWith('"')) {
      const value: string = JSON.parse(token);
      check(value.isWellFormed() && !value.includes("\0"));
      if (tokens[index + 1] !== ":") continue;
      check(objects.at(-1)?.has(value) === false);
      objects.at(-1)?.add(value);
    }
  }
}

function encode(command: unknown, context: ScanContext, contextBits: number): Buffer {
  check(isPlainObject(command));
  const type = command.type;
  check(typeof type === "string" && RULES.has(type));
  check(context.types === undefined || (context.types & (1 << (TYPES.indexOf(type) + 1))) !== 0);
  const [required, optional] = RULES.get(type)!;
  const keys = Object.keys(command);
  check(required.split(" ").every((key) => keys.includes(key)));
  check(keys.every((key) => `${required} ${optional} type memo issued`.split(" ").includes(key)));

  const currency = command.currency === undefined ? context.currency : currencyOf(command.currency, context);
  const namesMoney = ["capture", "release", "reverse"].includes(type);
  const isHolds = namesMoney && command.currency === undefined && command.amount === undefined;
  const numbers: number[] = [];
  let fields = 0;
  let width = 0;
  if ("amount" in command) {
    const amount = minorOf(command.amount, currency.scale);
    check(amount > 0n);
    const isBounded = currency.index === context.currency.index;
    if (isBounded && context.minAmount !== undefined) check(amount >= bigOf(context.minAmount));
    if (isBounded && context.maxAmount !== undefined) check(amount <= bigOf(context.maxAmount));
    const [lo, hi] = limbs(amount);
    numbers.push(lo, ...(hi === 0 ? [] : [hi]));
    width = hi === 0 ? 0 : 1;
    fields |= 1;
  }
  if ("issued" in command) {
    numbers.push(timeOf(command.issued));
    fields |= 2;
  }
  if ("expiresIn" in command) {
    check(command.expiresIn instanceof Literal && /^[1-9]\d{0,8}$/.test(command.expiresIn.text));
    check(Number(command.expiresIn.text) <= 315_360_000);
    numbers.push(Number(command.expiresIn.text));
    fields |= 4;
  }
  if ("open" in command) {
    check(typeof command.open === "boolean");
    if (!command.open) fields |= 8;
  }
  for (const [key, setBit, sign] of [["minBalance", 16, -1n] as const, ["maxBalance", 64, 1n] as const]) {
    if (!(key in command)) continue;
    if (command[key] === null) fields |= setBit * 2;
    else {
      const limit = limitOf(command[key], currency.scale, sign);
      numbers.push(...limbs(limit));
      fields |= setBit;
    }
  }
  const name = nameOf(command.account ?? command.hold ?? command.command);
  const texts = [nameOf(command.id), name, "to" in command ? nameOf(command.to) : "", memoOf(command.memo)];
  return layOut({
    type: TYPES.indexOf(type) + 1,
    fields,
    contextBits,
    width,
    partner: context.partner,
    currency: isHolds ? 0 : currency.index,
    numbers,
    texts: texts.map((text) => Buffer.from(text)),
  });
}

interface Layout {
  type: number;
  fields: number;
  contextBits: number;
  width: number;
  partner: number;
  currency: number;
  numbers: number[];
  texts: Buffer[];
}

export function layOut(record: Layout): Buffer {
  const texts = Buffer.concat(record.texts.map((text) => Buffer.concat([text, Buffer.alloc(-text.length & 3)])));
  const size = 16 + record.numbers.length * 8 + ((texts.length + 7) & ~7);
  const out = Buffer.alloc(size);
  const [id, name, to, memo] = record.texts.map((text) => text.length);
  out.set([record.type, id!, name!, to!, memo!, record.fields, record.contextBits, size / 8]);
  out.writeUInt32LE(record.partner, 8);
  out.writeUInt16LE(record.currency, 12);
  out[15] = record.width;
  for (const [index, number] of record.numbers.entries()) out.writeDoubleLE(number, 16 + index * 8);
  texts.copy(out, 16 + record.numbers.length * 8);
  return out;
}

export function isPlainObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Literal);
}

export function nameOf(value: unknown): string {
  check(typeof value === "string" && /^[A-Za-z0-9._:-]{1,64}$/.test(value));
  return value;
}

function memoOf(value: unknown): string {
  if (value === undefined) return "";
  check(typeof value === "string" && Buffer.byteLength(value) <= 128);
  return value;
}

function currencyOf(value: unknown, context: ScanContext): { index: number; scale: number } {
  check(typeof value === "string");
  const currency = context.currencies.byCode(value);
  check(currency !== undefined);
  return currency;
}

function minorOf(value: unknown, scale: number): bigint {
  check(value instanceof Literal || typeof value === "string");
  const parts = /^(0|[1-9]\d*)(?:\.(\d+))?$/.exec(value instanceof Literal ? value.text : value);
  check(parts !== null && (parts[2] ?? "").length <= scale);
  const minor = BigInt(parts[1] + (parts[2] ?? "").padEnd(scale, "0"));
  check(minor < 10n ** 27n);
  return minor;
}

function limitOf(value: unknown, scale: number, sign: bigint): bigint {
  check(value instanceof Literal || typeof value === "string");
  const text = value instanceof Literal ? value.text : value;
  if (!text.startsWith("-")) {
    const limit = minorOf(text, scale);
    check(limit * sign >= 0n);
    return limit;
  }
  const below = minorOf(text.slice(1), scale);
  check(sign < 0n && below > 0n);
  return -below;
}

function timeOf(value: unknown): number {
  check(typeof value === "string");
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(value);
  check(parts !== null);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, ...number[]];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  check(year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day);
  check(date.getUTCHours() === hour && date.getUTCMinutes() === minute && date.getUTCSeconds() === second);
  return date.getTime() + Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3));
}

/** Lower limb at or above zero, then the upper one. */
export function limbs(value: bigint): [lo: number, hi: number] {
  const lo = BigInt.asUintN(64, ((value % 10n ** 15n) + 10n ** 15n) % 10n ** 15n);
  return [Number(lo), Number((value - lo) / 10n ** 15n)];
}

export function bigOf(value: { hi: number; lo: number }): bigint {
  return BigInt(value.hi) * 10n ** 15n + BigInt(value.lo);
}
