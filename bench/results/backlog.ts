/** A journal full of credits, and the balances that it ends with. */
import { encodeCommand, Machine, viewMemory } from "../../engine/index.ts";
import { FRAME_HEADER_BYTES, frameExtent, Journal } from "../../journal/index.ts";
import { accountsOf } from "../../results/index.ts";
import type { Expected } from "../../stores/index.ts";
import { CREDIT_BYTES, Random, setCredit, writeCreditShape } from "../records.ts";
import type { ResultsSettings } from "./settings.ts";

export const GROUP = "g0";

export interface Backlog {
  readonly directory: string;
  /** The last sequence; the first is 1. */
  readonly last: number;
  /** The engine's accounts after it. */
  balances(): Iterable<Expected>;
}

/** Commands of ids of 20 bytes and accounts of 12, all applied, in an order of accounts without a pattern. */
export function makeBacklog(directory: string, { results, accounts, frame }: ResultsSettings): Backlog {
  const journal = Journal.open({ directory, group: GROUP, segmentBytes: 64 << 20 }, undefined, () => {});
  const machine = new Machine({ horizonCommands: results });
  const input = viewMemory(new ArrayBuffer(frame * CREDIT_BYTES));
  for (let i = 0; i < frame; i++) writeCreditShape(input, i * CREDIT_BYTES);
  const names = viewMemory(new ArrayBuffer(4096));
  const [partner, currency] = [input.words[2]!, input.words[3]! & 0xffff];
  let end = encodeCommand({ type: "definePartner", partner, id: "demo" }, names.bytes, 0);
  end += encodeCommand({ type: "defineCurrency", currency, id: "CNY", scale: 2 }, names.bytes, end);
  const random = new Random(7);
  for (let done = 0; done < results; done += frame) {
    machine.beginFrame(1_790_000_000_000 + done / 100);
    if (done === 0) machine.applyBucket(names, 0, end, 2);
    for (let i = 0; i < frame; i++) setCredit(input.words, i * CREDIT_BYTES, done + i, random.below(accounts));
    machine.applyBucket(input, 0, frame * CREDIT_BYTES, frame);
    append(journal, machine);
  }
  const last = journal.nextSequence - 1;
  journal.close();
  return { directory, last, balances: () => accountsOf(machine) };
}

function append(journal: Journal, { frame }: Machine): void {
  const bodyBytes = frame.end - frame.start;
  const bytes = new Uint8Array(frameExtent(bodyBytes));
  bytes.set(frame.bytes.subarray(frame.start, frame.end), FRAME_HEADER_BYTES);
  const { firstSequence, count, records, timeMs } = frame;
  journal.append(bytes, { epoch: 1, firstSequence, count, records, timeMs, bodyBytes });
}
