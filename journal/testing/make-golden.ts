/**
 * Makes the golden files of the present format version: `node journal/testing/make-golden.ts <folder>`. Done once per version;
 * the files are then kept for good, and later code must read them.
 */
import type { FileLayer } from "../file-layer.ts";
import { Journal } from "../journal.ts";
import { nodeLayer } from "../node-layer.ts";
import { SnapshotWriter } from "../snapshot-writer.ts";
import { appendSample, longText } from "./sample-frames.ts";

export const GOLDEN_GROUP = "golden";
const GOLDEN_ID: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index);

/** Texts of the frames, each of as many records as its place says: five segments, and a snapshot after the third frame. */
export const GOLDEN_TEXTS: readonly string[] = [
  "first frame",
  longText("second", 1500),
  longText("third", 2500),
  "x",
  longText("fifth", 3000),
  "a snapshot lies behind the third; this is the last",
];

/** Texts of the snapshot's chunks. */
export const GOLDEN_CHUNKS: readonly string[] = ["first frame", "second", "third!"];

/** Writes the golden journal and snapshot into the folder. */
export async function makeGolden(layer: FileLayer, directory: string): Promise<void> {
  const options = { directory, group: GOLDEN_GROUP, segmentBytes: 4 << 10, journalId: GOLDEN_ID, layer };
  const journal = Journal.open(options, undefined, () => {});
  for (const [index, text] of GOLDEN_TEXTS.entries()) {
    appendSample(journal, text, index);
    if (index !== 2) continue;
    const { journalId, position } = journal;
    const meta = {
      journalId,
      group: GOLDEN_GROUP,
      epoch: 1,
      timeMs: 1_700_000_000_001,
      position,
      stateHash: "0123abcd",
    };
    const writer = new SnapshotWriter(layer, directory, meta);
    for (const [at, chunk] of GOLDEN_CHUNKS.entries()) await writer.addChunk(at + 1, at, Buffer.from(chunk));
    await writer.finish();
  }
  journal.close();
}

if (import.meta.main) {
  const directory = process.argv[2];
  if (directory === undefined) throw new Error("usage: node journal/testing/make-golden.ts <folder>");
  await makeGolden(nodeLayer, directory);
}
