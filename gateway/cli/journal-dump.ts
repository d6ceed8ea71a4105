import { decodeCommand, RecordMemory } from "../../engine/index.ts";
import { type FrameView, JournalReader, nodeLayer, PositionIndex } from "../../journal/index.ts";
import { isControlAt, JournalNames, type Names, recordBytesAt, renderResult } from "../../results/index.ts";
import { damageLines, verifyReadable } from "./readable.ts";
import { EXIT, type Terminal } from "./terminal.ts";

export interface DumpOptions {
  readonly group: string;
  readonly directory: string;
  /** Begins behind this sequence. */
  readonly after: number;
  /** Results at most; undefined: all. */
  readonly limit: number | undefined;
  /** Each record's bytes in a line of its own behind it. */
  readonly hex: boolean;
}

/** Prints frames and results as JSON lines, of a damaged journal up to the damage. */
export async function dump(options: DumpOptions, terminal: Terminal): Promise<number> {
  const { group, directory, after } = options;
  const { result, through } = await verifyReadable(directory, { group, snapshots: false });
  const reader = JournalReader.open({ directory });
  const names = new JournalNames({ directory, layer: nodeLayer, index: new PositionIndex() });
  try {
    await names.learnThrough(through);
    if (after < through) await print(reader, { ...options, through, names: names.table }, terminal);
  } finally {
    reader.close();
  }
  if (result.ok) return EXIT.done;
  for (const line of damageLines(result)) terminal.err(`${group}: ${line}`);
  return EXIT.damaged;
}

interface Plan extends DumpOptions {
  readonly through: number;
  readonly names: Names;
}

async function print(reader: JournalReader, plan: Plan, terminal: Terminal): Promise<void> {
  const { after, through } = plan;
  // The journal's first frames may hold definitions alone, so from the start nothing is sought.
  if (after > 0) await reader.seek(after + 1, through);
  let left = plan.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const frame = await reader.next(through);
    if (frame === undefined) return;
    await terminal.out(headerLine(frame));
    for (const { line, isResult } of recordLines(frame, plan)) {
      if (left === 0) return;
      await terminal.out(line);
      if (isResult) left--;
    }
  }
}

function headerLine({ info, segment, offset }: FrameView): string {
  const { timeMs, ...rest } = info;
  return JSON.stringify({ frame: { segment, offset, at: new Date(timeMs).toISOString(), ...rest } });
}

function* recordLines(
  { info, body }: FrameView,
  { after, hex, names }: Plan,
): Generator<{ line: string; isResult: boolean }> {
  const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
  let { firstSequence: sequence } = info;
  for (let at = 0; at < body.byteLength; ) {
    const bytes = recordBytesAt(memory, at);
    const isResult = !isControlAt(memory, at);
    if (!isResult || sequence > after) {
      // Behind a result its bytes count as part of it, so that a limit never parts them.
      const hexLine = hex
        ? `\n${JSON.stringify({ hex: Buffer.from(body.subarray(at, at + bytes)).toString("hex") })}`
        : "";
      const text = isResult
        ? renderResult(memory, at, sequence, info.timeMs, names)
        : JSON.stringify({ control: decodeCommand(body, at) });
      yield { line: `${text}${hexLine}`, isResult };
    }
    if (isResult) sequence++;
    at += bytes;
  }
}
