/** The machine as a Subject: commands in as ring records, results out of the frame's records. */

import type { Machine } from "../machine.ts";
import { viewMemory } from "../memory.ts";
import type { Command } from "../record-codec.ts";
import { type Control, commandBytes, decodeRecord, encodeCommand, isControl, recordBytes } from "../record-codec.ts";
import type { Subject } from "./model.ts";
import { type ModelResult, toModelResult } from "./result.ts";

/** A frame as the journal would keep it. */
export interface RecordedFrame {
  readonly body: Uint8Array;
  readonly firstSequence: number;
  readonly timeMs: number;
  readonly records: number;
}

export class MachineSubject implements Subject {
  readonly machine: Machine;
  readonly #input = viewMemory(new ArrayBuffer(1 << 20));
  readonly #onFrame: (frame: RecordedFrame) => void;
  /** Byte of the frame up to which results were read, and the sequence of the next. */
  #readTo = 0;
  #nextSequence = 1;

  /** `onFrame` gets each frame with its records when the next one starts, and the last by `endFrame`. */
  constructor(machine: Machine, onFrame: (frame: RecordedFrame) => void = () => {}) {
    this.machine = machine;
    this.#onFrame = onFrame;
  }

  frame(timeMs: number): ModelResult[] {
    this.endFrame();
    this.machine.beginFrame(timeMs);
    this.#readTo = this.machine.frame.start;
    this.#nextSequence = this.machine.frame.firstSequence;
    return this.#read();
  }

  /** Hands over the frame that is open, if it has records. */
  endFrame(): void {
    const { bytes, start, end, firstSequence, timeMs, records } = this.machine.frame;
    if (records > 0) this.#onFrame({ body: bytes.slice(start, end), firstSequence, timeMs, records });
  }

  bucket(commands: readonly Command[], atomic: boolean): ModelResult[] {
    // The machine goes by the records, so a history must say the same twice.
    if (commands.some((command) => (command.atomic === true) !== atomic))
      throw new Error("a bucket is atomic as a whole");
    return this.#send(commands);
  }

  setHorizon(commands: number): void {
    this.control({ type: "setHorizon", commands });
  }

  control(record: Control): void {
    this.#send([record]);
  }

  #send(records: readonly (Command | Control)[]): ModelResult[] {
    let bytes = 0;
    for (const record of records) bytes += commandBytes(record);
    // Not at the buffer's start: the machine must go by the offsets that it is given.
    let at = 64;
    if (at + bytes > this.#input.bytes.length) throw new Error("a bucket of a history fits into the input");
    for (const record of records) at += encodeCommand(record, this.#input.bytes, at);
    this.machine.applyBucket(this.#input, 64, at, records.length);
    return this.#read();
  }

  #read(): ModelResult[] {
    const { bytes, end, timeMs } = this.machine.frame;
    const results: ModelResult[] = [];
    while (this.#readTo < end) {
      const record = decodeRecord(bytes, this.#readTo, this.#nextSequence, timeMs);
      this.#readTo += recordBytes(bytes, this.#readTo);
      if (isControl(record)) continue;
      this.#nextSequence += 1;
      results.push(toModelResult(record));
    }
    return results;
  }
}
