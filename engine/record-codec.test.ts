import { describe, expect, it } from "vitest";
import { InvariantError } from "./assert.ts";
import { CODE, type ResultCode } from "./codes.ts";
import type { Money } from "./money.ts";
import { OUTCOME, STATUS, TYPE } from "./record.ts";
import {
  type Command,
  type Control,
  commandBytes,
  decodeCommand,
  decodeRecord,
  eachRecord,
  encodeCommand,
  recordBytes,
} from "./record-codec.ts";

const m = (lo: number, hi = 0): Money => ({ hi, lo });
const head = { partner: 70_000, currency: 3, id: "ord-1" };
const largest = m(1e15 - 1, 1e12 - 1);

const commands: readonly (Command | Control)[] = [
  { ...head, type: "open", account: "a", minBalance: m(5, -1), maxBalance: largest },
  { ...head, type: "open", account: "a", minBalance: null, maxBalance: null, memo: "\uFEFF¥ to \u{1F9FE}" },
  { ...head, type: "open", account: "abcd" },
  { ...head, type: "credit", account: "alice", amount: m(1), open: false, strict: true },
  { ...head, type: "debit", account: "alice", amount: largest, atomic: true, bucketEnd: true },
  { ...head, type: "transfer", account: "a", to: "b", amount: m(0, 1), issued: 1_790_000_000_123 },
  { ...head, type: "hold", account: "a", amount: m(7), expiresIn: 900 },
  { ...head, type: "capture", hold: "h-1", currency: 0 },
  { ...head, type: "capture", hold: "h-1", amount: m(3), to: "shop" },
  { ...head, type: "release", hold: "h-1" },
  { ...head, type: "reverse", command: "ord-0", memo: "x".repeat(128) },
  { ...head, type: "freeze", account: "x".repeat(64), id: "y".repeat(64) },
  { ...head, type: "limits", account: "a", minBalance: m(0), maxBalance: null, issued: 5 },
  { type: "definePartner", partner: 70_000, id: "demo" },
  { type: "defineCurrency", currency: 3, id: "CNY", scale: 2 },
  { type: "defineCurrency", currency: 4, id: "JPY", scale: 0 },
  { type: "setHorizon", commands: 16_000_000 },
];

function encoded(command: Command | Control): Uint8Array {
  const bytes = new Uint8Array(commandBytes(command));
  expect(encodeCommand(command, bytes, 0)).toBe(bytes.length);
  return bytes;
}

describe("the command part", () => {
  it.each(commands.map((command) => [command.type, command] as const))("reads back as written: %s", (_, command) => {
    const target = new Uint8Array(8 + commandBytes(command) + 8).fill(0xff);
    const bytes = encodeCommand(command, target, 8);
    expect(bytes % 8).toBe(0);
    expect(decodeCommand(target, 8)).toEqual(command);
    expect(recordBytes(target, 8)).toBe(bytes);
    expect(target.subarray(8 + bytes)).toEqual(new Uint8Array(8).fill(0xff));
  });

  it("puts every byte where the layout says", () => {
    const bytes = encoded({ ...head, type: "transfer", account: "al", to: "b", amount: m(2, 1), memo: "n", issued: 9 });
    const expected = Buffer.alloc(64);
    Buffer.from([TYPE.transfer, 5, 2, 1, 1, 1 | 2, 0, 8]).copy(expected);
    expected.writeUInt32LE(70_000, 8);
    expected.writeUInt16LE(3, 12);
    expected[15] = 1;
    for (const [at, number] of [
      [16, 2],
      [24, 1],
      [32, 9],
    ] as const) {
      expected.writeDoubleLE(number, at);
    }
    expected.write("ord-1\0\0\0al\0\0b\0\0\0n", 40);
    expect(Buffer.from(bytes)).toEqual(expected);
  });

  it("gives equal bytes to equal bodies whatever stood in the buffer", () => {
    const command: Command = { ...head, type: "credit", account: "a", amount: m(1) };
    const dirty = new Uint8Array(commandBytes(command)).fill(0xee);
    encodeCommand(command, dirty, 0);
    expect(dirty).toEqual(encoded(command));
  });

  it("refuses what is beyond the limits", () => {
    const bad = (change: Partial<Command>): Command => ({ ...head, type: "credit", account: "a", ...change });
    expect(() => encoded(bad({ id: "x".repeat(65) }))).toThrow(InvariantError);
    expect(() => encoded(bad({ memo: "x".repeat(129) }))).toThrow(InvariantError);
    expect(() => encoded(bad({ amount: m(0, 1e12) }))).toThrow(InvariantError);
    expect(() => encoded(bad({ amount: m(0, -1) }))).toThrow(InvariantError);
    expect(() => encodeCommand(bad({}), new Uint8Array(16), 0)).toThrow(InvariantError);
    expect(() => encodeCommand(bad({}), new Uint8Array(64), 4)).toThrow(InvariantError);
  });
});

/** A record with a result part written number by number, as the layout in record.ts says. */
function record(command: Command, code: ResultCode, outcome: number, versions: number, body: (number | string)[]) {
  const chunks: Buffer[] = [Buffer.from([CODE[code], outcome, STATUS.frozen, STATUS.active, versions, 0, 0, 0])];
  for (const part of body) {
    const chunk = typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.alloc(8);
    if (typeof part === "number") chunk.writeDoubleLE(part);
    chunks.push(chunk);
  }
  const result = Buffer.concat(chunks);
  expect(result.length % 8).toBe(0);
  const bytes = Buffer.concat([encoded(command), result]);
  bytes[14] = result.length / 8;
  return new Uint8Array(bytes);
}

const read = (bytes: Uint8Array) => decodeRecord(bytes, 0, 42, 1000);
/** Eight bytes that hold the version of the second account. */
const version2 = (version: number) => `${String.fromCharCode(version)}\0\0\0\0\0\0\0`;
/** Head of RESOLVED: type, length of name and of to, currency 3. */
const resolvedHead = (type: number, name: number, to: number) => `${String.fromCharCode(type, name, to)}\0\x03\0\0\0`;

const credit: Command = { ...head, type: "credit", account: "alice", amount: m(5) };
const capture: Command = { ...head, currency: 0, type: "capture", hold: "h1" };
const reverse: Command = { ...head, currency: 0, type: "reverse", command: "c1" };
const { BALANCES, CHANGE_1, CHANGE_2, WIDE, HELD, HELD_2, RESOLVED, DUPLICATE } = OUTCOME;

describe("the result part", () => {
  it("reads an applied credit, held left out as zero", () => {
    expect(read(record(credit, "OK", BALANCES | CHANGE_1, 7, [12]))).toEqual({
      sequence: 42,
      command: credit,
      code: "OK",
      timeMs: 1000,
      account: "alice",
      currency: 3,
      amount: m(5),
      available: m(12),
      held: m(0),
      changes: [{ account: "alice", delta: m(5), available: m(12), held: m(0), status: "frozen", version: 7 }],
    });
  });

  it("reads both sides of a wide transfer with held money", () => {
    const transfer: Command = { ...head, type: "transfer", account: "a", to: "b", amount: m(5) };
    const outcome = BALANCES | CHANGE_1 | CHANGE_2 | WIDE | HELD | HELD_2;
    expect(read(record(transfer, "OK", outcome, 1, [1, -2, 3, 4, version2(9), 5, 6, 7, 8]))).toMatchObject({
      available: m(1, -2),
      held: m(3, 4),
      changes: [
        { account: "a", delta: m(1e15 - 5, -1), available: m(1, -2), held: m(3, 4), status: "frozen", version: 1 },
        { account: "b", delta: m(5), available: m(5, 6), held: m(7, 8), status: "active", version: 9 },
      ],
    });
  });

  it("reads the account, currency and amount that a capture of the rest did not name", () => {
    const outcome = BALANCES | CHANGE_1 | RESOLVED;
    const bytes = record(capture, "OK", outcome, 1, [10, resolvedHead(0, 5, 0), 20, 0, "alice\0\0\0"]);
    expect(read(bytes)).toMatchObject({
      account: "alice",
      currency: 3,
      amount: m(20),
      changes: [{ account: "alice", delta: m(1e15 - 20, -1) }],
    });
  });

  it("shows no amount for a refused capture of the rest", () => {
    const outcome = BALANCES | RESOLVED;
    const result = read(record(capture, "HOLD_CLOSED", outcome, 1, [10, resolvedHead(0, 5, 0), 20, 0, "alice\0\0\0"]));
    expect(result).toMatchObject({ code: "HOLD_CLOSED", account: "alice", available: m(10), changes: [] });
    expect(result).not.toHaveProperty("amount");
  });

  it("shows neither account nor balances where none is known", () => {
    const result = read(record(capture, "HOLD_NOT_FOUND", 0, 0, []));
    expect(result).toEqual({
      sequence: 42,
      command: capture,
      code: "HOLD_NOT_FOUND",
      timeMs: 1000,
      currency: 0,
      changes: [],
    });
  });

  it("names an account that does not exist, without balances", () => {
    const result = read(record({ ...credit, type: "debit" }, "ACCOUNT_NOT_FOUND", 0, 0, []));
    expect(result).toMatchObject({ account: "alice", amount: m(5), changes: [] });
    expect(result).not.toHaveProperty("available");
  });

  it.each([
    ["credit", "", [m(1e15 - 20, -1)]],
    ["debit", "", [m(20)]],
    ["transfer", "shop", [m(20), m(1e15 - 20, -1)]],
    ["capture", "", [m(20)]],
    ["capture", "shop", [m(20), m(1e15 - 20, -1)]],
  ] as const)("a reversed %s %s moves the other way", (undone, to, deltas) => {
    const second = to === "" ? [] : [version2(1), 4];
    const outcome = BALANCES | CHANGE_1 | RESOLVED | (to === "" ? 0 : CHANGE_2);
    const resolved = [resolvedHead(TYPE[undone], 2, to.length), 20, 0, `al\0\0${to === "" ? "\0\0\0\0" : to}`];
    const result = read(record(reverse, "OK", outcome, 1, [3, ...second, ...resolved]));
    const changes = deltas.map((delta, index) => ({ account: ["al", "shop"][index], delta }));
    expect(result).toMatchObject({ account: "al", currency: 3, amount: m(20), undone, changes });
  });

  it("reads a repeat as the first result, with the first's sequence and time", () => {
    const result = read(record(credit, "OK", BALANCES | CHANGE_1 | DUPLICATE, 1, [12, 40, 900]));
    expect(result).toMatchObject({ sequence: 42, duplicate: true, of: 40, timeMs: 900, available: m(12) });
  });

  it("has no change of available plus held for a hold and its expiry", () => {
    const hold: Command = { ...head, type: "hold", account: "al", amount: m(20) };
    const expire: Command = { ...head, type: "expire" };
    const rest = [resolvedHead(0, 2, 0), 20, 0, "al\0\0\0\0\0\0"];
    expect(read(record(hold, "OK", BALANCES | CHANGE_1 | HELD, 1, [3, 20]))).toMatchObject({
      changes: [{ delta: m(0), held: m(20) }],
    });
    expect(read(record(expire, "OK", BALANCES | CHANGE_1 | RESOLVED, 1, [3, ...rest]))).toMatchObject({
      amount: m(20),
      changes: [{ account: "al", delta: m(0), available: m(3) }],
    });
  });

  it("refuses bytes that are no record", () => {
    const bytes = record(credit, "OK", BALANCES | CHANGE_1, 7, [12]);
    const command = encoded(credit).length;
    const broken = (at: number, value: number) => () => read(bytes.with(at, value));
    expect(broken(0, 31)).toThrow(InvariantError);
    expect(broken(7, 1)).toThrow(InvariantError);
    expect(broken(14, 0)).toThrow(InvariantError);
    expect(broken(14, 3)).toThrow(InvariantError);
    expect(broken(command, 21)).toThrow(InvariantError);
    expect(broken(command + 1, CHANGE_1)).toThrow(InvariantError);
    expect(broken(command + 2, 3)).toThrow(InvariantError);
  });
});

describe("eachRecord", () => {
  it("gives sequences to commands and none to control records", () => {
    const control = encoded({ type: "setHorizon", commands: 5 });
    const first = record(credit, "OK", BALANCES | CHANGE_1, 7, [12]);
    const body = new Uint8Array(Buffer.concat([first, control, record(capture, "TOO_OLD", 0, 0, [])]));
    const seen = [...eachRecord(body, 10, 5)].map((one) => ("sequence" in one ? one.sequence : one.type));
    expect(seen).toEqual([10, "setHorizon", 11]);
    expect(() => [...eachRecord(body.subarray(0, body.length - 8), 10, 5)]).toThrow(InvariantError);
  });
});
