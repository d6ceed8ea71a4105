import { expect, test } from "vitest";
import { Concurrency } from "./concurrency.ts";

function after(replies: number, isSuccess: (index: number) => boolean, concurrency = new Concurrency()): Concurrency {
  for (let index = 0; index < replies; index++) concurrency.count(isSuccess(index));
  return concurrency;
}

test("calls in flight grow from 10 to 60 while replies are definite, and never beyond", () => {
  expect(new Concurrency().limit).toBe(10);
  expect(after(40, () => true).limit).toBe(30);
  expect(after(1000, () => true).limit).toBe(60);
});

test("they fall to 10 while they are not, never below, and grow again", () => {
  const grown = after(1000, () => true);
  expect(after(20, () => false, grown).limit).toBe(45);
  expect(after(1000, () => false, grown).limit).toBe(10);
  expect(after(100, () => true, grown).limit).toBe(60);
});

test("between seven and nine of ten they stay", () => {
  const grown = after(60, () => true);
  expect(after(200, (index) => index % 5 !== 0, grown).limit).toBe(40);
});
