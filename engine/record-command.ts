/**
 * Commands and control records as plain objects, and their bytes: the command part of the layout in `record.ts`. For
 * cold paths (replies, tools, tests); the scanner and the machine write and read the same bytes without objects.
 */
import { assert } from "./assert.ts";
import { ID_BYTES_MAX, MEMO_BYTES_MAX } from "./limits.ts";
import { inRange, type Money } from "./money.ts";
import {
  COMMAND_HEAD_BYTES,
  CONTEXT,
  type CommandType,
  FIELD,
  FIRST_CONTROL_TYPE,
  TYPE,
  TYPE_NAMES,
} from "./record.ts";

/** A command as the client gave it, normalized: money in minor units, partner and currency as indices. */
export interface Command {
  readonly type: CommandType;
  /** Index of the partner, as given by its definePartner record. */
  readonly partner: number;
  /** Index of the currency; 0 where the command takes over that of the hold or command that it names. */
  readonly currency: number;
  readonly id: string;
  /** All types but capture, release, reverse and expire. */
  readonly account?: string;
  /** Id of the hold: capture and release. */
  readonly hold?: string;
  /** Id of the command to undo: reverse. */
  readonly command?: string;
  /** The other side: transfer, and capture to an account. */
  readonly to?: string;
  readonly amount?: Money;
  readonly memo?: string;
  /** When the client first sent it, ms since 1970. */
  readonly issued?: number;
  /** Seconds until the hold expires. */
  readonly expiresIn?: number;
  readonly open?: false;
  /** At most zero; null takes the floor back to zero. */
  readonly minBalance?: Money | null;
  /** At least zero; null takes the ceiling away. */
  readonly maxBalance?: Money | null;
  readonly atomic?: boolean;
  /** Last command of its atomic bucket. */
  readonly bucketEnd?: boolean;
  /** The partner's accounts open only by `open`. */
  readonly strict?: boolean;
}

/** A record that configures the group; it takes no sequence and has no result. */
export type Control =
  | { readonly type: "definePartner"; readonly partner: number; readonly id: string }
  | { readonly type: "defineCurrency"; readonly currency: number; readonly id: string; readonly scale: number }
  | { readonly type: "setHorizon"; readonly commands: number };

const encoder = new TextEncoder();
/** A memo may begin with a byte order mark: it is the client's text, so it is kept. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** True for records that configure the group, false for commands and results. */
export function isControl(record: object): record is Control {
  if (!("type" in record)) return false;
  return record.type === "definePartner" || record.type === "defineCurrency" || record.type === "setHorizon";
}

/** Rounds up to whole 4-byte words, in which names are laid out. */
export function words(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Text of `length` bytes at `offset`, which must be UTF-8. */
export function readText(bytes: Uint8Array, offset: number, length: number): string {
  return decoder.decode(bytes.subarray(offset, offset + length));
}

/** A view for the numbers of a record; its offsets are those of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The fields of any record, before they have places. */
interface Parts {
  readonly type: number;
  readonly partner: number;
  readonly currency: number;
  readonly fields: number;
  readonly context: number;
  readonly wide: boolean;
  readonly numbers: readonly number[];
  readonly texts: readonly [id: Uint8Array, name: Uint8Array, to: Uint8Array, memo: Uint8Array];
}

function controlParts(control: Control): Parts {
  const number =
    control.type === "defineCurrency" ? control.scale : control.type === "setHorizon" ? control.commands : 0;
  assert(Number.isSafeInteger(number) && number >= 0 && number < 1e15, "a control record's number is a whole limb");
  const none = encoder.encode("");
  return {
    type: TYPE[control.type],
    partner: control.type === "definePartner" ? control.partner : 0,
    currency: control.type === "defineCurrency" ? control.currency : 0,
    fields: control.type === "definePartner" ? 0 : FIELD.AMOUNT,
    context: 0,
    wide: false,
    numbers: control.type === "definePartner" ? [] : [number],
    texts: [encoder.encode(control.type === "setHorizon" ? "" : control.id), none, none, none],
  };
}

function fieldBits(command: Command): number {
  const { minBalance: min, maxBalance: max } = command;
  let bits = 0;
  if (command.amount !== undefined) bits |= FIELD.AMOUNT;
  if (command.issued !== undefined) bits |= FIELD.ISSUED;
  if (command.expiresIn !== undefined) bits |= FIELD.EXPIRES_IN;
  if (command.open === false) bits |= FIELD.NO_OPEN;
  if (min !== undefined) bits |= min === null ? FIELD.MIN_NULL : FIELD.MIN_SET;
  if (max !== undefined) bits |= max === null ? FIELD.MAX_NULL : FIELD.MAX_SET;
  return bits;
}

function contextBits(command: Command): number {
  let bits = 0;
  if (command.atomic === true) bits |= CONTEXT.ATOMIC;
  if (command.bucketEnd === true) bits |= CONTEXT.BUCKET_END;
  if (command.strict === true) bits |= CONTEXT.STRICT;
  return bits;
}

/** The numbers in the order of the layout. */
function numbersOf(command: Command): number[] {
  const { amount, minBalance: min, maxBalance: max } = command;
  const numbers: number[] = [];
  for (const money of [amount, min, max]) {
    assert(money == null || inRange(money.hi, money.lo), "money in a command is within 27 digits");
  }
  if (amount !== undefined) numbers.push(amount.lo);
  if (amount !== undefined && amount.hi !== 0) numbers.push(amount.hi);
  if (command.issued !== undefined) numbers.push(command.issued);
  if (command.expiresIn !== undefined) numbers.push(command.expiresIn);
  if (min != null) numbers.push(min.lo, min.hi);
  if (max != null) numbers.push(max.lo, max.hi);
  return numbers;
}

function commandParts(command: Command): Parts {
  const amount = command.amount;
  assert(amount === undefined || amount.hi >= 0, "an amount is not negative");
  const name = command.account ?? command.hold ?? command.command ?? "";
  return {
    type: TYPE[command.type],
    partner: command.partner,
    currency: command.currency,
    fields: fieldBits(command),
    context: contextBits(command),
    wide: amount !== undefined && amount.hi !== 0,
    numbers: numbersOf(command),
    texts: [
      encoder.encode(command.id),
      encoder.encode(name),
      encoder.encode(command.to ?? ""),
      encoder.encode(command.memo ?? ""),
    ],
  };
}

function partsBytes(parts: Parts): number {
  let bytes = COMMAND_HEAD_BYTES + 8 * parts.numbers.length;
  for (const text of parts.texts) bytes += words(text.length);
  return (bytes + 7) & ~7;
}

/** Bytes that `encodeCommand` writes for it, a multiple of 8. */
export function commandBytes(command: Command | Control): number {
  return partsBytes(isControl(command) ? controlParts(command) : commandParts(command));
}

/**
 * Writes the command part at `offset`, a multiple of 8, with no result part. Returns the bytes written, a multiple of 8.
 * Throws an InvariantError for names, memos or money beyond the limits: the caller has validated them.
 */
export function encodeCommand(command: Command | Control, target: Uint8Array, offset: number): number {
  const parts = isControl(command) ? controlParts(command) : commandParts(command);
  const bytes = partsBytes(parts);
  const [id, name, to, memo] = parts.texts;
  assert(offset % 8 === 0, "a record starts at a multiple of 8");
  assert(offset + bytes <= target.length, "a record ends within its buffer");
  assert(Math.max(id.length, name.length, to.length) <= ID_BYTES_MAX, "a name is at most ID_BYTES_MAX long");
  assert(memo.length <= MEMO_BYTES_MAX, "a memo is at most MEMO_BYTES_MAX long");

  target.fill(0, offset, offset + bytes);
  target.set([parts.type, id.length, name.length, to.length, memo.length, parts.fields, parts.context], offset);
  target[offset + 7] = bytes / 8;
  const view = viewOf(target);
  view.setUint32(offset + 8, parts.partner, true);
  view.setUint16(offset + 12, parts.currency, true);
  target[offset + 15] = parts.wide ? 1 : 0;
  let at = offset + COMMAND_HEAD_BYTES;
  for (const number of parts.numbers) {
    view.setFloat64(at, number, true);
    at += 8;
  }
  for (const text of parts.texts) {
    target.set(text, at);
    at += words(text.length);
  }
  return bytes;
}

/** Bytes of the command part of the record at `offset`. */
export function commandPartBytes(bytes: Uint8Array, offset: number): number {
  const units = bytes[offset + 7] ?? 0;
  assert(units * 8 >= COMMAND_HEAD_BYTES, "a record has a command head");
  assert(offset + units * 8 <= bytes.length, "a command part ends within its buffer");
  return units * 8;
}

/** Bytes of the whole record at `offset`, with its result part if it has one: the next record starts there. */
export function recordBytes(bytes: Uint8Array, offset: number): number {
  const total = commandPartBytes(bytes, offset) + (bytes[offset + 14] ?? 0) * 8;
  assert(offset + total <= bytes.length, "a record ends within its buffer");
  return total;
}

/** Reads the numbers one after the other, in the order of the layout. */
class NumberReader {
  readonly #view: DataView;
  at: number;
  constructor(view: DataView, at: number) {
    this.#view = view;
    this.at = at;
  }
  next(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }
  money(wide: boolean): Money {
    const lo = this.next();
    return { hi: wide ? this.next() : 0, lo };
  }
}

function nameKey(type: CommandType): "hold" | "command" | "account" {
  if (type === "capture" || type === "release") return "hold";
  return type === "reverse" ? "command" : "account";
}

function decodeControl(bytes: Uint8Array, offset: number): Control {
  const view = viewOf(bytes);
  const fields = bytes[offset + 5]!;
  const reader = new NumberReader(view, offset + COMMAND_HEAD_BYTES);
  const number = (fields & FIELD.AMOUNT) !== 0 ? reader.money(bytes[offset + 15] === 1).lo : 0;
  const id = readText(bytes, reader.at, bytes[offset + 1]!);
  switch (bytes[offset]) {
    case TYPE.definePartner:
      return { type: "definePartner", partner: view.getUint32(offset + 8, true), id };
    case TYPE.defineCurrency:
      return { type: "defineCurrency", currency: view.getUint16(offset + 12, true), id, scale: number };
    default:
      assert(bytes[offset] === TYPE.setHorizon, "a control record has a known type");
      return { type: "setHorizon", commands: number };
  }
}

/** Reads the command part of the record at `offset`; absent fields are absent properties. */
export function decodeCommand(bytes: Uint8Array, offset: number): Command | Control {
  commandPartBytes(bytes, offset);
  if (bytes[offset]! >= FIRST_CONTROL_TYPE) return decodeControl(bytes, offset);
  const type = TYPE_NAMES[bytes[offset]!];
  assert(type !== undefined, "a command has a known type");
  const view = viewOf(bytes);
  const fields = bytes[offset + 5]!;
  const context = bytes[offset + 6]!;
  const reader = new NumberReader(view, offset + COMMAND_HEAD_BYTES);
  const has = (bit: number): boolean => (fields & bit) !== 0;

  const amount = has(FIELD.AMOUNT) ? { amount: reader.money(bytes[offset + 15] === 1) } : {};
  const issued = has(FIELD.ISSUED) ? { issued: reader.next() } : {};
  const expiresIn = has(FIELD.EXPIRES_IN) ? { expiresIn: reader.next() } : {};
  const min = has(FIELD.MIN_SET) ? { minBalance: reader.money(true) } : has(FIELD.MIN_NULL) ? { minBalance: null } : {};
  const max = has(FIELD.MAX_SET) ? { maxBalance: reader.money(true) } : has(FIELD.MAX_NULL) ? { maxBalance: null } : {};
  const text = (lengthAt: number): string => {
    const length = bytes[offset + lengthAt]!;
    const value = readText(bytes, reader.at, length);
    reader.at += words(length);
    return value;
  };
  const id = text(1);
  const name = text(2);
  const to = text(3);
  const memo = text(4);
  return {
    type,
    partner: view.getUint32(offset + 8, true),
    currency: view.getUint16(offset + 12, true),
    id,
    ...(name === "" ? {} : { [nameKey(type)]: name }),
    ...(to === "" ? {} : { to }),
    ...amount,
    ...(memo === "" ? {} : { memo }),
    ...issued,
    ...expiresIn,
    ...(has(FIELD.NO_OPEN) ? { open: false as const } : {}),
    ...min,
    ...max,
    ...((context & CONTEXT.ATOMIC) !== 0 ? { atomic: true } : {}),
    ...((context & CONTEXT.BUCKET_END) !== 0 ? { bucketEnd: true } : {}),
    ...((context & CONTEXT.STRICT) !== 0 ? { strict: true } : {}),
  };
}
