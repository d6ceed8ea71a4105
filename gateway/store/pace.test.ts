import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

function paceWithNews(): Pace {
  const pace = new Pace();
  pace.news(1000);
  return pace;
}

test("a store that keeps up never rests", () => {
  expect(paceWithNews().restMs({ behind: 29_999, tookMs: 20, nowMs: 1001 })).toBe(0);
});

test("a store that is outrun while results come rests nineteen times as long as it worked", () => {
  expect(paceWithNews().restMs({ behind: 30_000, tookMs: 20, nowMs: 1001 })).toBe(380);
});

test("once no more results come it catches up at full speed, as after a start with a long journal", () => {
  expect(paceWithNews().restMs({ behind: 1e9, tookMs: 20, nowMs: 1051 })).toBe(0);
  expect(new Pace().restMs({ behind: 1e9, tookMs: 20, nowMs: 1 })).toBe(0);
});

test("a rush lasts until no results have come for a while", () => {
  expect(paceWithNews().isRush(1050)).toBe(true);
  expect(paceWithNews().isRush(1051)).toBe(false);
  expect(new Pace().isRush(1)).toBe(false);
});

test("a rest is bounded", () => {
  expect(paceWithNews().restMs({ behind: 1e9, tookMs: 5000, nowMs: 1001 })).toBe(500);
});
