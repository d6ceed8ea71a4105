import { describe, expect, it, onTestFinished } from "vitest";
import { type Control, eachRecord, isControl, type Result } from "../engine/index.ts";
import { PARTNERS } from "../engine/model/generate.ts";
import { nodeLayer } from "../journal/index.ts";
import { Pages } from "./pages.ts";
import { historyNames } from "./testing/history.ts";
import { type FolderOptions, type JournalFolder, makeJournal, temporaryFolder } from "./testing/journal-folder.ts";
import { referenceResult } from "./testing/reference.ts";

const names = historyNames();
const isResult = (record: Result | Control): record is Result => !isControl(record);

async function setUp(options: FolderOptions): Promise<{ folder: JournalFolder; pages: Pages }> {
  const directory = temporaryFolder(onTestFinished);
  const folder = await makeJournal(directory, options);
  const pages = new Pages(directory, nodeLayer);
  onTestFinished(() => pages.close());
  return { folder, pages };
}

/** All results of a partner up to a sequence, from the frames themselves. */
function expected({ frames }: JournalFolder, partner: number, range: { after: number; through: number }): string[] {
  return frames
    .flatMap(({ body, firstSequence, timeMs }) => [...eachRecord(body, firstSequence, timeMs)].filter(isResult))
    .filter(
      ({ sequence, command }) => command.partner === partner && sequence > range.after && sequence <= range.through,
    )
    .map((result) => JSON.stringify(referenceResult(result, names)));
}

/** Pages on until the durable end. */
async function readAll(pages: Pages, query: { partner: number; after: number; limit: number; durable: number }) {
  const results: string[] = [];
  for (let { after } = query; ; ) {
    const page = await pages.read({ ...query, after });
    expect(page.results.length).toBeLessThanOrEqual(query.limit);
    results.push(...page.results);
    if (page.next === after) return results;
    after = page.next;
  }
}

describe("pages of results", () => {
  it.each([1, 7, 1000])("give each result of a partner once and in order, %i at a time", async (limit) => {
    const { folder, pages } = await setUp({ seed: 1, commands: limit === 1 ? 300 : 3000 });
    const { durable } = folder;
    for (const partner of PARTNERS) {
      const results = await readAll(pages, { partner, after: 0, limit, durable });
      expect(results).toEqual(expected(folder, partner, { after: 0, through: durable }));
    }
  });

  it("show nothing behind the durable sequence, and go on from there when it moves", async () => {
    const { folder, pages } = await setUp({ seed: 2, commands: 2000 });
    const ends = folder.frames.map(({ firstSequence }) => firstSequence - 1).filter((end) => end > 0);
    let after = 0;
    for (const durable of [ends[3]!, ends[4]!, ends.at(-5)!, folder.durable]) {
      const results = await readAll(pages, { partner: 1, after, limit: 50, durable });
      expect(results).toEqual(expected(folder, 1, { after, through: durable }));
      after = durable;
    }
  });

  it("begin anywhere, with readers side by side", async () => {
    const { folder, pages } = await setUp({ seed: 3, commands: 2000 });
    const { durable } = folder;
    const starts = Array.from({ length: 40 }, (_, index) => Math.floor((index * durable) / 40));
    const all = await Promise.all(starts.map((after) => readAll(pages, { partner: 2, after, limit: 100, durable })));
    expect(all).toEqual(starts.map((after) => expected(folder, 2, { after, through: durable })));
  });

  it("of a trimmed journal know the names from the snapshot, and say what the oldest sequence is", async () => {
    const { folder, pages } = await setUp({ seed: 4, commands: 6000, snapshotFrames: [60, 70], isTrimmed: true });
    const { durable, oldest } = folder;
    expect(oldest).toBeGreaterThan(1);
    expect(await pages.read({ partner: 1, after: 0, limit: 10, durable })).toEqual({ results: [], next: 0, oldest });
    const after = oldest - 1;
    const results = await readAll(pages, { partner: 1, after, limit: 500, durable });
    expect(results).toEqual(expected(folder, 1, { after, through: durable }));
  });

  it("find names that were defined before the page began", async () => {
    const { folder, pages } = await setUp({ seed: 5, commands: 1000 });
    const { durable } = folder;
    const after = durable - 200;
    const results = await readAll(pages, { partner: 70_000, after, limit: 10, durable });
    expect(results).toEqual(expected(folder, 70_000, { after, through: durable }));
    expect(results.length).toBeGreaterThan(0);
  });

  it("are short where results are rare, and say how far was looked", async () => {
    const { folder, pages } = await setUp({ seed: 6, commands: 30_000, segmentBytes: 1 << 20 });
    const { durable } = folder;
    const page = await pages.read({ partner: 999, after: 0, limit: 10, durable });
    expect(page.results).toEqual([]);
    expect(page.next).toBeGreaterThan(0);
    expect(page.next).toBeLessThan(durable);
    expect(await readAll(pages, { partner: 999, after: 0, limit: 10, durable })).toEqual([]);
  });

  it("go on after idle cursors were closed", async () => {
    const { folder, pages } = await setUp({ seed: 7, commands: 500 });
    const { durable } = folder;
    const first = await pages.read({ partner: 1, after: 0, limit: 5, durable });
    pages.closeIdle(Number.POSITIVE_INFINITY);
    const rest = await readAll(pages, { partner: 1, after: first.next, limit: 100, durable });
    expect([...first.results, ...rest]).toEqual(expected(folder, 1, { after: 0, through: durable }));
  });
});
