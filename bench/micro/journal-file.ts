/** A journal written without a thread: frames of credits, each applied, appended and synced. */
import { frameExtent, Journal } from "../../journal/index.ts";
import type { Feed } from "./feed.ts";

export const GROUP = "g0";

export interface Written {
  readonly bodyBytes: number;
  /** Bytes on disk, padding to whole sectors included, segments' own sectors not. */
  readonly diskBytes: number;
  readonly stateHash: string;
  readonly sequence: number;
}

/** Appends frames until `feed` has applied `commands` in all, and closes the journal. */
export function writeJournal(
  directory: string,
  feed: Feed,
  { commands, account }: { readonly commands: number; readonly account: (id: number) => number },
): Written {
  const journal = Journal.open({ directory, group: GROUP }, undefined, () => {});
  const { machine } = feed;
  let bodyTotal = 0;
  let diskBytes = 0;
  while (feed.count < commands) {
    feed.frame(account);
    const { frame } = machine;
    const bodyBytes = frame.end - frame.start;
    const { firstSequence, count, records, timeMs } = frame;
    journal.append(frame.bytes, { epoch: 1, firstSequence, count, records, timeMs, bodyBytes });
    bodyTotal += bodyBytes;
    diskBytes += frameExtent(bodyBytes);
    journal.idle();
  }
  journal.close();
  return { bodyBytes: bodyTotal, diskBytes, stateHash: machine.stateHash(), sequence: machine.sequence };
}
