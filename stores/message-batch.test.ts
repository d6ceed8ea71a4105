import { expect, test } from "vitest";
import { MessageBatch } from "./message-batch.ts";
import { JOURNAL, messageText } from "./testing/history.ts";
import { credits } from "./testing/results.ts";

function batch(first: number, count: number, more: { epoch?: number; journal?: string } = {}): MessageBatch {
  const { epoch = 1, journal = JOURNAL } = more;
  const texts = credits(first, count).map((result) => JSON.stringify(result));
  const value = messageText({ group: "g0", first, at: "2026-11-20T08:00:00.000Z" }, texts).replace(
    '"epoch":1',
    `"epoch":${epoch}`,
  );
  return new MessageBatch("g0", { value, type: "ringfence.results.v1", journal, place: `offset ${first}` });
}

test("takes in what goes on from it, and nothing else", () => {
  const whole = batch(1, 3);
  expect(whole.add(batch(4, 2), 100)).toBe(true);
  expect(whole.add(batch(7, 2), 100)).toBe(false);
  expect(whole.add(batch(5, 2), 100)).toBe(false);
  expect(whole.add(batch(6, 2, { epoch: 2 }), 100)).toBe(false);
  expect(whole.add(batch(6, 2, { journal: "other" }), 100)).toBe(false);
  // Full by now.
  expect(whole.add(batch(6, 2), 5)).toBe(false);
  expect(whole.results).toEqual(credits(1, 5));
});

test("results that were let go of are the same when they are asked for again, and more may be added", () => {
  const whole = batch(1, 3);
  whole.add(batch(4, 2), 100);
  whole.release();
  expect(whole.results).toEqual(credits(1, 5));
  whole.release();
  const more = batch(6, 2);
  more.release();
  expect(whole.add(more, 100)).toBe(true);
  expect(whole.results).toEqual(credits(1, 7));
});
