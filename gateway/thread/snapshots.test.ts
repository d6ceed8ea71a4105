/** Snapshots that fail, and what a group says of them; and states that must never be started from. */
import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import {
  encodeCommand,
  makeRing,
  makeStats,
  RingProducer,
  ringLayout,
  STAT,
  StateCapture,
  viewMemory,
} from "../../engine/index.ts";
import { nodeLayer, SnapshotWriter } from "../../journal/index.ts";
import { temporaryFolder } from "../testing.ts";
import { GroupThread } from "./group-thread.ts";
import type { FromGroup } from "./messages.ts";
import { type RecoveryOptions, recover } from "./recovery.ts";
import { Snapshotter } from "./snapshots.ts";

const CREDIT = { type: "credit", partner: 1, currency: 1, id: "x", account: "a", amount: { hi: 0, lo: 500 } } as const;

/** A group in this thread that snapshots after each command, and a way to send it one. */
function startThread(directory: string) {
  const [commandRing, replyRing] = [makeRing(1 << 20), makeRing(1 << 20)];
  const stats = makeStats();
  const { port1: pages } = new MessageChannel();
  onTestFinished(() => pages.close());
  const said: FromGroup[] = [];
  const rings = { commandRing, replyRing, stats, pages };
  const limits = { segmentBytes: 64 << 10, snapshotCommands: 1, retainSegments: undefined };
  const thread = new GroupThread({ group: "g", directory, journalId: undefined, ...limits, ...rings }, (message) =>
    said.push(message),
  );
  thread.run();
  const ring = new RingProducer(commandRing);
  const send = () => {
    const start = ring.claim(200);
    const bytes = encodeCommand(CREDIT, ring.memory.bytes, start);
    ring.commit({ kind: ringLayout.ENTRY.commands, token: 0, count: 1, sequence: 0, timeMs: 0 }, bytes);
    ring.publish();
    thread.handle(0);
  };
  const kinds = () =>
    said.map((message) => (message === 0 ? "wake" : message.kind === "event" ? message.event.kind : message.kind));
  return { thread, said, kinds, send, stats: new Float64Array(stats) };
}

const snapshotsIn = (directory: string) => readdirSync(directory).filter((file) => file.endsWith(".snap"));

test("after a snapshot that failed none is claimed, and the next that is asked for is written", async () => {
  const directory = join(temporaryFolder(), "g");
  const { thread, said, kinds, send, stats } = startThread(directory);
  // Stands for a disk that refuses the file.
  const obstacle = join(directory, "snap-00000000000000000001.snap.tmp");
  mkdirSync(obstacle);
  send();
  await expect.poll(kinds).toContain("snapshot-failed");
  expect(stats[STAT.snapshotSequence]).toBe(0);
  rmdirSync(obstacle);
  thread.handle({ kind: "snapshot", ask: 1 });
  await expect.poll(kinds).toContain("answer");
  expect(said.find((message) => message !== 0 && message.kind === "answer")).toMatchObject({ sequence: 1 });
  expect(snapshotsIn(directory)).toHaveLength(1);
  thread.handle({ kind: "stop" });
  await expect.poll(kinds).toContain("stopped");
});

test("a group that has failed refuses to be looked at, and writes no snapshot of what may not be durable", async () => {
  const directory = join(temporaryFolder(), "g");
  const { thread, kinds } = startThread(directory);
  thread.fail(new Error("EIO"));
  thread.handle({ kind: "snapshot", ask: 1 });
  thread.handle({ kind: "inspect", ask: 2 });
  await expect.poll(() => kinds().filter((kind) => kind === "refused")).toHaveLength(2);
  expect(snapshotsIn(directory)).toEqual([]);
});

/** A group whose machine has a command that its journal has not, as behind an append that failed. */
function aheadOfJournal() {
  const directory = join(temporaryFolder(), "g");
  const quiet = { seed: 1, onEvent: () => {}, onProgress: () => {} };
  const options: RecoveryOptions = { directory, group: "g", segmentBytes: 64 << 10, ...quiet };
  const { machine, journal } = recover(options);
  const memory = viewMemory(new ArrayBuffer(1024));
  machine.beginFrame(1000);
  machine.applyBucket(memory, 0, encodeCommand(CREDIT, memory.bytes, 0), 1);
  journal.close();
  return { directory, options, machine, journal };
}

test("a state that is ahead of the journal becomes no snapshot, and one that says so is not started from", async () => {
  const { directory, options, machine, journal } = aheadOfJournal();
  const more = { retainSegments: undefined, refusedSnapshots: [], onEvent: () => {} };
  const snapshots = new Snapshotter({ machine, journal, directory, group: "g", ...more }, 0);
  await expect(snapshots.take()).rejects.toThrow("durable");
  expect(snapshotsIn(directory)).toEqual([]);
  const { journalId, position } = journal;
  const meta = { journalId, group: "g", epoch: 1, timeMs: 1000, position, stateHash: machine.stateHash() };
  const writer = new SnapshotWriter(nodeLayer, directory, meta);
  const capture = new StateCapture(machine.state);
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next())
    await writer.addChunk(chunk.tag, chunk.index, chunk.bytes);
  await writer.finish();
  capture.end();
  const again = recover(options);
  expect(again.machine.account(1, 1, "a")).toBeUndefined();
  expect(again.refusedSnapshots).toHaveLength(1);
  again.journal.close();
});
