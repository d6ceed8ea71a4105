import { expect, test } from "vitest";
import { atScale, fromMinor, isZero, sumOf, toMinor } from "./money.ts";

test.each([
  ["0", 0, 0n],
  ["0.00", 2, 0n],
  ["10.25", 2, 1025n],
  ["-0.05", 2, -5n],
  ["-12", 0, -12n],
  [`${"9".repeat(27)}`, 0, 10n ** 27n - 1n],
  [`-0.${"0".repeat(17)}1`, 18, -1n],
])("%s with %i places is %s minor units, and back", (text, scale, minor) => {
  expect(toMinor(text)).toBe(minor);
  expect(fromMinor(minor, scale)).toBe(text);
});

test("sums carry over the point and over zero", () => {
  expect(sumOf("0.95", "0.05")).toBe("1.00");
  expect(sumOf("-0.04", "0.05")).toBe("0.01");
  expect(sumOf("-10.00", "0.05")).toBe("-9.95");
  expect(sumOf(`${"9".repeat(26)}8`, "1")).toBe("9".repeat(27));
});

test("only zeros are zero", () => {
  expect(["0", "0.00", "-0.00", "0.01", "10.00", "-1"].map(isZero)).toEqual([true, true, true, false, false, false]);
});

test("places are cut and filled as long as no digit that counts is lost", () => {
  expect(atScale("1.500000000000000000", 2)).toBe("1.50");
  expect(atScale("-7.000000000000000000", 0)).toBe("-7");
  expect(atScale("3", 2)).toBe("3.00");
  expect(() => atScale("1.005", 2)).toThrow("more than 2 places");
});
