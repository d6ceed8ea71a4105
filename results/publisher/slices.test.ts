import { describe, expect, it, onTestFinished } from "vitest";
import { RecordMemory } from "../../engine/index.ts";
import type { ResultsMessage } from "../message.ts";
import { renderRecords } from "../render.ts";
import { historyNames } from "../testing/history.ts";
import { type JournalFolder, makeJournal, temporaryFolder } from "../testing/journal-folder.ts";
import { PublishRefusal } from "./errors.ts";
import { JournalSource } from "./journal-source.ts";
import { SEND_BYTES_MAX, SLICE_BYTES_MAX, SLICE_RESULTS_MAX } from "./limits.ts";
import type { Slice } from "./slices.ts";

async function newJournal(commands = 2000): Promise<JournalFolder> {
  return makeJournal(temporaryFolder(onTestFinished), { seed: 4, commands });
}

async function allFrom(folder: JournalFolder, start: (source: JournalSource) => Promise<void>): Promise<Slice[]> {
  const source = new JournalSource({ group: "g0", directory: folder.directory });
  onTestFinished(() => source.close());
  await source.open(folder.durable);
  await start(source);
  const slices: Slice[] = [];
  for (let batch = await source.next(folder.durable); batch.length > 0; batch = await source.next(folder.durable)) {
    expect(batch.reduce((sum, { value }) => sum + value.byteLength, 0)).toBeLessThanOrEqual(SEND_BYTES_MAX);
    slices.push(...batch);
  }
  return slices;
}

const message = ({ value }: Slice) => JSON.parse(value.toString()) as ResultsMessage;

describe("slices of a journal", () => {
  it("hold every result once, in order, as HTTP shows it", async () => {
    const folder = await newJournal();
    const slices = await allFrom(folder, (source) => source.seekTo(1, folder.durable));
    const names = historyNames();
    const expected = folder.frames.flatMap(({ body, firstSequence, timeMs }) => {
      const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
      return renderRecords(memory, 0, body.byteLength, firstSequence, timeMs, names);
    });
    expect(slices.flatMap((slice) => message(slice).results)).toEqual(
      expected.map((text) => JSON.parse(text) as unknown),
    );
    expect(slices.every((slice) => message(slice).count === slice.count && message(slice).first === slice.first)).toBe(
      true,
    );
  });

  it("are cut at 1000 results and 700 KB, and at no other place inside a frame", async () => {
    const folder = await newJournal(6000);
    const slices = await allFrom(folder, (source) => source.seekTo(1, folder.durable));
    for (const { count, value } of slices) {
      expect(count).toBeLessThanOrEqual(SLICE_RESULTS_MAX);
      expect(value.byteLength).toBeLessThan(SLICE_BYTES_MAX + 200);
    }
    const frameStarts = new Set(folder.frames.map(({ firstSequence }) => firstSequence));
    slices.forEach(({ first }, i) => {
      if (frameStarts.has(first)) return;
      const before = slices[i - 1]!;
      const next = message(slices[i]!).results[0]!;
      const isFull = before.count === SLICE_RESULTS_MAX;
      expect(isFull || before.value.byteLength + JSON.stringify(next).length > SLICE_BYTES_MAX).toBe(true);
    });
  });

  it("are the same bytes from whichever slice one begins", async () => {
    const folder = await newJournal();
    const all = await allFrom(folder, (source) => source.seekTo(1, folder.durable));
    for (const i of [1, Math.floor(all.length / 2), all.length - 1]) {
      const rest = await allFrom(folder, (source) => source.seekBehind(all[i - 1]!, folder.durable));
      expect(rest.map(({ value }) => value.toString())).toEqual(all.slice(i).map(({ value }) => value.toString()));
    }
    expect(await allFrom(folder, (source) => source.seekBehind(all.at(-1)!, folder.durable))).toEqual([]);
  });

  it("do not go on behind a slice that the journal does not have", async () => {
    const folder = await newJournal();
    const [first, second] = await allFrom(folder, (source) => source.seekTo(1, folder.durable));
    const others = [
      { ...second!, at: "2020-01-01T00:00:00.000Z" },
      { ...second!, count: second!.count + 1 },
      { ...first!, first: first!.first + 1, count: first!.count - 1 },
    ];
    for (const other of others) {
      await expect(allFrom(folder, (source) => source.seekBehind(other, folder.durable))).rejects.toThrow(
        PublishRefusal,
      );
    }
  });
});
