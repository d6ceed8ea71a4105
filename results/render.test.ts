import { describe, expect, it } from "vitest";
import { RESULT_CODES } from "../engine/codes.ts";
import { RecordMemory, viewMemory } from "../engine/memory.ts";
import { TYPE_NAMES } from "../engine/record.ts";
import {
  type Command,
  type Control,
  eachRecord,
  encodeCommand,
  isControl,
  type Result,
} from "../engine/record-codec.ts";
import { renderRecords, renderResult } from "./render.ts";
import { historyNames, makeHistory } from "./testing/history.ts";
import { referenceResult } from "./testing/reference.ts";

const names = historyNames();
const isResult = (record: Result | Control): record is Result => !isControl(record);

/** A copy of a frame's body in shared memory, some bytes in, as it stands in a ring. */
function shared(body: Uint8Array, lead = 64): { memory: RecordMemory; start: number; end: number } {
  const memory = viewMemory(new SharedArrayBuffer(lead + body.length));
  memory.bytes.set(body, lead);
  return { memory, start: lead, end: lead + body.length };
}

describe("rendered results", () => {
  it("are the texts of the decoded records, over histories with every type and code", () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      for (const { body, firstSequence, timeMs } of makeHistory({ seed, commands: 6000 })) {
        const { memory, start, end } = shared(body);
        const results = [...eachRecord(body, firstSequence, timeMs)].filter(isResult);
        const texts = renderRecords(memory, start, end, firstSequence, timeMs, names);
        expect(texts).toEqual(results.map((result) => JSON.stringify(referenceResult(result, names))));
        for (const { command, code } of results) seen.add(command.type).add(code);
      }
    }
    const all = [...TYPE_NAMES.filter((name) => name !== undefined), ...RESULT_CODES.map(([code]) => code)];
    expect(all.filter((name) => !seen.has(name))).toEqual([]);
  });

  it("are read from a memory that is a window of its buffer", () => {
    const { body, firstSequence, timeMs } = makeHistory({ seed: 7, commands: 200 })[0]!;
    const whole = shared(body, 128).memory.bytes.buffer;
    const window = new RecordMemory(whole, 128, body.length);
    const texts = renderRecords(window, 0, body.length, firstSequence, timeMs, names);
    expect(JSON.parse(texts[0]!)).toMatchObject({ sequence: 1 });
  });

  it("refuse a record without a result, and an index that nobody defined", () => {
    const command: Command = { type: "open", partner: 1, currency: 1, id: "a", account: "b" };
    const { memory } = shared(new Uint8Array(512), 0);
    encodeCommand(command, memory.bytes, 0);
    expect(() => renderResult(memory, 0, 1, 0, names)).toThrow("a command in a frame has a result");
    memory.bytes[14] = 1;
    encodeCommand({ ...command, partner: 9 }, memory.bytes, 0);
    memory.bytes[14] = 1;
    expect(() => renderResult(memory, 0, 1, 0, names)).toThrow("no record of the journal defines partner 9");
  });
});
