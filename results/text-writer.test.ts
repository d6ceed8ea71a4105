import { describe, expect, it } from "vitest";
import { limbs } from "../engine/model/numbers.ts";
import { Random } from "../engine/model/random.ts";
import { formatMoney } from "../engine/money.ts";
import { piece, TextWriter } from "./text-writer.ts";

const writer = new TextWriter(1024);

function written(write: () => void): string {
  writer.begin();
  write();
  return writer.finish();
}

describe("TextWriter", () => {
  it("writes whole numbers as String does", () => {
    const random = new Random(1);
    const bounds = [0, 9, 10, 999_999_999, 1e9, 1e9 + 1, 2 ** 31, 2 ** 32, 1e15, 1e15 - 1, 2 ** 53 - 1];
    for (const value of [
      ...bounds,
      ...Array.from({ length: 2000 }, () => Number(random.digits(random.between(1, 15)))),
    ])
      expect(written(() => writer.integer(value))).toBe(String(value));
  });

  it("writes money as formatMoney does, at every scale and sign", () => {
    const random = new Random(2);
    for (let round = 0; round < 5000; round++) {
      const minor = random.chance(0.1) ? BigInt(random.below(2)) : random.digits(random.between(1, 27));
      const { hi, lo } = limbs(random.chance(0.5) ? minor : -minor);
      const scale = random.below(19);
      expect(written(() => writer.money(hi, lo, scale))).toBe(formatMoney(hi, lo, scale));
    }
  });

  it("quotes free text as JSON.stringify does", () => {
    const texts = [
      "",
      "plain",
      'say "hi"',
      "back\\slash",
      "\n\t\b\f\r\u0000\u001f\u007f",
      "\uFEFF转账",
      "😀",
      "\u2028",
    ];
    for (const text of texts) {
      const bytes = new TextEncoder().encode(`..${text}..`);
      expect(written(() => writer.quoted(bytes, 2, bytes.length - 4))).toBe(JSON.stringify(text));
    }
  });

  it("copies names of every length, one right behind the other", () => {
    const names = Array.from({ length: 12 }, (_, length) => "abcdefghijkl".slice(0, length));
    expect(written(() => names.map((name) => writer.piece(piece(name))))).toBe(names.join(""));
  });

  it("refuses a text longer than its buffer, rather than to cut it", () => {
    for (const write of [
      (small: TextWriter) => small.piece(piece("nine byte")),
      (small: TextWriter) => small.integer(123_456_789),
    ]) {
      const small = new TextWriter(8);
      small.begin();
      expect(() => {
        write(small);
        small.finish();
      }).toThrow(/bounds of the DataView|no longer than its writer's buffer/);
    }
  });
});
