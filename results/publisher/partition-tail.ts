/**
 * Reads the last record of a partition. kafkajs's consumer reads only as a member of a consumer group, which costs seconds, leaves
 * a group behind and needs rights that a publisher has no use for; so this uses what its consumer is made of. The version of kafkajs
 * is pinned, and these parts have not changed in years.
 */
import { createRequire } from "node:module";
import type { ISocketFactory } from "kafkajs";
import type { PartitionTail, TopicRecord } from "./port.ts";

/** As kafkajs's own files have it; untyped there. */
interface RawRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[] | string>>;
}

interface RawPartition {
  readonly partition: number;
  readonly messages: readonly RawRecord[];
}

interface RawBroker {
  fetch(request: {
    replicaId: number;
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly {
      topic: string;
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): Promise<{ responses: readonly { partitions: readonly RawPartition[] }[] }>;
}

interface RawCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
  findBroker(place: { nodeId: number }): Promise<RawBroker>;
  fetchTopicsOffset(
    topics: readonly { topic: string; fromBeginning: boolean; partitions: readonly { partition: number }[] }[],
  ): Promise<readonly { partitions: readonly { partition: number; offset: string }[] }[]>;
}

const load = createRequire(import.meta.url);
const Cluster = load("kafkajs/src/cluster") as new (options: object) => RawCluster;
const { createLogger } = load("kafkajs/src/loggers") as { createLogger(options: object): object };

/** Bytes of one answer: the broker gives a whole batch even if it is longer. */
const FETCH_BYTES = 4 << 20;

const READ_UNCOMMITTED = 0;

export interface ClusterOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly socketFactory: ISocketFactory;
}

/** What stands in the partition now. */
export async function readTail(options: ClusterOptions, topic: string, partition: number): Promise<PartitionTail> {
  const cluster = new Cluster({
    ...options,
    brokers: [...options.brokers],
    logger: createLogger({ level: 0, logCreator: () => () => {} }),
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    isolationLevel: READ_UNCOMMITTED,
    retry: { retries: 0 },
  });
  await cluster.connect();
  try {
    await cluster.addTargetTopic(topic);
    const offsetOf = async (fromBeginning: boolean): Promise<bigint> => {
      const found = await cluster.fetchTopicsOffset([{ topic, fromBeginning, partitions: [{ partition }] }]);
      const offset = found[0]?.partitions[0]?.offset;
      // Just made, and not known to the broker that was asked.
      if (offset === undefined) throw new Error(`partition ${partition} of ${topic} has no leader yet`);
      return BigInt(offset);
    };
    const next = await offsetOf(false);
    const oldest = await offsetOf(true);
    const last = oldest < next ? await fetchRecord(cluster, topic, partition, next - 1n) : undefined;
    return { next, last };
  } finally {
    await cluster.disconnect();
  }
}

async function fetchRecord(cluster: RawCluster, topic: string, partition: number, at: bigint): Promise<TopicRecord> {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader;
  if (leader === undefined) throw new Error(`partition ${partition} of ${topic} has no leader yet`);
  const broker = await cluster.findBroker({ nodeId: leader });
  const { responses } = await broker.fetch({
    replicaId: -1,
    isolationLevel: READ_UNCOMMITTED,
    maxWaitTime: 1000,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset: at.toString(), maxBytes: FETCH_BYTES }] }],
  });
  const records = responses[0]?.partitions[0]?.messages ?? [];
  // The answer begins with the batch that holds the record.
  const record = records.find(({ offset }) => BigInt(offset) === at);
  if (record === undefined) throw new Error(`record ${at} of partition ${partition} of ${topic} cannot be read`);
  return {
    offset: at,
    key: record.key?.toString() ?? "",
    headers: Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, value]) => [name, String(value)])),
  };
}
