import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { Machine } from "../engine/index.ts";
import { audit, InsideBucketError, replay } from "./replay.ts";
import { type FolderOptions, type JournalFolder, makeJournal, temporaryFolder } from "./testing/journal-folder.ts";

const ZERO_SUMS = { CNY: "0.00", JPY: "0", TKN: `0.${"0".repeat(18)}` };

function setUp(options: FolderOptions): Promise<JournalFolder> {
  return makeJournal(temporaryFolder(onTestFinished), options);
}

/** Flips one bit of the file that matches, `back` bytes before its end or at `at`. */
function flip(directory: string, pattern: RegExp, at: number): string {
  const file = readdirSync(directory)
    .sort()
    .find((name) => pattern.test(name))!;
  const bytes = readFileSync(join(directory, file));
  const handle = openSync(join(directory, file), "r+");
  writeSync(handle, Uint8Array.of(bytes[at]! ^ 4), 0, 1, at);
  closeSync(handle);
  return file;
}

describe("an audit", () => {
  it("replays a whole journal to the state that the group had", async () => {
    const { directory, durable, stateHash, frames } = await setUp({
      seed: 21,
      commands: 3000,
      snapshotFrames: [10, 20],
    });
    const report = audit({ directory });
    expect(report).toEqual({ ok: true, frames: frames.length, sequence: durable, trialBalance: ZERO_SUMS, stateHash });
  });

  it("replays a trimmed journal from its oldest snapshot", async () => {
    const folder = await setUp({ seed: 22, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true });
    expect(folder.oldest).toBeGreaterThan(1);
    const { sequence, stateHash, ok } = audit({ directory: folder.directory });
    expect({ sequence, stateHash, ok }).toEqual({ sequence: folder.durable, stateHash: folder.stateHash, ok: true });
  });

  it("of a journal in use ends with the durable sequence, at the time that the group says", async () => {
    const { directory, frames } = await setUp({ seed: 23, commands: 1000 });
    const half = frames.slice(0, frames.length >> 1);
    const machine = new Machine();
    for (const { body, firstSequence, timeMs, records } of half)
      machine.replayFrame(body, firstSequence, timeMs, records);
    const through = machine.sequence;
    expect(audit({ directory, through }).stateHash).toBe(machine.stateHash());
    machine.state.timeMs += 5;
    expect(audit({ directory, through, timeMs: machine.state.timeMs }).stateHash).toBe(machine.stateHash());
  });

  it("says what is wrong with a flipped bit in a frame, and how far it came", async () => {
    const { directory, durable } = await setUp({ seed: 24, commands: 3000 });
    const file = flip(directory, /00000002-.*\.seg$/, 2000);
    const { ok, report, sequence } = audit({ directory });
    expect(ok).toBe(false);
    expect(report).toContain(file);
    expect(sequence).toBeGreaterThan(0);
    expect(sequence).toBeLessThan(durable);
  });

  it("says which snapshot is damaged, though the journal is whole", async () => {
    const { directory, durable } = await setUp({ seed: 25, commands: 1000, snapshotFrames: [5] });
    const file = flip(directory, /\.snap$/, 3000);
    const { ok, report, sequence } = audit({ directory });
    expect({ ok, sequence }).toEqual({ ok: false, sequence: durable });
    expect(report).toContain(file);
  });

  it("says that a snapshot, though undamaged, tells another state than the replay", async () => {
    const { directory } = await setUp({ seed: 26, commands: 600, snapshotFrames: [8] });
    const path = join(directory, readdirSync(directory).find((file) => file.endsWith(".snap"))!);
    const bytes = readFileSync(path);
    bytes.write("0123456789abcdef", 168, "latin1");
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 508)), 508);
    writeFileSync(path, bytes);
    expect(audit({ directory })).toMatchObject({
      ok: false,
      report: expect.stringContaining("says state 0123456789abcdef"),
    });
  });

  it("of a trimmed journal without a snapshot says that there is nothing to start from", async () => {
    const { directory } = await setUp({ seed: 27, commands: 6000, snapshotFrames: [40, 50], isTrimmed: true });
    for (const file of readdirSync(directory)) if (file.endsWith(".snap")) rmSync(join(directory, file));
    expect(audit({ directory })).toMatchObject({ ok: false, report: expect.stringContaining("no snapshot") });
  });
});

describe("a replay to a point", () => {
  it("ends with it, inside a frame too", async () => {
    const { directory, durable, frames } = await setUp({ seed: 28, commands: 800 });
    let inside = 0;
    for (let sequence = 0; sequence <= durable; sequence += 7) {
      try {
        expect(replay({ directory, at: { sequence } }).machine.sequence).toBe(sequence);
      } catch (error) {
        if (!(error instanceof InsideBucketError)) throw error;
        inside++;
      }
    }
    expect(inside).toBeGreaterThan(0);
    const { timeMs, firstSequence } = frames[5]!;
    expect(replay({ directory, at: { timeMs: timeMs - 1 } }).machine.sequence).toBeLessThan(firstSequence);
  });
});
