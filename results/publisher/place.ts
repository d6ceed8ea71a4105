/** Where publishing goes on: what the topic says, held against the journal and against what was known before. */
import { assert } from "../../engine/index.ts";
import { JournalError } from "../../journal/index.ts";
import { HEADER, MESSAGE_TYPE } from "../message.ts";
import type { Cursor } from "./cursor-file.ts";
import { PublishRefusal } from "./errors.ts";
import type { JournalSource, Published } from "./journal-source.ts";
import type { PartitionTail, TopicRecord } from "./port.ts";
import { REMEDY } from "./topic.ts";

export interface PlaceOptions {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly tail: PartitionTail;
  /** What this group published there before, as far as is known. */
  readonly known: Cursor | undefined;
  readonly durable: number;
  readonly warn: (message: string) => void;
}

/**
 * Sets the source to the first result that the topic does not have; returns the last sequence that it has. Throws PublishRefusal
 * where going on would make a gap, or mix two histories.
 */
export async function findPlace(source: JournalSource, options: PlaceOptions): Promise<number> {
  const { tail, durable } = options;
  await source.open(durable);
  const known = options.known?.journal === source.journalId ? options.known : undefined;
  if (tail.last === undefined) return behindEmpty(source, { ...options, known });
  const last = positionOf(tail.last, source.journalId, options);
  const end = last.first + last.count - 1;
  checkKnown({ ...options, known }, tail.last.offset, end);
  if (end > durable) {
    throw new PublishRefusal(
      `The topic has results of group ${options.group} up to sequence ${end}, but its journal ends at ${durable}: was the data folder restored from an old copy?`,
    );
  }
  await orGap(source, options.group, end + 1, () => source.seekBehind(last, durable));
  return end;
}

/** The partition has no record: nothing was published yet, or retention has deleted all of it. */
async function behindEmpty(source: JournalSource, options: PlaceOptions): Promise<number> {
  const { known, tail, topic, group, durable, warn } = options;
  const oldest = source.oldestSequence();
  if (known !== undefined && known.offset >= tail.next) {
    throw new PublishRefusal(
      `The topic ${topic} has lost the results of group ${group}: up to sequence ${known.sequence} was published there, now it is empty; ${REMEDY}.`,
    );
  }
  const end = Math.max(known?.sequence ?? 0, oldest - 1);
  if (end > (known?.sequence ?? 0)) {
    warn(`Results before sequence ${oldest} are no longer kept by the journal, so the topic ${topic} begins there.`);
  }
  assert(end <= durable, "what was published is durable");
  await source.seekTo(end + 1, durable);
  return end;
}

/** What the record says of itself, once it is clear that this group's publisher wrote it from this journal. */
function positionOf(
  { key, headers }: TopicRecord,
  journalId: string,
  { group, topic, partition }: PlaceOptions,
): Published {
  const place = `Partition ${partition} of topic ${topic}`;
  const [first, count] = [Number(headers[HEADER.first]), Number(headers[HEADER.count])];
  const at = headers[HEADER.time];
  if (headers[HEADER.type] !== MESSAGE_TYPE || !Number.isSafeInteger(first + count) || at === undefined) {
    throw new PublishRefusal(
      `${place} ends with a record that is no ${MESSAGE_TYPE}; give another topic by RINGFENCE_KAFKA_TOPIC.`,
    );
  }
  if (headers[HEADER.journal] !== journalId || key !== group) {
    throw new PublishRefusal(
      `${place} holds results of group ${key} from journal ${headers[HEADER.journal]}, but group ${group} writes journal ${journalId}; give another topic by RINGFENCE_KAFKA_TOPIC.`,
    );
  }
  return { first, count, at };
}

/** Holds the topic's end against what Kafka had acknowledged. */
function checkKnown({ known, topic, group, warn }: PlaceOptions, offset: bigint, end: number): void {
  if (known === undefined || offset >= known.offset) return;
  if (end >= known.sequence) {
    throw new PublishRefusal(
      `The topic ${topic} was changed: sequence ${known.sequence} of group ${group} was at offset ${known.offset}, but now ${end} is at ${offset}; ${REMEDY}.`,
    );
  }
  warn(`Kafka has lost results ${end + 1} to ${known.sequence} that it had acknowledged; they are published again.`);
}

async function orGap(source: JournalSource, group: string, next: number, seek: () => Promise<void>): Promise<void> {
  try {
    await seek();
  } catch (error) {
    if (!(error instanceof JournalError && error.code === "TRIMMED")) throw error;
    throw new PublishRefusal(
      `Results ${next} to ${source.oldestSequence() - 1} of group ${group} are neither in the topic nor in its journal any more; publishing on would make a gap.`,
    );
  }
}
