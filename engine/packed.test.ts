import { expect, test } from "vitest";
import { type RecordMemory, viewMemory } from "./memory.ts";
import { recordHistory } from "./model/history.ts";
import { entryIdWord, entryUnits, isPackable, isPacked, pack, packedUnits, unpack } from "./packed.ts";
import { TYPE } from "./record.ts";
import * as record from "./record-words.ts";

/** Each record of a history, at the start of a memory of its own, with what it takes. */
function* records(commands: number): Generator<{ readonly memory: RecordMemory; readonly bytes: number }> {
  for (const { body } of recordHistory(9, commands)) {
    const { words, bytes } = viewMemory(body.slice().buffer);
    for (let at = 0; at < bytes.length; ) {
      const length = record.recordUnits(words, at >>> 2) * 8;
      const memory = viewMemory(new ArrayBuffer(1024));
      memory.bytes.set(bytes.subarray(at, at + length));
      yield { memory, bytes: length };
      at += length;
    }
  }
}

const UNIT = 5;
const W = UNIT * 2;

/** The record packed, between bytes that are not zero, and unpacked over such. */
function thereAndBack(memory: RecordMemory) {
  const short = viewMemory(new ArrayBuffer(1024));
  const whole = viewMemory(new ArrayBuffer(1024));
  short.bytes.fill(0xa5);
  whole.bytes.fill(0xa5);
  pack(memory, 0, short, UNIT);
  unpack(short, W, whole);
  return { short, whole };
}

test("a record with a short form is the same again, and all that must be seen of it is seen in the short form", () => {
  const found = { short: 0, otherMovement: 0, other: 0 };
  for (const { memory, bytes } of records(20_000)) {
    const { words } = memory;
    const type = record.typeOf(words, 0);
    if (!isPackable(words, 0)) {
      found[type === TYPE.credit || type === TYPE.debit ? "otherMovement" : "other"]++;
      expect(isPacked(words, 0)).toBe(false);
      continue;
    }
    found.short++;
    const { short, whole } = thereAndBack(memory);
    expect(Buffer.from(whole.bytes).equals(Buffer.concat([memory.bytes.subarray(0, bytes), A5(bytes)]))).toBe(true);
    const units = packedUnits(words, 0);
    expect([isPacked(short.words, W), entryUnits(short.words, W)]).toEqual([true, units]);
    expect(units * 8).toBe(bytes - 8);
    expect(short.bytes.subarray((UNIT + units) * 8).every((byte) => byte === 0xa5)).toBe(true);
    expect([record.typeOf(short.words, W), record.idBytes(short.words, W)]).toEqual([type, record.idBytes(words, 0)]);
    const id = record.idWord(words, 0) * 4;
    const shortId = entryIdWord(short.words, W) * 4;
    const length = record.idBytes(words, 0);
    expect(short.bytes.slice(shortId, shortId + length)).toEqual(memory.bytes.slice(id, id + length));
  }
  expect(Math.min(found.short, found.otherMovement, found.other)).toBeGreaterThan(500);
});

function A5(from: number): Uint8Array {
  return new Uint8Array(1024 - from).fill(0xa5);
}

test("a record that says one bit more than a short form can say has none", () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const { memory, bytes } of records(1000)) {
    if (!isPackable(memory.words, 0)) continue;
    for (let bit = 0; bit < bytes * 8; bit++) {
      // Lengths of the id, the name and the command part tell where all else is: a record with another one is none.
      if ([1, 2, 7].includes(bit >>> 3)) continue;
      memory.bytes[bit >>> 3]! ^= 1 << (bit & 7);
      if (isPackable(memory.words, 0)) {
        const { whole } = thereAndBack(memory);
        const same = Buffer.from(whole.bytes.subarray(0, bytes)).equals(memory.bytes.subarray(0, bytes));
        if (!same) wrong.push(`bit ${bit & 7} of byte ${bit >>> 3}`);
      }
      memory.bytes[bit >>> 3]! ^= 1 << (bit & 7);
      tried++;
    }
  }
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(10_000);
});
