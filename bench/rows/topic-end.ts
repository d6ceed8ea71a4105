/** The last record of a group's partition, read as a stranger would. */
import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { HEADER } from "../../results/index.ts";

export interface TopicEnd {
  /** Last sequence that the partition holds; 0 for an empty one. */
  readonly sequence: number;
}

export async function topicEnd(brokers: string, topic: string): Promise<TopicEnd> {
  const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING, retry: { retries: 20 } });
  const admin = kafka.admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const end = BigInt(partition?.high ?? 0);
  if (end === 0n) return { sequence: 0 };
  const consumer = kafka.consumer({ groupId: `bench.${randomUUID()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: false });
    return await new Promise<TopicEnd>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
      // Again at each joining: a broker that has just begun to serve groups makes the consumer join more than once.
      consumer.on(consumer.events.GROUP_JOIN, () => consumer.seek({ topic, partition: 0, offset: String(end - 1n) }));
      const eachMessage = async ({ message }: { message: { headers?: Headers; offset: string } }) => {
        if (BigInt(message.offset) !== end - 1n) return;
        const number = (name: string) => Number(String(message.headers?.[name]));
        resolve({ sequence: number(HEADER.first) + number(HEADER.count) - 1 });
      };
      consumer.run({ eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

type Headers = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
