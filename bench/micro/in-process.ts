/** Row `in-process`: command ring → apply → frame on disk, synced → answer, through a group's real thread. */
import { verify } from "../../journal/index.ts";
import { Random } from "../records.ts";
import { GroupDriver } from "./group-driver.ts";
import { GROUP } from "./journal-file.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

async function run({ environment, folder }: RowContext): Promise<readonly Figure[]> {
  const { accounts, bucket, rounds, commands, horizon } = readSizes(environment, {
    commands: 18_000_000,
    horizon: 1_000_000,
  });
  const { driver } = await GroupDriver.open({ group: GROUP, directory: folder, bucket });
  await driver.warmUp(accounts, horizon);
  const random = new Random(42);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = driver.answered;
    const begin = performance.now();
    await driver.drive(Math.ceil(commands / rounds), () => random.below(accounts));
    rates.push((driver.answered - before) / (performance.now() - begin) / 1000);
  }
  await driver.check();
  await driver.stop();
  const found = verify(folder);
  check(found.ok, found.ok ? "" : `the journal is damaged: ${found.message}`);
  check(found.sequence === driver.sequence, `${driver.sequence} was answered, the journal ends at ${found.sequence}`);
  return [{ what: `${accounts} accounts at random, buckets of ${bucket}`, unit: "M commands/s", values: rates }];
}

export const inProcess: Row = {
  id: "in-process",
  title: "ring, apply, frame, fsync, answer",
  excluded: "HTTP and scanning; opening the accounts and filling the id horizon (the warm-up)",
  run,
};
