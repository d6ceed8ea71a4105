/** The publisher's port to Kafka, by kafkajs. */
import { connect, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { type ISocketFactory, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { assert } from "../../engine/index.ts";
import { type KafkaSecurity, kafkaConnection } from "../kafka-security.ts";
import { HEADER, MESSAGE_TYPE } from "../message.ts";
import { COMPRESSION, useFastGzip } from "./compression.ts";
import { PublishRefusal } from "./errors.ts";
import { CONNECT_MS_MAX, REQUEST_MS_MAX } from "./limits.ts";
import { readTail } from "./partition-tail.ts";
import type { OpenOptions, PartitionTail, PublisherPort } from "./port.ts";
import type { Slice } from "./slices.ts";
import { ensureTopic } from "./topic.ts";

export interface KafkaPortOptions {
  readonly brokers: readonly string[];
  readonly security: KafkaSecurity;
  readonly topic: string;
  /** Partitions that the topic must have. */
  readonly partitions: number;
  /** Name and index of the group; the index is its partition. */
  readonly group: string;
  readonly partition: number;
  /** Keeps groups of one process from making the topic at the same time. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  readonly requestMs?: number;
}

/** Acknowledged by all replicas in sync. */
const ACKS_ALL = -1;

/** As kafkajs's own, and without Nagle's delay: a send ends in a part of a segment, which must not wait for an answer. */
const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const server = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl ? connectTls({ host, port, ...server, ...ssl }, onConnect) : connect({ host, port }, onConnect);
  return socket.setNoDelay(true).setKeepAlive(true, 60_000);
};

useFastGzip();

export class KafkaPort implements PublisherPort {
  readonly #options: KafkaPortOptions;
  readonly #client;
  #producer: Producer | undefined;

  constructor(options: KafkaPortOptions) {
    this.#options = options;
    this.#client = {
      brokers: [...options.brokers],
      clientId: `ringfence-${options.group}`,
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: options.requestMs ?? REQUEST_MS_MAX,
      socketFactory,
      // Read for each session, so that a password that was changed is taken up without a restart.
      ...kafkaConnection(options.security),
    };
  }

  async open({ mayCreate }: OpenOptions): Promise<PartitionTail> {
    const { topic, partition, partitions, alone } = this.#options;
    const kafka = new Kafka({ ...this.#client, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
    await alone(async () => {
      const admin = kafka.admin();
      try {
        await this.#admitted(admin.connect());
        await ensureTopic(admin, { topic, partitions, mayCreate });
      } finally {
        await admin.disconnect();
      }
    });
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      // The least that an idempotent producer takes. With one send in flight it repeats the same producer sequence, which the
      // broker knows again; what fails twice is for the tail to tell.
      retry: { retries: 1, initialRetryTime: 100 },
    });
    this.#producer = producer;
    await producer.connect();
    // Read last, for what an earlier producer had under way may have arrived meanwhile. What arrives later still is a repeat, and
    // shows by the offset of the next send.
    return readTail(this.#client, topic, partition);
  }

  /** Credentials that Kafka refuses are for an operator to put right. */
  async #admitted(connecting: Promise<void>): Promise<void> {
    try {
      await connecting;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "KafkaJSSASLAuthenticationError") throw error;
      const { user, passwordFile } = this.#options.security.sasl ?? {};
      throw new PublishRefusal(
        `Kafka refuses RINGFENCE_KAFKA_USER ${user} with the password in ${passwordFile}: ${error.message}.`,
      );
    }
  }

  async send(slices: readonly Slice[], journalId: string): Promise<bigint> {
    const { topic, partition, group } = this.#options;
    assert(this.#producer !== undefined && slices.length > 0, "a port is open before slices are sent");
    const messages = slices.map((slice) => ({
      partition,
      key: group,
      value: slice.value,
      headers: headersOf(slice, group, journalId),
    }));
    const acknowledged = await this.#producer.send({
      topic,
      acks: ACKS_ALL,
      compression: COMPRESSION,
      timeout: this.#options.requestMs ?? REQUEST_MS_MAX,
      messages,
    });
    const offset = acknowledged.find((one) => one.partition === partition)?.baseOffset;
    if (offset === undefined) throw new Error("Kafka acknowledged a send without an offset");
    return BigInt(offset);
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    // A connection that broke has nothing to be closed.
    await producer?.disconnect().catch(() => {});
  }
}

function headersOf({ first, count, at, epoch }: Slice, group: string, journalId: string): Record<string, string> {
  return {
    [HEADER.specversion]: "1.0",
    [HEADER.id]: `${group}/${epoch}/${first}`,
    [HEADER.type]: MESSAGE_TYPE,
    [HEADER.source]: `/ringfence/groups/${group}`,
    [HEADER.time]: at,
    [HEADER.contentType]: "application/json",
    [HEADER.journal]: journalId,
    [HEADER.first]: String(first),
    [HEADER.count]: String(count),
  };
}
