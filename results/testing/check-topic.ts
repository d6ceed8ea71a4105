/** What must hold of a topic whatever happened while it was filled. */
import { HEADER, type ResultsMessage } from "../message.ts";
import type { RawRecord } from "./raw-topic.ts";

export interface TopicCheck {
  /** The last sequence of the partition. */
  readonly last: number;
  /** Records that stood there before, with the same bytes. */
  readonly repeats: number;
}

/** Throws unless the partition has every sequence from `first` on in order, and besides only identical repeats. */
export function checkPartition(records: readonly RawRecord[], partition = 0, first = 1): TopicCheck {
  const seen = new Map<number, string>();
  let next = first;
  let repeats = 0;
  for (const { value, headers, key, offset } of records.filter((record) => record.partition === partition)) {
    const message = JSON.parse(value) as ResultsMessage;
    const text = JSON.stringify([key, headers, value]);
    if (message.first < next) {
      if (seen.get(message.first) !== text)
        throw new Error(`offset ${offset} repeats ${message.first} with other bytes`);
      repeats++;
      continue;
    }
    if (message.first !== next) throw new Error(`offset ${offset} has ${message.first} where ${next} was due`);
    const sequences = message.results.map(({ sequence }) => sequence);
    if (sequences.some((sequence, i) => sequence !== next + i) || sequences.length !== message.count) {
      throw new Error(`offset ${offset} does not hold ${message.first} to ${message.first + message.count - 1}`);
    }
    if (headers[HEADER.first] !== String(message.first))
      throw new Error(`offset ${offset} has another first in its header`);
    seen.set(next, text);
    next += message.count;
  }
  return { last: next - 1, repeats };
}
