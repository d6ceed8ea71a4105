/** Random histories as the frames that a machine made of them, to be replayed. */
import { Machine } from "../machine.ts";
import { Generator } from "./generate.ts";
import { Model } from "./model.ts";
import { MachineSubject, type RecordedFrame } from "./subject.ts";

/** Remembered commands at the start of a history; few, so that ids are forgotten. */
export const HORIZON = 500;

export interface Recorded extends RecordedFrame {
  /** State hash after the frame. */
  readonly hash: string;
}

/** The frames of a random history of all command types, many accounts, holds that expire, ids that are forgotten. */
export function recordHistory(seed: number, commands: number): Recorded[] {
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

export function replay(machine: Machine, frame: RecordedFrame): void {
  // The body must lie at a multiple of 8 of its buffer.
  machine.replayFrame(frame.body.slice(), frame.firstSequence, frame.timeMs, frame.records);
}
