import { describe, expect, it, onTestFinished } from "vitest";
import { type AccountState, CONTEXT, Machine, RecordMemory, recordWords as words } from "../engine/index.ts";
import { CURRENCIES, PARTNERS } from "../engine/model/generate.ts";
import type { RecordedFrame } from "../engine/model/subject.ts";
import { nodeLayer } from "../journal/index.ts";
import { balanceAt } from "./balance.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import { type FolderOptions, type JournalFolder, makeJournal, temporaryFolder } from "./testing/journal-folder.ts";
import type { AccountKey, BalanceAnswer, PointInTime } from "./types.ts";

function setUp(options: FolderOptions): Promise<JournalFolder> {
  return makeJournal(temporaryFolder(onTestFinished), options);
}

const LONG = "an-account-name.of:64_bytes_".padEnd(64, "x");
const KEYS: readonly AccountKey[] = PARTNERS.flatMap((partner) =>
  CURRENCIES.flatMap(({ currency }) =>
    ["a", "b", "c", "dora", LONG, "@world", "nobody"].map((account) => ({ partner, currency, account })),
  ),
);

function ask({ directory, durable, timeMs }: JournalFolder, key: AccountKey, at: PointInTime): Promise<BalanceAnswer> {
  return balanceAt(directory, nodeLayer, { ...key, at, durable, nowMs: timeMs });
}

/** What the answer must be, by a machine that stands at the point. */
function truth(machine: Machine, { partner, currency, account }: AccountKey): BalanceAnswer {
  const state: AccountState | undefined = machine.account(partner, currency, account);
  if (state === undefined) return undefined;
  const { min: minBalance, max, ...rest } = state;
  const maxBalance = max === undefined ? {} : { maxBalance: max };
  return { account, currency, ...rest, minBalance, ...maxBalance, sequence: machine.sequence };
}

/** Ends of the frame's prefixes at which a state was there: between records, but not inside an atomic bucket. */
function prefixes({ body }: RecordedFrame): { bytes: number; records: number }[] {
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  const ends: { bytes: number; records: number }[] = [];
  let records = 0;
  for (let at = 0; at < body.byteLength; ) {
    const context = words.context(memory.words, at >>> 2);
    const isWhole = (context & CONTEXT.ATOMIC) === 0 || (context & CONTEXT.BUCKET_END) !== 0;
    const isSequenced = !isControlAt(memory, at);
    at += recordBytesAt(memory, at);
    records++;
    if (isWhole && isSequenced) ends.push({ bytes: at, records });
  }
  return ends;
}

function replayed(frames: readonly RecordedFrame[]): Machine {
  const machine = new Machine();
  for (const { body, firstSequence, timeMs, records } of frames)
    machine.replayFrame(body, firstSequence, timeMs, records);
  return machine;
}

describe("a balance as of a sequence", () => {
  it("is that of a machine replayed so far, for every account and sequence of a history", async () => {
    const folder = await setUp({ seed: 11, commands: 100 });
    let asked = 0;
    for (const [index, frame] of folder.frames.entries()) {
      for (const { bytes, records } of prefixes(frame)) {
        const part = { ...frame, body: frame.body.slice(0, bytes), records };
        const machine = replayed([...folder.frames.slice(0, index), part]);
        // Every account at some sequences, some at every sequence.
        const keys = KEYS.filter((_, place) => (place + asked) % 9 === 0);
        asked++;
        for (const key of keys) {
          expect(await ask(folder, key, { sequence: machine.sequence })).toEqual(truth(machine, key));
        }
      }
    }
    expect(asked).toBeGreaterThan(50);
  });

  it.each([12, 13])("is the same from snapshots and in a trimmed journal (seed %i)", async (seed) => {
    const folder = await setUp({ seed, commands: 4000, snapshotFrames: [25, 35, 40, 45], isTrimmed: true });
    const { frames, snapshotSequences, oldest } = folder;
    expect(oldest).toBeGreaterThan(1);
    const machine = new Machine();
    const kept = snapshotSequences.at(-2)!;
    for (const [index, { body, firstSequence, timeMs, records }] of frames.entries()) {
      machine.replayFrame(body, firstSequence, timeMs, records);
      if (index % 6 !== 0 && index !== 40) continue;
      for (const key of KEYS) {
        const answer = await ask(folder, key, { sequence: machine.sequence });
        expect(answer).toEqual(machine.sequence < kept ? { trimmed: kept } : truth(machine, key));
      }
    }
  });
});

describe("a balance as of a time", () => {
  it("is that after the last command stamped at or before it", async () => {
    const folder = await setUp({ seed: 15, commands: 1500, snapshotFrames: [20, 30] });
    const machine = new Machine();
    for (const [index, { body, firstSequence, timeMs, records }] of folder.frames.entries()) {
      machine.replayFrame(body, firstSequence, timeMs, records);
      const next = folder.frames[index + 1]?.timeMs ?? timeMs + 1;
      if (next === timeMs || index % 4 !== 0) continue;
      for (const key of KEYS.slice(0, 14)) {
        for (const at of [timeMs, Math.min(next - 1, folder.timeMs)]) {
          expect(await ask(folder, key, { timeMs: at })).toEqual(truth(machine, key));
        }
      }
    }
  });
});

describe("a point outside what is known", () => {
  it("is beyond when its sequence is not durable, or its time has not come", async () => {
    const folder = await setUp({ seed: 16, commands: 100 });
    const { durable, timeMs } = folder;
    expect(await ask(folder, KEYS[0]!, { sequence: durable + 1 })).toEqual({ beyond: durable });
    expect(await ask(folder, KEYS[0]!, { timeMs: timeMs + 1 })).toEqual({ beyond: durable });
  });

  it("before the first command finds no account", async () => {
    const folder = await setUp({ seed: 17, commands: 100 });
    expect(await ask(folder, KEYS[0]!, { sequence: 0 })).toBe(undefined);
    expect(await ask(folder, KEYS[0]!, { timeMs: 1000 })).toBe(undefined);
  });
});
