import { expect, test } from "vitest";
import * as at from "./account-row.ts";
import { Machine } from "./machine.ts";
import { viewMemory } from "./memory.ts";
import { type Command, commandBytes, encodeCommand } from "./record-codec.ts";
import * as record from "./record-words.ts";
import { CHUNK_ROWS, floatOf, ROW_FLOATS, ROW_WORDS } from "./rows.ts";
import { UsualPath } from "./usual.ts";

const credit = (more: Partial<Command> = {}): Command => ({
  type: "credit",
  partner: 1,
  currency: 156,
  id: "c1",
  account: "alice",
  amount: { hi: 0, lo: 5 },
  ...more,
});

function inputOf(command: Command) {
  const memory = viewMemory(new ArrayBuffer(commandBytes(command)));
  encodeCommand(command, memory.bytes, 0);
  return memory;
}

/** A machine with a frame begun, which has applied these commands one by one. */
function machineWith(...commands: readonly Command[]): Machine {
  const machine = new Machine();
  machine.beginFrame(1000);
  for (const command of commands) {
    const input = inputOf(command);
    machine.applyBucket(input, 0, input.bytes.byteLength, 1);
  }
  return machine;
}

function rowOf(machine: Machine, { partner, currency, account }: Command): number {
  const { accounts } = machine.state;
  const input = inputOf(credit({ partner, currency, account: account! }));
  const name = record.nameWord(input.words, 0);
  const tag = accounts.tag(partner, currency!, input.words, name, account!.length);
  return accounts.find(tag, partner, currency!, input.words, name, account!.length);
}

// Rows are looked up by a hash of 32 bits before they are compared, so another account's may come: as often as not in these cases.
test.each([
  ["another name", { account: "alicf" }],
  ["a longer name", { account: "alice1" }],
  ["another partner", { partner: 2 }],
  ["another currency", { currency: 840 }],
])("a row of %s is not taken for the account's", (_, more) => {
  const other = credit({ id: "other", ...more });
  const machine = machineWith(credit({ id: "first" }), other);
  const usual = new UsualPath(machine.state, machine.frame);
  const before = [machine.stateHash(), machine.frame.end, machine.sequence];
  const row = rowOf(machine, other);
  expect(row).toBeGreaterThan(0);
  expect(usual.apply(inputOf(credit()), 0, 77, 78, row)).toBe(false);
  expect([machine.stateHash(), machine.frame.end, machine.sequence]).toEqual(before);
  expect(usual.apply(inputOf(credit()), 0, 77, 78, rowOf(machine, credit()))).toBe(true);
});

test("a snapshot that has begun keeps what the account and @world had before", () => {
  const machine = machineWith(credit({ id: "first" }));
  const { accounts } = machine.state;
  const row = rowOf(machine, credit());
  const world = accounts.findWorld(1, 156);
  accounts.rows.beginCapture();
  const usual = new UsualPath(machine.state, machine.frame);
  expect(usual.apply(inputOf(credit()), 0, 77, 78, row)).toBe(true);
  const copy = new Int32Array(CHUNK_ROWS * ROW_WORDS);
  expect(accounts.rows.captureChunk(copy)).toBe(true);
  accounts.rows.endCapture();
  const floats = new Float64Array(copy.buffer);
  const copied = [row, world].map((one) => floats.slice(floatOf(one), floatOf(one) + ROW_FLOATS));
  expect(copied.map((one) => one[at.AVAILABLE + 1])).toEqual([5, 1e15 - 5]);
  const now = [row, world].map((one) => accounts.rows.floats[0]![floatOf(one) + at.AVAILABLE + 1]);
  expect(now).toEqual([10, 1e15 - 10]);
});
