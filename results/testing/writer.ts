/** A process that writes a journal for tests which read beside it. */
import { setImmediate as turn } from "node:timers/promises";
import { Journal } from "../../journal/index.ts";
import { makeHistory } from "./history.ts";
import { appendFrame } from "./journal-folder.ts";

/** Makes the journal of group g0 and appends frames to it for so long; says so once the first are there. */
export async function writeFor(directory: string, ms: number): Promise<void> {
  const made: Parameters<typeof appendFrame>[1][] = [];
  makeHistory({
    seed: 1,
    commands: 30_000,
    onFrame: (frame, machine) => made.push({ ...frame, count: machine.frame.count }),
  });
  const journal = Journal.open({ directory, group: "g0", segmentBytes: 256 << 10 }, undefined, () => {});
  const end = performance.now() + ms;
  for (const [index, frame] of made.entries()) {
    if (performance.now() > end) break;
    appendFrame(journal, frame);
    journal.idle();
    if (index === 20) process.stdout.write("writing\n");
    // A frame now and then, so that the history lasts for the test.
    for (const next = performance.now() + 2; performance.now() < next; ) await turn();
  }
  journal.close();
}
