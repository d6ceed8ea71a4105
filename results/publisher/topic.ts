/** The topic: made with what exactly once needs, grown when groups were added, refused where it would lose results. */
// Of its CommonJS exports Node sees only the first few by name.
import kafkajs, { type Admin } from "kafkajs";
import { PublishRefusal } from "./errors.ts";

/** Copies of each partition where there are as many brokers; a write then waits for two of them. */
const REPLICAS_MAX = 3;

export interface TopicOptions {
  readonly topic: string;
  /** Partitions that must be there: one above the highest index of a group. */
  readonly partitions: number;
  readonly mayCreate: boolean;
}

/** Makes, grows or accepts the topic. Throws PublishRefusal for one that cannot hold results. */
export async function ensureTopic(admin: Admin, options: TopicOptions): Promise<void> {
  const { topic, partitions, mayCreate } = options;
  const isThere = (await admin.listTopics()).includes(topic);
  if (!isThere && !mayCreate)
    throw new PublishRefusal(`The topic ${topic} is gone, though results were published there; ${REMEDY}.`);
  if (!isThere) await create(admin, options);
  await refuseUnfit(admin, topic);
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const found = topics[0]?.partitions.length ?? 0;
  if (found < partitions) await grow(admin, options, found);
}

/** What an operator can do about results that the topic has lost. */
export const REMEDY =
  "restore it, or set RINGFENCE_KAFKA_TOPIC to a new name, under which all results that the journal keeps are published again";

async function create(admin: Admin, { topic, partitions }: TopicOptions): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(REPLICAS_MAX, brokers.length);
  const configEntries = [
    { name: "cleanup.policy", value: "delete" },
    // By the time at which a result was published, not made: what waited long for Kafka must not be deleted at once.
    { name: "message.timestamp.type", value: "LogAppendTime" },
    ...(replicationFactor === REPLICAS_MAX ? [{ name: "min.insync.replicas", value: "2" }] : []),
  ];
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
    });
  } catch (error) {
    if (!(await admin.listTopics()).includes(topic)) throw error;
  }
}

/** All records of a group have one key: compaction would keep only the last. */
async function refuseUnfit(admin: Admin, topic: string): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ["cleanup.policy"] }],
  });
  const policy = resources[0]?.configEntries.find(({ configName }) => configName === "cleanup.policy")?.configValue;
  if (policy === undefined || policy === "delete") return;
  throw new PublishRefusal(
    `The topic ${topic} has cleanup.policy=${policy}, which would delete results that consumers have not read; set it to delete.`,
  );
}

async function grow(admin: Admin, { topic, partitions }: TopicOptions, found: number): Promise<void> {
  try {
    await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] });
  } catch (error) {
    // Another process of ours may have done it meanwhile.
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    if ((topics[0]?.partitions.length ?? 0) >= partitions) return;
    if (!(error instanceof kafkajs.KafkaJSProtocolError)) throw error;
    throw new PublishRefusal(
      `The topic ${topic} has ${found} partitions where ${partitions} are needed, one a group, and Kafka refuses to add them: ${error.message}.`,
    );
  }
}
