import { describe, expect, it, onTestFinished } from "vitest";
import { nodeLayer, PositionIndex, trim } from "../journal/index.ts";
import { JournalNames } from "./journal-names.ts";
import { UnknownNameError } from "./names.ts";
import { makeJournal, temporaryFolder } from "./testing/journal-folder.ts";

const open = (directory: string) => new JournalNames({ directory, layer: nodeLayer, index: new PositionIndex() });

describe("names of a journal", () => {
  it("are learned from its control records, but not beyond the durable sequence", async () => {
    const { directory, frames, durable } = await makeJournal(temporaryFolder(onTestFinished), {
      seed: 61,
      commands: 200,
    });
    const names = open(directory);
    await names.learnThrough(0);
    expect(() => names.table.partner(1)).toThrow(UnknownNameError);
    expect(frames.length).toBeGreaterThan(2);
    await names.learnThrough(durable);
    expect(names.table.partner(70_000)).toBe("p70000");
    expect(names.table.currency(3)).toEqual({ code: "TKN", scale: 18 });
    expect([names.table.partnerIndex("p2"), names.table.currencyIndex("JPY")]).toEqual([2, 2]);
  });

  it("go on from a snapshot when what came next was deleted meanwhile", async () => {
    const options = { seed: 62, commands: 6000, snapshotFrames: [40, 50] };
    const { directory, durable, frames } = await makeJournal(temporaryFolder(onTestFinished), options);
    const names = open(directory);
    await names.learnThrough(frames[3]!.firstSequence);
    trim({ directory, keepFromSequence: durable, publishCursor: durable });
    await names.learnThrough(durable);
    expect(names.table.partner(1)).toBe("p1");
  });
});
