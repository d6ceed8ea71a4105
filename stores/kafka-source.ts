/** The results topic as a source: a member of a consumer group that hands partitions over to a sink, and commits behind it. */
import { type Admin, type Consumer, type EachBatchPayload, Kafka, type KafkaConfig, type KafkaMessage } from "kafkajs";
import type { MessageSink, MessageSource, Outcome, SourceMessage } from "./source.ts";

/** Bytes of one fetch of a partition, compressed: some ten times as many once unpacked. Larger batches come alone. */
const FETCH_BYTES = 2 << 20;

/**
 * Milliseconds without a heartbeat after which Kafka gives a member up. A process that was killed stays a member for so long, and the
 * one started in its place waits for it: kafkajs's 30 seconds are a long time for balances to stand still.
 */
const SESSION_MS = 10_000;

/** Milliseconds between heartbeats while a batch is applied: well below the session. */
const HEARTBEAT_MS = 1000;

/** Milliseconds that a fetch waits at the topic's end. kafkajs sends no heartbeat meanwhile. */
const FETCH_MS = 1000;

/** Milliseconds before messages that could not be applied come again. */
const RETRY_MS = 1000;

/** Milliseconds between looks whether an idle store still has what it had. */
const LOOK_MS = 5000;

export interface KafkaSourceOptions {
  /** As for kafkajs: at least `brokers`. */
  readonly kafka: KafkaConfig;
  readonly topic: string;
  /** Kafka's consumer group: processes of one store share the partitions. */
  readonly consumerGroup: string;
}

/** A partition that this member has read from. */
interface Partition {
  readonly group: string;
  isStopped: boolean;
  /** Calls of the sink, one after the other. */
  last: Promise<unknown>;
}

export class KafkaSource implements MessageSource {
  readonly #options: KafkaSourceOptions;
  readonly #partitions = new Map<number, Partition>();

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
  }

  async run(sink: MessageSink, signal: AbortSignal): Promise<void> {
    const { kafka: config, topic, consumerGroup } = this.#options;
    const kafka = new Kafka(config);
    const admin = kafka.admin();
    const consumer = kafka.consumer({
      groupId: consumerGroup,
      allowAutoTopicCreation: false,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_MS,
      maxBytesPerPartition: FETCH_BYTES,
    });
    const looking = setInterval(() => void this.#look({ sink, consumer, admin }).catch(() => {}), LOOK_MS);
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const connect = async () => {
      try {
        await admin.connect();
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
      } catch (error) {
        throw new Error(`Kafka's topic ${topic} cannot be read: ${error instanceof Error ? error.message : error}`);
      }
    };
    try {
      // Kafka may be away, and be tried for a while.
      await Promise.race([aborted, connect()]);
      if (signal.aborted) return;
      // Another member may have had them meanwhile.
      consumer.on(consumer.events.GROUP_JOIN, () => this.#partitions.clear());
      const crashed = new Promise<never>((_, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          // kafkajs starts again by itself after what may pass.
          if (!payload.restart) reject(payload.error);
        });
      });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#take({ sink, consumer, admin }, payload),
      });
      await Promise.race([aborted, crashed]);
    } finally {
      clearInterval(looking);
      await consumer.disconnect();
      await admin.disconnect();
    }
  }

  async #take(running: Running, payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, isRunning, isStale, pause } = payload;
    const first = batch.messages[0];
    if (first === undefined || !isRunning() || isStale()) return;
    const partition = this.#partition(batch.partition, first);
    const messages = batch.messages.map((message) => sourceMessage(message, batch.partition));
    // What a heartbeat finds out is found out again by the next fetch.
    const beating = setInterval(() => void heartbeat().catch(() => {}), HEARTBEAT_MS);
    let outcome: Outcome;
    try {
      outcome = await this.#alone(partition, () => running.sink.take(partition.group, messages));
    } finally {
      clearInterval(beating);
    }
    switch (outcome.kind) {
      case "applied": {
        const { offset } = batch.messages.at(-1)!;
        resolveOffset(offset);
        const next = String(BigInt(offset) + 1n);
        const { topic } = this.#options;
        await running.consumer.commitOffsets([{ topic, partition: batch.partition, offset: next }]);
        return;
      }
      case "retry": {
        // Not resolved, so that the same messages come again.
        setTimeout(pause(), RETRY_MS).unref();
        return;
      }
      case "rewind":
        return this.#rewind(running, batch.partition);
      case "stop":
        partition.isStopped = true;
        pause();
        return;
    }
  }

  #partition(number: number, { key }: KafkaMessage): Partition {
    const known = this.#partitions.get(number);
    if (known !== undefined) return known;
    const made = { group: key?.toString() ?? "", isStopped: false, last: Promise.resolve() };
    this.#partitions.set(number, made);
    return made;
  }

  #alone<T>(partition: Partition, work: () => Promise<T>): Promise<T> {
    const done = partition.last.then(work);
    partition.last = done.catch(() => {});
    return done;
  }

  async #look(running: Running): Promise<void> {
    for (const [number, partition] of this.#partitions) {
      if (partition.isStopped) continue;
      const { kind } = await this.#alone(partition, () => running.sink.take(partition.group, []));
      if (kind === "rewind") await this.#rewind(running, number);
    }
  }

  /** To the partition's oldest message: what the store has of it is passed over faster than it could be looked for. */
  async #rewind({ consumer, admin }: Running, partition: number): Promise<void> {
    const { topic } = this.#options;
    const offsets = await admin.fetchTopicOffsets(topic);
    const low = offsets.find((one) => one.partition === partition)?.low ?? "0";
    consumer.seek({ topic, partition, offset: low });
  }
}

interface Running {
  readonly sink: MessageSink;
  readonly consumer: Consumer;
  readonly admin: Admin;
}

function sourceMessage({ value, headers, offset }: KafkaMessage, partition: number): SourceMessage {
  return {
    value: value?.toString() ?? "",
    type: header(headers?.ce_type),
    journal: header(headers?.rf_journal),
    place: `partition ${partition}, offset ${offset}`,
  };
}

function header(value: Buffer | string | (Buffer | string)[] | undefined): string {
  const one = Array.isArray(value) ? value[0] : value;
  return one?.toString() ?? "";
}
