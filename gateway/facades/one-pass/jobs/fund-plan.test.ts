import { expect, test } from "vitest";
import { Random } from "../../../../engine/model/random.ts";
import { FULL_CENTS, FundPlan } from "./fund-plan.ts";

interface Step {
  readonly cents: number;
  isPaid: boolean | undefined;
}

/** Empties a fund of `cents` by the plan, outcomes coming in any order. Returns the draws in the order in which they were planned. */
function empty(cents: number, random: Random, plan = new FundPlan(), steps: Step[] = [], left = cents): Step[] {
  const open: Step[] = steps.filter(({ isPaid }) => isPaid === undefined);
  let rest = left;
  while (!plan.isDone) {
    for (let draw = plan.next(); draw !== undefined; draw = plan.next()) {
      const step = { cents: draw.cents, isPaid: undefined };
      steps.push(step);
      open.push(step);
    }
    const [step] = open.splice(random.below(open.length), 1);
    step!.isPaid = step!.cents <= rest;
    if (step!.isPaid) rest -= step!.cents;
    plan.settle(step!.cents, step!.isPaid);
  }
  expect(rest).toBe(0);
  return steps;
}

const EDGES = [
  0, 1, 2, 3, 50, 99, 100, 499_999, 500_000, 500_001, 999_999, 1_000_000, 1_000_001, 1_999_999, 25_000_037,
];

test("a fund of any size is emptied to the last cent, in about log2 of a full draw's cents after the full ones", () => {
  const random = new Random(3);
  const sizes = [...EDGES, ...Array.from({ length: 500 }, () => random.below(30_000_000))];
  for (const cents of sizes) {
    const steps = empty(cents, random);
    const paid = steps.filter(({ isPaid }) => isPaid).reduce((sum, step) => sum + step.cents, 0);
    expect(paid).toBe(cents);
    const full = steps.filter((step) => step.cents === FULL_CENTS);
    expect(steps.length - full.length).toBeLessThanOrEqual(22);
    // What is tried in vain is bounded by what was paid before.
    expect(full.filter(({ isPaid }) => isPaid === false).length).toBeLessThanOrEqual(1 + cents / FULL_CENTS);
  }
});

test("a plan that is restored from the journal's draws goes on as the one that was lost", () => {
  const random = new Random(4);
  for (let round = 0; round < 300; round++) {
    const cents = random.pick(EDGES) + random.below(3_000_000);
    const whole = empty(cents, random);
    // A crash after some draws: their outcomes may be lost, from the end backwards or anywhere among the full ones.
    const steps = whole.slice(0, random.between(1, whole.length)).map((step) => ({ ...step }));
    const last = steps.at(-1)!;
    for (const step of steps) {
      if (step === last || (last.cents === FULL_CENTS && random.chance(0.3))) step.isPaid = undefined;
    }
    const plan = new FundPlan();
    let left = cents;
    for (const step of steps) {
      plan.reopen(step.cents);
      if (step.isPaid === undefined) continue;
      plan.settle(step.cents, step.isPaid);
      if (step.isPaid) left -= step.cents;
    }
    empty(cents, random, plan, steps, left);
  }
});

test("money that is put into a fund meanwhile is drawn too, for only a refused cent ends it", () => {
  const plan = new FundPlan();
  let left = 1;
  let isAdded = false;
  for (let draw = plan.next(); draw !== undefined; draw = plan.next()) {
    if (draw.cents === 1 && left === 0 && !isAdded) {
      left += 1_234_567;
      isAdded = true;
    }
    const isPaid = draw.cents <= left;
    if (isPaid) left -= draw.cents;
    plan.settle(draw.cents, isPaid);
  }
  expect([isAdded, left, plan.isDone]).toEqual([true, 0, true]);
});

test("the first draw below a full one is doubted, and only that one", () => {
  const plan = new FundPlan();
  const doubted: [number, boolean][] = [];
  for (let draw = plan.next(); draw !== undefined; draw = plan.next()) {
    doubted.push([draw.cents, draw.isDoubted]);
    plan.settle(draw.cents, false);
  }
  expect(doubted.slice(0, 3)).toEqual([
    [1_000_000, false],
    [500_000, true],
    [250_000, false],
  ]);
  expect(doubted.filter(([, isDoubted]) => isDoubted)).toHaveLength(1);
});
