import { describe, expect, it } from "vitest";
import { RESULT_CODES } from "../engine/codes.ts";
import { Machine } from "../engine/machine.ts";
import { RecordMemory, viewMemory } from "../engine/memory.ts";
import { limbs } from "../engine/model/numbers.ts";
import { MachineSubject, type RecordedFrame } from "../engine/model/subject.ts";
import { TYPE_NAMES } from "../engine/record.ts";
import {
  type Command,
  type Control,
  eachRecord,
  encodeCommand,
  isControl,
  type Result,
} from "../engine/record-codec.ts";
import { checkMessage } from "../stores/message.ts";
import { type BriefResult, readBriefs } from "./brief.ts";
import { type Names, NameTable } from "./names.ts";
import { renderRecords } from "./render.ts";
import { historyNames, makeHistory } from "./testing/history.ts";
import { referenceResult } from "./testing/reference.ts";

const names = historyNames();
const isResult = (record: Result | Control): record is Result => !isControl(record);

type Full = Readonly<Record<string, unknown>>;

/** The keys of a brief result. */
function briefOf({ sequence, id, type, status, at, partner, memo, changes, duplicate }: Full): Full {
  return { sequence, id, type, status, at, partner, memo, changes, duplicate };
}

/** A frame's results in brief, made by the code under test. */
function briefs({ body, firstSequence, timeMs }: RecordedFrame, known: Names = names): BriefResult[] {
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  return readBriefs(memory, 0, body.byteLength, firstSequence, timeMs, known);
}

/** The same by way of their texts. */
function parsed({ body, firstSequence, timeMs }: RecordedFrame, known: Names = names): Full[] {
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  const texts = renderRecords(memory, 0, body.byteLength, firstSequence, timeMs, known);
  return texts.map((text) => briefOf(JSON.parse(text) as Full));
}

/** The same from the decoded records, which share no code with either. */
function decoded({ body, firstSequence, timeMs }: RecordedFrame): { results: readonly Result[]; briefs: Full[] } {
  const results = [...eachRecord(body, firstSequence, timeMs)].filter(isResult);
  return { results, briefs: results.map((result) => briefOf(referenceResult(result, names))) };
}

/** What there is to get wrong in a result. */
function* peculiarities({ id, changes, duplicate, memo }: BriefResult, result: Result): Generator<string> {
  const { command, code, undone } = result;
  yield command.type;
  yield code;
  if (changes.length === 0) return;
  if (undone !== undefined) yield `reverse of ${undone}`;
  if (duplicate === true) yield "duplicate with changes";
  if (memo !== undefined) yield "memo";
  if (id.startsWith("@expire:")) yield "id of an expiry";
  for (const [index, { delta, available, held }] of changes.entries()) {
    if (/[1-9]/.test(held)) yield `held of change ${index + 1}`;
    if (available.startsWith("-")) yield "less than nothing available";
    if (delta.startsWith("-")) yield `less in change ${index + 1}`;
    if (!delta.includes(".")) yield "no places";
    if (delta.replace(/[-.]/g, "").replace(/^0+/, "").length > 15) yield `wide in change ${index + 1}`;
  }
}

const EXPECTED_PECULIARITIES = [
  ...TYPE_NAMES.filter((name) => name !== undefined),
  ...RESULT_CODES.map(([code]) => code),
  ...["credit", "debit", "transfer", "capture"].map((type) => `reverse of ${type}`),
  ...["held of change 1", "held of change 2", "less in change 1", "less in change 2"],
  ...["wide in change 1", "wide in change 2", "less than nothing available", "no places"],
  ...["duplicate with changes", "memo", "id of an expiry"],
];

/** The results of these commands, whose partner and currency are the histories', in one frame. */
function frameOf(commands: readonly Command[]): RecordedFrame {
  const frames: RecordedFrame[] = [];
  const subject = new MachineSubject(new Machine({ horizonCommands: 50 }), (frame) => void frames.push(frame));
  subject.frame(1_790_000_000_000);
  subject.bucket(commands, false);
  subject.endFrame();
  return frames[0]!;
}

describe("results in brief", () => {
  it("say what their texts and the decoded records say, over histories with every type and code", () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      for (const frame of makeHistory({ seed, commands: 6000 })) {
        const made = briefs(frame);
        const { results, briefs: expected } = decoded(frame);
        expect(made).toEqual(expected);
        expect(made).toEqual(parsed(frame));
        for (const [index, result] of results.entries())
          for (const one of peculiarities(made[index]!, result)) seen.add(one);
      }
    }
    expect(EXPECTED_PECULIARITIES.filter((one) => !seen.has(one))).toEqual([]);
  });

  it("are what a store takes from the topic, all with the same keys", () => {
    const keys = new Set<string>();
    for (const frame of makeHistory({ seed: 7, commands: 6000 })) {
      const results = briefs(frame);
      const { length: count } = results;
      const message = { group: "g0", epoch: 1, first: frame.firstSequence, count, at: "2026-11-20T08:00:00Z", results };
      if (count > 0) expect(checkMessage(message)).toBe(message);
      for (const result of results) keys.add(Object.keys(result).join());
    }
    expect([...keys]).toEqual(["sequence,id,type,status,at,partner,memo,changes,duplicate"]);
  });

  it.each(Array.from({ length: 19 }, (_, scale) => scale))("show money with %i places as their texts do", (scale) => {
    const scaled = new NameTable();
    for (const partner of [1, 2, 70_000]) scaled.addPartner(partner, `p${partner}`);
    for (const currency of [1, 2, 3]) scaled.addCurrency(currency, { code: "ANY", scale });
    for (const frame of makeHistory({ seed: 9, commands: 1000 }))
      expect(briefs(frame, scaled)).toEqual(parsed(frame, scaled));
  });

  it("show a memo as it was sent", () => {
    const memos = ["plain", 'say "hi"', "back\\slash", "\n\t\u0000\u001f\u007f", "\uFEFF转账", "😀", "\u2028", "é"];
    const credit = { type: "credit", partner: 1, currency: 1, account: "a", amount: limbs(1n) } as const;
    const frame = frameOf(memos.map((memo, index) => ({ ...credit, id: `c${index}`, memo })));
    expect(briefs(frame).map(({ memo }) => memo)).toEqual(memos);
    expect(briefs(frame)).toEqual(parsed(frame));
  });

  it("are read from shared memory, and from a window of a buffer", () => {
    const frame = makeHistory({ seed: 8, commands: 200 })[0]!;
    const { body, firstSequence, timeMs } = frame;
    const memory = viewMemory(new SharedArrayBuffer(64 + body.length));
    memory.bytes.set(body, 64);
    const window = new RecordMemory(memory.bytes.buffer, 64, body.length);
    expect(readBriefs(memory, 64, 64 + body.length, firstSequence, timeMs, names)).toEqual(briefs(frame));
    expect(readBriefs(window, 0, body.length, firstSequence, timeMs, names)).toEqual(briefs(frame));
  });

  it("refuse a record without a result, a code or a status that is not known, and an index that nobody defined", () => {
    const memory = viewMemory(new ArrayBuffer(64));
    encodeCommand({ type: "open", partner: 1, currency: 1, id: "a", account: "b" }, memory.bytes, 0);
    expect(() => readBriefs(memory, 0, 64, 1, 0, names)).toThrow("a command in a frame has a result");
    const frame = frameOf([{ type: "open", partner: 1, currency: 1, id: "a", account: "b" }]);
    // The result part follows a command part of 24 bytes: its code, its outcome, the account's status.
    const broken = (at: number, value: number) => ({ ...frame, body: frame.body.with(at, value) });
    expect(() => briefs(broken(24, 255))).toThrow("a result has a known code");
    expect(() => briefs(broken(26, 3))).toThrow("an account in a result has a known status");
    expect(() => briefs(broken(8, 9))).toThrow("no record of the journal defines partner 9");
    expect(() => briefs(broken(12, 9))).toThrow("no record of the journal defines currency 9");
  });
});
