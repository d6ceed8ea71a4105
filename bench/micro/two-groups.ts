/** Row `two-groups`: two groups on two threads against one alone, each fed from a ring that was filled before the clock starts. */
import { join } from "node:path";
import { ringLayout } from "../../engine/index.ts";
import { verify } from "../../journal/index.ts";
import { CREDIT_BYTES, Random } from "../records.ts";
import { GroupDriver } from "./group-driver.ts";
import { readSizes, type Sizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

/** Names and folders of the groups. */
const GROUPS = ["g0", "g1"] as const;

/** The smallest ring that holds so many commands in buckets, wherever in it they begin: one bucket more is skipped at its end. */
function ringBytesFor(commands: number, bucket: number): number {
  const bytes = Math.ceil(commands / bucket + 1) * (ringLayout.ENTRY_HEAD_BYTES + bucket * CREDIT_BYTES + 8);
  return 2 ** Math.ceil(Math.log2(bytes));
}

/** Commands/s, in millions, of these groups together, from the release of full rings until all is durable. */
async function race(drivers: readonly GroupDriver[], commands: number, account: () => number): Promise<number> {
  for (const driver of drivers) driver.preload(commands, account);
  const before = drivers.map(({ answered }) => answered);
  const begin = performance.now();
  await Promise.all(drivers.map((driver) => driver.release()));
  const spentMs = performance.now() - begin;
  const done = drivers.reduce((sum, { answered }, i) => sum + answered - before[i]!, 0);
  return done / spentMs / 1000;
}

async function open(folder: string, { accounts, bucket, horizon }: Sizes, perRound: number): Promise<GroupDriver[]> {
  const drivers: GroupDriver[] = [];
  for (const group of GROUPS) {
    const ringBytes = ringBytesFor(perRound, bucket);
    const { driver } = await GroupDriver.open({ group, directory: join(folder, group), bucket, ringBytes });
    await driver.warmUp(accounts, horizon);
    drivers.push(driver);
  }
  return drivers;
}

async function run({ environment, folder }: RowContext): Promise<readonly Figure[]> {
  const sizes = readSizes(environment, { commands: 18_000_000, horizon: 1_000_000 });
  const { accounts, rounds, commands, bucket } = sizes;
  // A round takes three such shares: one group alone, then both.
  const perRound = Math.ceil(commands / rounds / 3 / bucket) * bucket;
  const drivers = await open(folder, sizes, perRound);
  const random = new Random(42);
  const account = () => random.below(accounts);
  const one: number[] = [];
  const two: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // By turns, for no disk and no table is the same twice.
    one.push(await race([drivers[round % drivers.length]!], perRound, account));
    two.push(await race(drivers, perRound, account));
  }
  for (const driver of drivers) {
    await driver.check();
    await driver.stop();
  }
  for (const [i, group] of GROUPS.entries()) {
    const found = verify(join(folder, group));
    check(found.ok, found.ok ? "" : `the journal of ${group} is damaged: ${found.message}`);
    const { sequence } = drivers[i]!;
    check(found.sequence === sequence, `${sequence} was answered by ${group}, its journal ends at ${found.sequence}`);
  }
  return [
    { what: "two groups in parts of one", unit: "times", values: two.map((rate, i) => rate / one[i]!) },
    { what: "one group", unit: "M commands/s", values: one },
    { what: "two groups together", unit: "M commands/s", values: two },
  ];
}

export const twoGroups: Row = {
  id: "two-groups",
  title: "two groups on two threads against one, from full rings",
  excluded: "filling the rings; both groups write to one disk",
  run,
};
