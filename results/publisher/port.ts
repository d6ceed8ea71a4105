/** What the publisher needs of a message broker: one partition that it alone writes. */
import type { Slice } from "./slices.ts";

/** A record that stands in the partition. Headers by name. */
export interface TopicRecord {
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What stands in the partition when it is opened. */
export interface PartitionTail {
  /** Offset that the next record will have. */
  readonly next: bigint;
  /** The last record; undefined if the partition is empty, or was emptied by retention (then `next` is above 0). */
  readonly last: TopicRecord | undefined;
}

export interface OpenOptions {
  /** Make the topic if it is missing. Otherwise that is refused. */
  readonly mayCreate: boolean;
}

/** One connection's life: `open`, any number of `send`, one at a time, `close`. After an error only `close` is allowed. */
export interface PublisherPort {
  /** Checks or makes the topic, connects, reads the tail. Throws PublishRefusal for what only an operator can put right. */
  open(options: OpenOptions): Promise<PartitionTail>;
  /**
   * Appends the slices in order, acknowledged by all replicas. Resolves with the first one's offset. When it rejects they may
   * have been appended or not, or may still be later.
   */
  send(slices: readonly Slice[], journalId: string): Promise<bigint>;
  /** Gives the connections up; never rejects. */
  close(): Promise<void>;
}
