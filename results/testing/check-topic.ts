/** What must hold of a topic whatever happened while it was filled. */
import { createHash } from "node:crypto";
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
  const check = new PartitionCheck(first);
  for (const record of records) if (record.partition === partition) check.take(record);
  return check.found;
}

/** The same, record by record, for topics that fit no memory. */
export class PartitionCheck {
  /** First sequence of a record → digest of all its bytes. */
  readonly #seen = new Map<number, string>();
  #next: number;
  #repeats = 0;

  constructor(first = 1) {
    this.#next = first;
  }

  get found(): TopicCheck {
    return { last: this.#next - 1, repeats: this.#repeats };
  }

  take({ value, headers, key, offset }: RawRecord): void {
    const message = JSON.parse(value) as ResultsMessage;
    const next = this.#next;
    const digest = createHash("sha256")
      .update(JSON.stringify([key, headers, value]))
      .digest("base64");
    if (message.first < next) {
      if (this.#seen.get(message.first) !== digest)
        throw new Error(`offset ${offset} repeats ${message.first} with other bytes`);
      this.#repeats++;
      return;
    }
    if (message.first !== next) throw new Error(`offset ${offset} has ${message.first} where ${next} was due`);
    const sequences = message.results.map(({ sequence }) => sequence);
    if (sequences.some((sequence, i) => sequence !== next + i) || sequences.length !== message.count) {
      throw new Error(`offset ${offset} does not hold ${message.first} to ${message.first + message.count - 1}`);
    }
    if (headers[HEADER.first] !== String(message.first))
      throw new Error(`offset ${offset} has another first in its header`);
    this.#seen.set(next, digest);
    this.#next += message.count;
  }
}
