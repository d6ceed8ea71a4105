/** Histories for tests: generated commands (engine/model) sent through a machine, kept as the frames of a journal. */
import { Machine } from "../../engine/machine.ts";
import { type Bucket, CURRENCIES, Generator, PARTNERS } from "../../engine/model/generate.ts";
import { Model } from "../../engine/model/model.ts";
import { MachineSubject, type RecordedFrame } from "../../engine/model/subject.ts";
import { NameTable } from "../names.ts";

export interface HistoryOptions {
  readonly seed: number;
  /** At least so many commands. */
  readonly commands: number;
  /** Sees each frame with the machine as it was right after it. */
  readonly onFrame?: (frame: RecordedFrame, machine: Machine) => void;
}

/** Partner and currency indexes of a history with their names. */
export function historyNames(): NameTable {
  const names = new NameTable();
  for (const partner of PARTNERS) names.addPartner(partner, `p${partner}`);
  for (const { currency, id, scale } of CURRENCIES) names.addCurrency(currency, { code: id, scale });
  return names;
}

/** The frames of a generated history; the first begins with the control records that define the names. */
export function makeHistory({ seed, commands, onFrame }: HistoryOptions): RecordedFrame[] {
  const horizonCommands = [50, 500, 5000][seed % 3]!;
  const model = new Model(horizonCommands);
  const generator = new Generator(seed, model);
  const machine = new Machine({ horizonCommands, seed });
  const frames: RecordedFrame[] = [];
  const subject = new MachineSubject(machine, (frame) => {
    frames.push(frame);
    onFrame?.(frame, machine);
  });
  const item = (next: Bucket | number) => {
    if (typeof next === "number") {
      model.setHorizon(next);
      subject.setHorizon(next);
    } else {
      model.bucket(next.commands, next.atomic);
      subject.bucket(next.commands, next.atomic);
    }
  };
  for (let isFirst = true; model.sequence < commands; isFirst = false) {
    const timeMs = generator.nextTime();
    subject.frame(timeMs);
    model.frame(timeMs);
    if (isFirst) {
      subject.setHorizon(horizonCommands);
      for (const partner of PARTNERS) subject.control({ type: "definePartner", partner, id: `p${partner}` });
      for (const currency of CURRENCIES) subject.control({ type: "defineCurrency", ...currency });
    }
    for (let left = generator.itemsInFrame(); left > 0; left--) item(generator.nextItem());
  }
  subject.endFrame();
  return frames;
}
