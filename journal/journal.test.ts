import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FRAME_HEADER_BYTES, frameExtent, Journal } from "./index.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function appendOne(journal: Journal, records: number): string {
  const bodyBytes = records * 40;
  const frame = new Uint8Array(frameExtent(bodyBytes));
  for (let at = FRAME_HEADER_BYTES; at < FRAME_HEADER_BYTES + bodyBytes; at++) frame[at] = 1 + ((at * 7) % 255);
  const firstSequence = journal.nextSequence;
  journal.append(frame, { epoch: 1, firstSequence, count: records, records, timeMs: firstSequence, bodyBytes });
  return `${firstSequence}+${records}`;
}

test("frames come back in order after a reopen, over many segments", () => {
  const options = { directory, group: "g0", segmentBytes: 16 << 10 };
  const journal = Journal.open(options, undefined, () => {});
  const wrote: string[] = [];
  for (let n = 1; n < 120; n++) {
    wrote.push(appendOne(journal, (n * 13) % 90));
    journal.idle();
  }
  const { position } = journal;
  journal.close();
  const read: string[] = [];
  const again = Journal.open(options, undefined, (info, body) => {
    read.push(`${info.firstSequence}+${info.count}`);
    expect(body.byteOffset % 8).toBe(0);
  });
  expect(read).toEqual(wrote);
  expect(again.position).toEqual(position);
  expect(readdirSync(directory).length).toBeGreaterThan(5);
  again.close();
});
