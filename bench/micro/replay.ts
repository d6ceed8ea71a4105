/** Row `replay`: opening a journal and applying every frame again, as a start without a snapshot does. */
import { Machine } from "../../engine/index.ts";
import { PreparedBlocks, portToPageThread } from "../../gateway/index.ts";
import { Journal } from "../../journal/index.ts";
import { Random } from "../records.ts";
import { checkBalance, Feed } from "./feed.ts";
import { GROUP, writeJournal } from "./journal-file.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

function run({ environment, folder }: RowContext): readonly Figure[] {
  const { accounts, bucket, rounds, commands, horizon } = readSizes(environment, {
    commands: 4_000_000,
    horizon: 16_000_000,
  });
  const random = new Random(42);
  const feed = new Feed({ bucket, horizon });
  const written = writeJournal(folder, feed, { commands, account: () => random.below(accounts) });
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    const port = portToPageThread();
    const machine = new Machine({
      horizonCommands: horizon,
      seed: round,
      blocks: new PreparedBlocks(port, new Float64Array(1)),
    });
    const journal = Journal.open({ directory: folder, group: GROUP }, undefined, (info, body) =>
      machine.replayFrame(body, info.firstSequence, info.timeMs, info.records),
    );
    rates.push(machine.sequence / (performance.now() - begin) / 1000);
    journal.close();
    port.close();
    check(machine.sequence === written.sequence, `the replay ends at ${machine.sequence}, not at ${written.sequence}`);
    check(machine.stateHash() === written.stateHash, "the replay gives another state");
    checkBalance(machine);
  }
  return [{ what: `${written.sequence} commands, ${accounts} accounts`, unit: "M commands/s", values: rates }];
}

export const replay: Row = {
  id: "replay",
  title: "open a journal and replay it",
  excluded: "writing the journal; its pages are in the system's cache",
  run,
};
