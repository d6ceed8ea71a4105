import { describe, expect, it } from "vitest";
import { InvariantError } from "../engine/assert.ts";
import { Currencies, ISO_CURRENCIES } from "./currencies.ts";

describe("the ISO table", () => {
  it("gives every code and every index once", () => {
    expect(new Set(ISO_CURRENCIES.map(({ code }) => code)).size).toBe(ISO_CURRENCIES.length);
    expect(new Set(ISO_CURRENCIES.map(({ index }) => index)).size).toBe(ISO_CURRENCIES.length);
  });

  it("has three-letter codes, three-digit numbers and scales 0, 2, 3 or 4 only", () => {
    const odd = ISO_CURRENCIES.filter(
      ({ code, index, scale }) =>
        !/^[A-Z]{3}$/.test(code) || !(index > 0 && index < 1000) || ![0, 2, 3, 4].includes(scale),
    );
    expect(odd).toEqual([]);
  });

  it.each([
    ["CNY", 156, 2],
    ["USD", 840, 2],
    ["EUR", 978, 2],
    ["JPY", 392, 0],
    ["KRW", 410, 0],
    ["KWD", 414, 3],
    ["CLF", 990, 4],
    ["ALL", 8, 2],
    ["XCG", 532, 2],
  ])("%s has number %i and %i places", (code, index, scale) => {
    expect(new Currencies().byCode(code)).toEqual({ code, index, scale });
    expect(new Currencies().byIndex(index)).toEqual({ code, index, scale });
  });

  it("knows every currency that the runtime's own list knows, but for withdrawn and unit-less ones", () => {
    const withdrawn = ["ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"];
    const unitless = ["XDR", "XSU"];
    const codes = new Set(ISO_CURRENCIES.map(({ code }) => code));
    const missing = Intl.supportedValuesOf("currency").filter((code) => !codes.has(code));
    expect(missing.filter((code) => !withdrawn.includes(code) && !unitless.includes(code))).toEqual([]);
  });
});

describe("registered currencies", () => {
  it("are found by code and by index", () => {
    const currencies = new Currencies();
    const points = { code: "POINTS", index: 1000, scale: 0 };
    currencies.add(points);
    expect([currencies.byCode("POINTS"), currencies.byIndex(1000)]).toEqual([points, points]);
  });

  it.each([
    [{ code: "POINTS", index: 999, scale: 0 }],
    [{ code: "POINTS", index: 65_536, scale: 0 }],
    [{ code: "POINTS", index: 1000, scale: 19 }],
    [{ code: "points", index: 1000, scale: 0 }],
    [{ code: "ABCDEFGHIJKLM", index: 1000, scale: 0 }],
  ])("outside their bounds are a fault: %j", (currency) => {
    expect(() => new Currencies().add(currency)).toThrow(InvariantError);
  });

  it("never share an index", () => {
    const currencies = new Currencies();
    currencies.add({ code: "A", index: 1000, scale: 0 });
    expect(() => currencies.add({ code: "B", index: 1000, scale: 0 })).toThrow(InvariantError);
  });
});
