/** Rows `apply` and `apply-hot`: the state machine alone, with encoding of command and result, the id horizon full. */
import { Random } from "../records.ts";
import { Feed } from "./feed.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

/** Beyond a full horizon, so that forgetting is part of what is measured. */
const BEYOND_HORIZON = 100_000;

function run({ environment }: RowContext, isHot: boolean): readonly Figure[] {
  const sizes = readSizes(environment, { commands: 8_000_000, horizon: 2_000_000 });
  const { rounds, horizon } = sizes;
  const accounts = isHot ? 1 : sizes.accounts;
  const feed = new Feed(sizes);
  feed.upTo(Math.max(accounts, horizon + BEYOND_HORIZON), (id) => id % accounts);
  const random = new Random(42);
  const pick = isHot ? () => 0 : () => random.below(accounts);
  const perRound = Math.ceil(sizes.commands / rounds);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = feed.count;
    const spentMs = feed.upTo(before + perRound, pick);
    rates.push((feed.count - before) / spentMs / 1000);
  }
  feed.check(accounts);
  const { size } = feed.machine.state.remembered;
  check(
    size >= horizon && size <= horizon + feed.perFrame,
    `the horizon is ${horizon}, but ${size} ids are remembered`,
  );
  const what = isHot ? "one account" : `${accounts} accounts at random`;
  return [{ what, unit: "M commands/s", values: rates }];
}

const excluded = "making the records; ring, disk, threads";

export const apply: Row = {
  id: "apply",
  title: "apply and encode, accounts at random",
  excluded,
  run: (context) => run(context, false),
};

export const applyHot: Row = {
  id: "apply-hot",
  title: "apply and encode, all on one account",
  excluded,
  run: (context) => run(context, true),
};
