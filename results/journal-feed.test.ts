import { expect, onTestFinished, test } from "vitest";
import { type Machine, RecordMemory } from "../engine/index.ts";
import { Journal } from "../journal/index.ts";
import { accountsOf, snapshotAccounts } from "./accounts-at.ts";
import { type BriefResult, readBriefs } from "./brief.ts";
import { JournalFeed } from "./journal-feed.ts";
import { replay } from "./replay.ts";
import { historyNames, makeHistory } from "./testing/history.ts";
import { appendFrame, type JournalFolder, makeJournal, temporaryFolder } from "./testing/journal-folder.ts";

/** All results of a folder's frames, read from what was appended. */
function written({ frames }: JournalFolder): BriefResult[] {
  return frames.flatMap(({ body, firstSequence, timeMs }) => {
    const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    return readBriefs(memory, 0, body.byteLength, firstSequence, timeMs, historyNames());
  });
}

async function fed(directory: string, after: number, durable: number): Promise<BriefResult[]> {
  const feed = new JournalFeed(directory, after);
  onTestFinished(() => feed.close());
  const results: BriefResult[] = [];
  for (let frame = await feed.next(durable); frame !== undefined; frame = await feed.next(durable)) {
    results.push(...frame.results.slice(Math.max(0, after + 1 - frame.first)));
  }
  return results;
}

const folder = () => temporaryFolder(onTestFinished);

test("a feed gives every result of a journal once and in order", async () => {
  const journal = await makeJournal(folder(), { seed: 31, commands: 3000 });
  expect(await fed(journal.directory, 0, journal.durable)).toEqual(written(journal));
});

test("a feed that begins later knows the names defined before", async () => {
  const journal = await makeJournal(folder(), { seed: 32, commands: 2000, snapshotFrames: [10] });
  expect(await fed(journal.directory, 1500, journal.durable)).toEqual(written(journal).slice(1500));
});

test("a feed shows nothing that is not durable", async () => {
  const journal = await makeJournal(folder(), { seed: 33, commands: 500 });
  const results = await fed(journal.directory, 0, 100);
  expect(results).toEqual(written(journal).slice(0, results.length));
  expect(results.length).toBeLessThanOrEqual(100);
  expect(await fed(journal.directory, 100, 100)).toEqual([]);
});

test("a feed refuses a frame that says it has more results than it has", async () => {
  const directory = folder();
  const journal = Journal.open({ directory, group: "g0" }, undefined, () => {});
  onTestFinished(() => journal.close());
  const counts: number[] = [];
  const onFrame = (_: unknown, { frame }: Machine) => void counts.push(frame.count);
  const [frame] = makeHistory({ seed: 36, commands: 10, onFrame });
  // The first has control records too, so that there may be more.
  const count = counts[0]! + 1;
  appendFrame(journal, { ...frame!, count });
  await expect(fed(directory, 0, count)).rejects.toThrow("a frame has as many results as it says");
});

test("a feed from before what retention kept says so", async () => {
  const options = { seed: 22, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true };
  const journal = await makeJournal(folder(), options);
  expect(journal.oldest).toBeGreaterThan(1);
  await expect(fed(journal.directory, 0, journal.durable)).rejects.toMatchObject({ code: "TRIMMED" });
});

test("the newest snapshot's accounts are those of a replay to its sequence", async () => {
  const journal = await makeJournal(folder(), { seed: 35, commands: 3000, snapshotFrames: [10, 20] });
  const found = snapshotAccounts(journal.directory)!;
  expect(found.sequence).toBe(journal.snapshotSequences[1]);
  const { machine } = replay({ directory: journal.directory, at: { sequence: found.sequence } });
  const inOrder = (accounts: Iterable<unknown>) => [...accounts].map((account) => JSON.stringify(account)).sort();
  expect(inOrder(found.accounts)).toEqual(inOrder(accountsOf(machine)));
});
