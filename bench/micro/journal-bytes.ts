/** Row `journal-bytes`: what a command takes on disk, by size of frame. */
import { join } from "node:path";
import { verify } from "../../journal/index.ts";
import { Random } from "../records.ts";
import { Feed } from "./feed.ts";
import { writeJournal } from "./journal-file.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

/** Commands a bucket; a frame is 50 of them. */
const BUCKETS = [1, 20, 100];

/** Frames written of each size: the bytes hardly vary. */
const FRAMES = 20;

function run({ environment, folder }: RowContext): readonly Figure[] {
  const { accounts } = readSizes(environment, { commands: 1, horizon: 1 });
  return BUCKETS.flatMap((bucket) => {
    const directory = join(folder, String(bucket));
    const feed = new Feed({ bucket, horizon: 1_000_000 });
    const random = new Random(42);
    const commands = feed.perFrame * FRAMES;
    const written = writeJournal(directory, feed, { commands, account: () => random.below(accounts) });
    const found = verify(directory);
    check(found.ok && found.sequence === commands, `the journal has ${commands} commands and is whole`);
    check(found.frames === FRAMES, `the journal has ${FRAMES} frames, not ${found.frames}`);
    const what = `frames of ${feed.perFrame} commands`;
    return [
      { what: `${what}: records`, unit: "bytes a command", values: [written.bodyBytes / commands] },
      { what: `${what}: on disk`, unit: "bytes a command", values: [written.diskBytes / commands] },
    ];
  });
}

export const journalBytes: Row = {
  id: "journal-bytes",
  title: "bytes of journal a credit: 20-byte id, 12-byte account",
  excluded: "what is prepared ahead of the last frame",
  run,
};
