import { expect, test } from "vitest";
import { Staging } from "./staging.ts";
import { ContinuityError, NOTHING } from "./store.ts";
import { batchOf, JOURNAL } from "./testing/history.ts";
import { credits } from "./testing/results.ts";

const at = (sequence: number) => ({ sequence, epoch: 1, journal: JOURNAL });

/** A staging whose forms say what they were made for, and how often it made one. */
function setUp() {
  const made: string[] = [];
  const staging = new Staging(({ applied, watermark }, { before }) => {
    const form = `${before.sequence}+${applied}=${watermark.sequence}`;
    made.push(form);
    return { form };
  });
  return { made, staging };
}

test("what was staged is taken as it is, one batch ahead or several", () => {
  const { made, staging } = setUp();
  const [one, two, three] = [batchOf(credits(1, 3)), batchOf(credits(4, 2)), batchOf(credits(6, 1))];
  expect(staging.stage(one)).toBeUndefined();
  expect(staging.take(one, NOTHING)).toMatchObject({ watermark: at(3), applied: 3, form: { form: "0+3=3" } });
  expect(staging.stage(two)).toMatchObject({ watermark: at(5), applied: 2 });
  expect(staging.stage(three)).toBeDefined();
  expect(staging.take(two, at(3))).toMatchObject({ watermark: at(5), applied: 2, form: { form: "3+2=5" } });
  expect(staging.take(three, at(5)).form).toEqual({ form: "5+1=6" });
  expect(made).toEqual(["0+3=3", "3+2=5", "5+1=6"]);
});

test.each([
  ["less", at(3), "3+3=6"],
  ["more", at(5), "5+1=6"],
  ["an older epoch", { ...at(4), epoch: 0 }, "4+2=6"],
  ["no journal", { ...at(4), journal: "" }, "4+2=6"],
])("where the store turns out to have %s, it is made anew", (_, before, form) => {
  const { made, staging } = setUp();
  staging.take(batchOf(credits(1, 4)), NOTHING);
  const batch = batchOf(credits(4, 3));
  expect(staging.stage(batch)).toBeDefined();
  expect(staging.take(batch, before).form).toEqual({ form });
  expect(made).toHaveLength(3);
});

test("a form that is not right any more is made anew", () => {
  const { made, staging } = setUp();
  staging.take(batchOf(credits(1, 4)), NOTHING);
  const batch = batchOf(credits(5, 1));
  staging.stage(batch);
  staging.take(batch, at(4), () => false);
  expect(made).toEqual(["0+4=4", "4+1=5", "4+1=5"]);
});

test("a batch that does not go on is not staged, and taking it says why", () => {
  const { staging } = setUp();
  staging.take(batchOf(credits(1, 4)), NOTHING);
  const gap = batchOf(credits(6, 1));
  expect(staging.stage(gap)).toBeUndefined();
  expect(() => staging.take(gap, at(4))).toThrow(ContinuityError);
});

test("groups do not mix", () => {
  const { staging } = setUp();
  staging.take(batchOf(credits(1, 4)), NOTHING);
  expect(staging.stage(batchOf(credits(5, 1), "g1"))).toBeUndefined();
});
