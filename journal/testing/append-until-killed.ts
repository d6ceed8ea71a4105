/**
 * A process that appends to the journal in the folder `argv[2]` until it is killed, and prints the sequence behind each append
 * on a line of its own: what is printed was acknowledged.
 */
import { writeSync } from "node:fs";
import { Journal } from "../journal.ts";
import { appendSample, longText } from "./sample-frames.ts";

const directory = process.argv[2];
if (directory === undefined) throw new Error("usage: node journal/testing/append-until-killed.ts <folder>");
const journal = Journal.open({ directory, group: "g0", segmentBytes: 128 << 10 }, undefined, () => {});

function round(): void {
  for (let n = 0; n < 10; n++) {
    const sequence = journal.nextSequence;
    appendSample(journal, longText(`f${sequence}`, (sequence * 379) % 9000));
    writeSync(1, `${sequence}\n`);
    journal.idle();
  }
  setImmediate(round);
}
round();
