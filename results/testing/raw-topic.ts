/** Reads a topic as a stranger would: kafkajs's consumer, and nothing of the code under test. */
import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";

export interface RawRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

export function testClient(brokers: string): Kafka {
  return new Kafka({
    brokers: brokers.split(","),
    clientId: "ringfence-test",
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 1000 },
  });
}

/** Name of a topic that no other test has. */
export function newTopic(): string {
  return `test.${randomUUID()}`;
}

/** All records that the topic has now, by partition and offset. */
export async function readTopic(brokers: string, topic: string): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  await eachRecord(brokers, topic, (record) => void records.push(record));
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}

/** Hands over each record that the topic has now, by offset within a partition. */
export async function eachRecord(brokers: string, topic: string, take: (record: RawRecord) => void): Promise<void> {
  const kafka = testClient(brokers);
  const left = await endsOf(kafka, topic);
  if (left.size === 0) return;
  const consumer = kafka.consumer({ groupId: `test.${randomUUID()}`, maxBytesPerPartition: 8 << 20 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    // A broker that has just started loads its groups first; kafkajs joins again by itself.
    consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
    const eachMessage = async ({ partition, message }: { partition: number; message: RawMessage }) => {
      const offset = BigInt(message.offset);
      const end = left.get(partition);
      // Joining again begins anew where nothing was committed yet.
      if (end === undefined || offset < end.from) return;
      end.from = offset + 1n;
      take({
        partition,
        offset,
        key: String(message.key),
        headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, text]) => [name, String(text)])),
        value: String(message.value),
      });
      if (end.from >= end.high) left.delete(partition);
      if (left.size === 0) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
}

/** Partition → where the next record is looked for, and where it ends; without the empty ones. */
async function endsOf(kafka: Kafka, topic: string): Promise<Map<number, { from: bigint; readonly high: bigint }>> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const filled = offsets.filter(({ low, high }) => BigInt(low) < BigInt(high));
  return new Map(filled.map(({ partition, low, high }) => [partition, { from: BigInt(low), high: BigInt(high) }]));
}

interface RawMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, unknown>>;
}
