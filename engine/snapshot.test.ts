import { expect, test } from "vitest";
import { PLAIN_BLOCKS } from "./arena.ts";
import { checkInvariants } from "./inspect.ts";
import { Machine } from "./machine.ts";
import { Generator } from "./model/generate.ts";
import { Model } from "./model/model.ts";
import { MachineSubject, type RecordedFrame } from "./model/subject.ts";
import { StateCapture, type StateChunk, StateLoader } from "./snapshot.ts";

const HORIZON = 500;

interface Recorded extends RecordedFrame {
  /** State hash after the frame. */
  readonly hash: string;
}

/** The frames of a random history of all command types, many accounts, holds that expire, ids that are forgotten. */
function recordHistory(seed: number, commands: number): Recorded[] {
  const model = new Model(HORIZON);
  const machine = new Machine({ horizonCommands: HORIZON });
  const frames: Recorded[] = [];
  const subject = new MachineSubject(machine, (frame) => frames.push({ ...frame, hash: machine.stateHash() }));
  const generator = new Generator(seed, model, true);
  while (model.sequence < commands) {
    const timeMs = generator.nextTime();
    subject.frame(timeMs);
    model.frame(timeMs);
    for (let left = generator.itemsInFrame(); left > 0; left--) {
      const next = generator.nextItem();
      for (const one of [model, subject]) {
        if (typeof next === "number") one.setHorizon(next);
        else one.bucket(next.commands, next.atomic);
      }
    }
  }
  subject.endFrame();
  return frames;
}

function replay(machine: Machine, frame: RecordedFrame): void {
  // The body must lie at a multiple of 8 of its buffer.
  machine.replayFrame(frame.body.slice(), frame.firstSequence, frame.timeMs, frame.records);
}

test("a snapshot taken while frames go on is the state at its beginning, and replay from it gives the same bytes", () => {
  const frames = recordHistory(3, 30_000);
  const half = frames.length >> 1;
  const machine = new Machine({ horizonCommands: HORIZON, seed: 77 });
  for (const frame of frames.slice(0, half)) replay(machine, frame);

  const capture = new StateCapture(machine.state);
  const chunks: StateChunk[] = [];
  let at = half;
  for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
    chunks.push({ ...chunk, bytes: chunk.bytes.slice() });
    // Rows change, ids are forgotten and holds expire between any two chunks.
    for (let i = 0; i < 40 && at < frames.length; i++) replay(machine, frames[at++]!);
  }
  capture.end();
  expect(chunks.length).toBeGreaterThan(3);
  expect(at).toBeGreaterThan(half + 80);

  const loader = new StateLoader();
  for (const chunk of chunks) loader.add(chunk);
  const loaded = new Machine({ state: loader.finish() });
  expect(loaded.stateHash()).toBe(frames[half - 1]!.hash);
  checkInvariants(loaded.state);
  for (const frame of frames.slice(half)) replay(loaded, frame);
  expect(loaded.stateHash()).toBe(frames.at(-1)!.hash);
});

test("memory for a long log is put by before the log is loaded, for a short one it is not", () => {
  const machine = new Machine({ horizonCommands: HORIZON });
  replay(machine, recordHistory(4, 1_000)[0]!);
  const putBy = (left: number): number => {
    let bytes = 0;
    const loader = new StateLoader({ ...PLAIN_BLOCKS, willTakeLater: (_, __, more) => (bytes += more) });
    const capture = new StateCapture(machine.state);
    for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) loader.add(chunk, left);
    capture.end();
    expect(loader.finish().remembered.reservedBytes).toBe(bytes);
    return bytes;
  };
  expect(putBy(1 << 20)).toBe(0);
  // The log itself, and an index of some 17 bytes a command of 80.
  expect(putBy(1 << 30) / (1 << 30)).toBeGreaterThanOrEqual(1.1);
  expect(putBy(1 << 30) / (1 << 30)).toBeLessThan(1.3);
});

test("a second snapshot after the first is of its own time", () => {
  const frames = recordHistory(4, 6_000);
  const machine = new Machine({ horizonCommands: HORIZON });
  for (const [index, frame] of frames.entries()) {
    replay(machine, frame);
    if (index % 50 !== 0) continue;
    const capture = new StateCapture(machine.state);
    const loader = new StateLoader();
    for (let chunk = capture.next(); chunk !== undefined; chunk = capture.next()) {
      loader.add({ ...chunk, bytes: chunk.bytes.slice() });
    }
    capture.end();
    expect(new Machine({ state: loader.finish() }).stateHash()).toBe(frame.hash);
  }
});
