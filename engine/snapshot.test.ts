import { expect, test } from "vitest";
import * as accountRow from "./account-row.ts";
import { PLAIN_BLOCKS } from "./arena.ts";
import * as holdRow from "./hold-row.ts";
import { checkInvariants } from "./inspect.ts";
import { Machine } from "./machine.ts";
import { viewMemory } from "./memory.ts";
import { HORIZON, recordHistory, replay } from "./model/history.ts";
import { Random } from "./model/random.ts";
import { MachineSubject, type RecordedFrame } from "./model/subject.ts";
import { entryUnits } from "./packed.ts";
import type { Command } from "./record-codec.ts";
import * as record from "./record-words.ts";
import { REVERSED } from "./remembered.ts";
import { ROW_WORDS } from "./rows.ts";
import { StateCapture, type StateChunk, StateLoader, TAG } from "./snapshot.ts";
import { AccountFinder } from "./snapshot-lookup.ts";
import type { State } from "./state.ts";

test("a snapshot taken while frames go on is the state at its beginning, and replay from it gives the same bytes", () => {
  const frames = recordHistory(3, 30_000);
  const half = frames.length >> 1;
  const machine = new Machine({ horizonCommands: HORIZON, seed: 77 });
  for (const frame of frames.slice(0, half)) replay(machine, frame);

  const capture = new StateCapture(machine.state);
  const chunks: StateChunk[] = [];
  let at = half;
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
    chunks.push({ ...chunk, bytes: chunk.bytes.slice() });
    // Rows change, ids are forgotten and holds expire between any two chunks.
    for (let i = 0; i < 40 && at < frames.length; i++) replay(machine, frames[at++]!);
  }
  capture.end();
  expect(chunks.length).toBeGreaterThan(3);
  expect(at).toBeGreaterThan(half + 80);

  const loader = new StateLoader();
  for (const chunk of chunks) loader.add(chunk);
  const loaded = new Machine({ state: loader.finish() });
  expect(loaded.stateHash()).toBe(frames[half - 1]!.hash);
  checkInvariants(loaded.state);
  for (const frame of frames.slice(half)) replay(loaded, frame);
  expect(loaded.stateHash()).toBe(frames.at(-1)!.hash);
});

test("memory for a long log is put by before the log is loaded, for a short one it is not", () => {
  const machine = new Machine({ horizonCommands: HORIZON });
  replay(machine, recordHistory(4, 1_000)[0]!);
  const putBy = (left: number): number => {
    let bytes = 0;
    const loader = new StateLoader({ ...PLAIN_BLOCKS, willTakeLater: (_, __, more) => (bytes += more) });
    const capture = new StateCapture(machine.state);
    for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) loader.add(chunk, left);
    capture.end();
    expect(loader.finish().remembered.reservedBytes).toBe(bytes);
    return bytes;
  };
  expect(putBy(1 << 20)).toBe(0);
  // The log itself, and an index of some 17 bytes a command of 64.
  expect(putBy(1 << 30) / (1 << 30)).toBeGreaterThanOrEqual(1.1);
  expect(putBy(1 << 30) / (1 << 30)).toBeLessThan(1.3);
});

/** The state that a snapshot taken now gives. */
function copyOf({ state }: Machine): State {
  const capture = new StateCapture(state);
  const loader = new StateLoader();
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) loader.add(chunk);
  capture.end();
  return loader.finish();
}

test("each of many snapshots is of its own time, and what follows is replayed from it", () => {
  const frames = recordHistory(4, 6_000);
  const machine = new Machine({ horizonCommands: HORIZON });
  for (const [index, frame] of frames.entries()) {
    replay(machine, frame);
    if (index % 50 !== 0) continue;
    const state = copyOf(machine);
    const loaded = new Machine({ state });
    expect(loaded.stateHash()).toBe(frame.hash);
    if (machine.sequence > HORIZON) expectSameMemory(state, machine.state);
    for (const next of frames.slice(index + 1, index + 51)) replay(loaded, next);
  }
});

/** All that is remembered of each command, oldest first. */
function* eachRemembered({ remembered }: State) {
  const images = remembered.beginCapture();
  remembered.endCapture();
  for (const [chunk, { firstUnit, entries }] of images.entries()) {
    const words = new Int32Array(entries.buffer, entries.byteOffset, entries.byteLength / 4);
    for (let unit = firstUnit; unit * 2 < words.length; unit += entryUnits(words, unit * 2)) {
      // Few enough are ever remembered here that chunks are numbered from 0.
      const place = (chunk << 17) | unit;
      const { memory, start } = remembered.recordAt(place);
      const bytes = memory.bytes.slice(start, start + record.recordUnits(memory.words, start >>> 2) * 8);
      const [sequence, timeMs] = [remembered.sequenceOf(place), remembered.timeOf(place)];
      yield { sequence, timeMs, isReversed: remembered.isReversed(place), bytes };
    }
  }
}

function expectSameMemory(found: State, expected: State): void {
  const all = [...eachRemembered(expected)];
  expect(all.filter(({ isReversed }) => isReversed).length).toBeGreaterThan(3);
  expect([...eachRemembered(found)]).toEqual(all);
  expect(found.remembered.size).toBe(all.length);
}

/** The log as a snapshot held it before there was a short form. */
function wholeRecords(state: State): StateChunk {
  const FORGOTTEN_UNITS = 9;
  const all = [...eachRemembered(state)];
  const { sequence: baseSequence, timeMs: baseTimeMs } = all[0]!;
  const memory = viewMemory(new ArrayBuffer(1 << 20));
  memory.floats.set([baseSequence, baseTimeMs, FORGOTTEN_UNITS]);
  let at = 3 + FORGOTTEN_UNITS;
  for (const { sequence, timeMs, bytes } of all) {
    memory.words[at * 2] = sequence - baseSequence;
    memory.words[at * 2 + 1] = timeMs - baseTimeMs;
    memory.bytes.set(bytes, (at + 1) * 8);
    // Reversed, but after the snapshot had begun.
    memory.bytes[(at + 1) * 8 + 6]! |= REVERSED;
    at += 1 + bytes.length / 8;
  }
  return { tag: TAG.wholeRecords, index: 0, bytes: memory.bytes.subarray(0, at * 8) };
}

test("a snapshot of whole records, as they were once written, is the same state", () => {
  const frames = recordHistory(5, 20_000);
  const half = frames.length >> 1;
  const machine = new Machine({ horizonCommands: HORIZON });
  for (const frame of frames.slice(0, half)) replay(machine, frame);
  const loader = new StateLoader();
  const capture = new StateCapture(machine.state);
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
    if (chunk.tag !== TAG.log) loader.add(chunk);
  }
  capture.end();
  loader.add(wholeRecords(machine.state));
  const loaded = new Machine({ state: loader.finish() });
  expectSameMemory(loaded.state, machine.state);
  for (const frame of frames.slice(half)) replay(loaded, frame);
  expect(loaded.stateHash()).toBe(frames.at(-1)!.hash);
});

/** Chunks as they were written while tags were hashed otherwise. */
function withOldTags(machine: Machine): StateChunk[] {
  const chunks: StateChunk[] = [];
  const capture = new StateCapture(machine.state);
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
    const bytes = chunk.bytes.slice();
    const words = new Int32Array(bytes.buffer, 0, bytes.byteLength >>> 2);
    if (chunk.tag === TAG.meta) {
      const { commands, ...meta } = JSON.parse(new TextDecoder().decode(bytes));
      expect(commands).toBe(machine.state.remembered.size);
      chunks.push({ tag: 1, index: 0, bytes: new TextEncoder().encode(JSON.stringify(meta)) });
    } else if (chunk.tag === TAG.accounts) {
      for (let w = 0; w < words.length; w += ROW_WORDS) words[w + accountRow.TAG]! ^= 0x5a5a5a5a;
      chunks.push({ tag: 2, index: chunk.index, bytes });
    } else if (chunk.tag === TAG.holds) {
      for (let w = 0; w < words.length; w += ROW_WORDS) words[w + holdRow.TAG]! ^= 0x5a5a5a5a;
      chunks.push({ tag: 4, index: chunk.index, bytes });
    } else chunks.push({ ...chunk, bytes });
  }
  capture.end();
  return chunks;
}

test("a snapshot whose tags were made otherwise is the same state; its tags are not those of code that would believe them", () => {
  const frames = recordHistory(6, 20_000);
  const half = frames.length >> 1;
  const machine = new Machine({ horizonCommands: HORIZON, seed: 5 });
  for (const frame of frames.slice(0, half)) replay(machine, frame);
  expect(machine.state.holds.size).toBeGreaterThan(10);
  expect(machine.state.accounts.tails.length).toBeGreaterThan(0);
  const loader = new StateLoader();
  for (const chunk of withOldTags(machine)) loader.add(chunk);
  const loaded = new Machine({ state: loader.finish() });
  expectSameMemory(loaded.state, machine.state);
  for (const frame of frames.slice(half)) replay(loaded, frame);
  expect(loaded.stateHash()).toBe(frames.at(-1)!.hash);
  expect(Object.values(TAG)).not.toContain(2);
  expect(Object.values(TAG)).not.toContain(4);
});

/** Chunks of a state with some history; `change` gives each as it is to be, or leaves it out. */
function loadChanged(change: (chunk: StateChunk) => StateChunk | undefined): State {
  const machine = new Machine({ horizonCommands: HORIZON });
  for (const frame of recordHistory(7, 5000)) replay(machine, frame);
  const loader = new StateLoader();
  const capture = new StateCapture(machine.state);
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
    const changed = change({ ...chunk, bytes: chunk.bytes.slice() });
    if (changed !== undefined) loader.add(changed);
  }
  capture.end();
  return loader.finish();
}

/** Says another number of remembered commands. */
const withCommands = (commands: (real: number) => unknown) => (chunk: StateChunk) => {
  if (chunk.tag !== TAG.meta) return chunk;
  const meta = JSON.parse(new TextDecoder().decode(chunk.bytes));
  const text = JSON.stringify({ ...meta, commands: commands(meta.commands) });
  return { ...chunk, bytes: new TextEncoder().encode(text) };
};

test("a snapshot without the remembered commands that it says is refused, for their ids would take effect again", () => {
  expect(loadChanged((chunk) => chunk).remembered.size).toBeGreaterThan(100);
  expect(() => loadChanged((chunk) => (chunk.tag === TAG.log ? undefined : chunk))).toThrow(
    /commands that it says, not 0/,
  );
  expect(() => loadChanged(withCommands((real) => real + 1))).toThrow(/commands that it says/);
  // Room is made for what can be there, not for what is said: this would take all memory.
  expect(() => loadChanged(withCommands(() => 1e12))).toThrow(/commands that it says/);
  const cut = (chunk: StateChunk) =>
    chunk.tag === TAG.log ? { ...chunk, bytes: chunk.bytes.subarray(0, 800) } : chunk;
  expect(() => loadChanged(cut)).toThrow(/as long as its head says/);
});

test("an account is found in a snapshot whose tags were made otherwise", () => {
  const machine = new Machine();
  const subject = new MachineSubject(machine);
  const account = "x".repeat(40);
  const command: Command = { type: "credit", partner: 1, currency: 1, id: "c", account, amount: { hi: 0, lo: 7 } };
  subject.frame(1);
  subject.bucket([command], false);
  const finder = new AccountFinder({ partner: 1, currency: 1, account });
  for (const chunk of withOldTags(machine)) if (finder.add(chunk)) break;
  expect(finder.found).toEqual(machine.account(1, 1, account));
});

/** Ids are so few that they are taken again as soon as they are forgotten. */
const IDS = 12;

/** A movement, or a reversal of one, mostly credits so that they succeed. */
function commandOfFew(random: Random): Command {
  const id = () => `i${random.below(IDS)}`;
  const base = { partner: 1, currency: 1, id: id() };
  const [account, to] = [`a${random.below(2)}`, `b${random.below(2)}`];
  const amount = { hi: 0, lo: 1 + random.below(2) };
  switch (random.below(8)) {
    case 0:
      return { ...base, type: "debit", account, amount };
    case 1:
      return { ...base, type: "transfer", account, to, amount };
    case 2:
    case 3:
    case 4:
      // Ids of its own, or most would be repeats.
      return { ...base, id: `r${random.below(2 * IDS)}`, type: "reverse", command: id() };
    default:
      return { ...base, type: "credit", account, amount };
  }
}

test("what follows is the same from a snapshot between any two commands, where ids are soon forgotten and taken again", () => {
  const random = new Random(21);
  const machine = new Machine({ horizonCommands: IDS });
  const loaded: { readonly machine: Machine; left: number }[] = [];
  const codes = new Map<string, number>();
  const subject = new MachineSubject(machine, (frame) => {
    for (const one of loaded) {
      replay(one.machine, frame);
      one.left--;
    }
    while (loaded.length > 0 && loaded[0]!.left === 0) loaded.shift();
  });
  let timeMs = 1;
  for (let i = 0; i < 1500; i++) {
    timeMs += random.below(500);
    const command = commandOfFew(random);
    subject.frame(timeMs);
    const { code } = subject.bucket([command], false)[0]!;
    codes.set(`${command.type} ${code}`, (codes.get(`${command.type} ${code}`) ?? 0) + 1);
    if (i % 5 === 0) {
      subject.endFrame();
      machine.beginFrame(timeMs);
      loaded.push({ machine: new Machine({ state: copyOf(machine) }), left: 12 });
    }
  }
  for (const one of ["reverse OK", "reverse ALREADY_REVERSED", "credit ID_REUSED"]) {
    expect([one, codes.get(one) ?? 0]).toEqual([one, expect.toSatisfy((count: number) => count > 5)]);
  }
});

test("a reversal of a command that was forgotten does not mark the next command of that id", () => {
  const machine = new Machine({ horizonCommands: 2 });
  const frames: RecordedFrame[] = [];
  const subject = new MachineSubject(machine, (frame) => frames.push(frame));
  const base = { partner: 1, currency: 1 } as const;
  const credit = { ...base, type: "credit", id: "x", account: "a", amount: { hi: 0, lo: 5 } } as const;
  const send = (timeMs: number, command: Command) => {
    subject.frame(timeMs);
    return subject.bucket([command], false)[0]!.code;
  };
  const codes = [
    send(1, credit),
    send(2, { ...base, type: "reverse", id: "r1", command: "x" }),
    send(3, { ...base, type: "open", id: "o", account: "b" }),
    send(4, credit),
  ];
  const loaded = new Machine({ state: copyOf(machine) });
  codes.push(send(5, { ...base, type: "reverse", id: "r2", command: "x" }));
  expect(codes).toEqual(["OK", "OK", "OK", "OK", "OK"]);
  subject.endFrame();
  replay(loaded, frames.at(-1)!);
  expect(loaded.stateHash()).toBe(machine.stateHash());
});
