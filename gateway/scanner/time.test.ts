import { expect, it } from "vitest";
import { LOADED, loadBody } from "./memory.ts";
import { readTime, TIME_READ } from "./time.ts";

function read(text: string): number | undefined {
  const bytes = Buffer.from(text);
  loadBody(bytes, bytes.length);
  return readTime(LOADED.start, bytes.length) ? TIME_READ[0] : undefined;
}

it("every day from 1970 to 2100, and the last one of 9999, is what Date says", () => {
  const dayMs = 86_400_000;
  for (let at = 0; at < Date.UTC(2101, 0, 1); at += dayMs) {
    expect(read(new Date(at + 45_296_789).toISOString())).toBe(at + 45_296_789);
  }
  expect(read("9999-12-31T23:59:59.999Z")).toBe(253_402_300_799_999);
});

it("one to nine places are taken, and those behind the third cut off", () => {
  expect(read("1970-01-01T00:00:00.1Z")).toBe(100);
  expect(read("1970-01-01T00:00:00.12Z")).toBe(120);
  expect(read("1970-01-01T00:00:00.012999999Z")).toBe(12);
  expect(read("1970-01-01T00:00:00.Z")).toBeUndefined();
  expect(read("1970-01-01T00:00:00.0123456789Z")).toBeUndefined();
});

it("any byte changed to one that cannot stand there is refused", () => {
  const time = "2026-11-20T10:00:00.125Z";
  for (let at = 0; at < time.length; at++) {
    for (const character of [":", "/", "-", " ", "T", "Z", ".", "\0", "é"]) {
      if (character === time[at]) continue;
      expect(read(time.slice(0, at) + character + time.slice(at + 1)), `${character} at ${at}`).toBeUndefined();
    }
  }
});

it.each([
  "1969-12-31T23:59:59Z",
  "2026-00-10T00:00:00Z",
  "2026-13-10T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T00:60:00Z",
  "2016-12-31T23:59:60Z",
  "2026-01-01t00:00:00Z",
  "2026-01-01T00:00:00z",
  "2026-01-01T00:00:00",
  "2026-01-01T00:00Z",
  "10000-01-01T00:00:00Z",
  "",
])("%j is no time", (text) => {
  expect(read(text)).toBeUndefined();
});
