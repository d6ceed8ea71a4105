/** Row `restart`: from a thread that is gone to one that serves: load the newest snapshot, replay the journal behind it. */
import { GroupDriver } from "./group-driver.ts";
import { GROUP } from "./journal-file.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

async function run({ environment, folder }: RowContext): Promise<readonly Figure[]> {
  const { accounts, bucket, rounds, commands, ids } = readSizes(environment, { commands: 10_000_000, horizon: 1 });
  const options = { group: GROUP, directory: folder, bucket };
  const { driver } = await GroupDriver.open(options);
  await driver.drive(Math.max(accounts, bucket, ids), (id) => id % accounts);
  const snapshot = await driver.snapshot();
  check(snapshot === driver.sequence, `the snapshot is at ${snapshot}, not at ${driver.sequence}`);
  await driver.drive(commands, (id) => id % accounts);
  const { stateHash, sequence } = await driver.check();
  await driver.kill();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    const { driver: next, ready } = await GroupDriver.open(options);
    times.push(performance.now() - begin);
    const found = await next.check();
    await next.kill();
    check(ready.known.sequence === sequence, `${sequence} was answered, ${ready.known.sequence} was recovered`);
    check(found.stateHash === stateHash, "the recovered state is another");
    check(ready.frames > 0, "the journal behind the snapshot was replayed");
  }
  const what = `snapshot of ${accounts} accounts and ${snapshot} ids, then ${sequence - snapshot} commands`;
  return [{ what, unit: "ms", values: times }];
}

export const restart: Row = {
  id: "restart",
  title: "from a killed thread to one that serves",
  excluded: "the rest of the process, and a disk whose own cache is cold",
  run,
};
