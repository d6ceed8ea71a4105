/** The results topic as a source: a member of a consumer group that hands partitions over to a sink, and commits behind it. */
import { setTimeout as sleep } from "node:timers/promises";
// Of its CommonJS exports Node sees only the first few by name.
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  Kafka,
  type KafkaConfig,
  type KafkaMessage,
} from "kafkajs";
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

/** Milliseconds for which a topic that is not there is waited for: a store may be started before the service that makes it. */
const TOPIC_MS = 30_000;

/** Milliseconds between looks whether it is there. */
const TOPIC_LOOK_MS = 500;

/** Milliseconds between looks whether an idle store still has what it had. */
const LOOK_MS = 5000;

export interface KafkaSourceOptions {
  /** As for kafkajs: at least `brokers`. */
  readonly kafka: KafkaConfig;
  readonly topic: string;
  /** Kafka's consumer group: processes of one store share the partitions. */
  readonly consumerGroup: string;
  /** Told that the topic is not there yet. */
  readonly onMissing?: () => void;
}

/** A partition that this member has read from. */
interface Partition {
  readonly group: string;
  isStopped: boolean;
  /** True from the moment at which the partition is to be read again from further back, until it is. */
  isSentBack: boolean;
  /** The last messages handed over: true if they were applied. Never rejects. */
  last: Promise<boolean>;
  /** Of these, what is not settled yet. */
  busy: number;
  /** The last look whether the store has what it had. Never rejects. */
  looking: Promise<void>;
  /** Why an offset could not be committed; thrown where kafkajs looks for it, with the next batch. */
  fault: unknown;
}

export class KafkaSource implements MessageSource {
  readonly #options: KafkaSourceOptions;
  readonly #partitions = new Map<number, Partition>();
  /** What was begun for partitions that this member has read before it joined anew. */
  #left: Promise<unknown> = Promise.resolve();
  #isEnding = false;

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
    const running: Running = { sink, consumer, admin };
    const looking = setInterval(() => void this.#look(running).catch(() => {}), LOOK_MS);
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const connect = async () => {
      try {
        await admin.connect();
        await consumer.connect();
        await this.#subscribe(consumer, signal);
      } catch (error) {
        throw new Error(`Kafka's topic ${topic} cannot be read: ${error instanceof Error ? error.message : error}`);
      }
    };
    try {
      // Kafka may be away, and be tried for a while.
      await Promise.race([aborted, connect()]);
      if (signal.aborted) return;
      // Another member may have had them meanwhile.
      consumer.on(consumer.events.GROUP_JOIN, () => {
        this.#left = this.#settled();
        this.#partitions.clear();
      });
      const crashed = new Promise<never>((_, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          // kafkajs starts again by itself after what may pass.
          if (!payload.restart) reject(payload.error);
        });
      });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#take(running, payload),
      });
      await Promise.race([aborted, crashed]);
    } catch (error) {
      throw await reasonOf(error, kafka);
    } finally {
      clearInterval(looking);
      this.#isEnding = true;
      // First, so that what is applied is committed.
      await this.#settled();
      await consumer.disconnect();
      await admin.disconnect();
    }
  }

  /** Waits a while for a topic that is not there, or of which the broker asked does not know yet; throws when it does not come. */
  async #subscribe(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const { topic, onMissing } = this.#options;
    const untilMs = performance.now() + TOPIC_MS;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        return await consumer.subscribe({ topic, fromBeginning: true });
      } catch (error) {
        if (!isUnknownTopic(error)) throw error;
        if (performance.now() > untilMs) throw new Error("it is not there; the service makes it when it starts");
        if (tries === 1) onMissing?.();
      }
      await sleep(TOPIC_LOOK_MS);
    }
  }

  /**
   * Hands a batch over and waits for the one before it, not for its own end: the next one is fetched and unpacked meanwhile, so that the
   * sink never waits.
   */
  async #take(running: Running, payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, isRunning, isStale } = payload;
    const first = batch.messages[0];
    if (first === undefined) return;
    const partition = this.#partition(batch.partition, first);
    // What a heartbeat finds out is found out again by the next fetch.
    const beating = setInterval(() => void heartbeat().catch(() => {}), HEARTBEAT_MS);
    try {
      await partition.looking;
      const mayBegin = () => !this.#isEnding && !partition.isStopped && isRunning() && !isStale();
      if (!mayBegin()) return;
      if (partition.isSentBack) {
        await partition.last;
        if (!mayBegin()) return;
        partition.isSentBack = false;
        partition.last = Promise.resolve(true);
      }
      const before = partition.last;
      const messages = batch.messages.map((message) => sourceMessage(message, batch.partition));
      const taken = { topic: batch.topic, number: batch.partition, first: first.offset, last: batch.lastOffset() };
      partition.last = this.#apply(running, partition, messages, taken);
      resolveOffset(batch.messages.at(-1)!.offset);
      await before;
    } finally {
      clearInterval(beating);
    }
    const { fault } = partition;
    partition.fault = undefined;
    if (fault !== undefined) throw fault;
  }

  async #apply(
    running: Running,
    partition: Partition,
    messages: readonly SourceMessage[],
    taken: Taken,
  ): Promise<boolean> {
    const before = partition.last;
    partition.busy++;
    try {
      const outcome = await running.sink.take(partition.group, messages);
      // Otherwise the partition is sent back already.
      if (!(await before)) return false;
      await this.#conclude(running, partition, outcome, taken);
      return outcome.kind === "applied";
    } finally {
      partition.busy--;
    }
  }

  /** Tells Kafka what became of messages. Never rejects. */
  async #conclude(running: Running, partition: Partition, { kind }: Outcome, taken: Taken): Promise<void> {
    const { consumer } = running;
    const { topic, number, first, last } = taken;
    const place = [{ topic, partitions: [number] }];
    if (kind !== "applied") partition.isSentBack = true;
    switch (kind) {
      case "applied":
        try {
          await consumer.commitOffsets([{ topic, partition: number, offset: String(BigInt(last) + 1n) }]);
        } catch (error) {
          partition.fault = error;
        }
        return;
      case "skipped":
      case "retry":
        steer(() => {
          consumer.seek({ topic, partition: number, offset: first });
          consumer.pause(place);
        });
        setTimeout(() => steer(() => consumer.resume(place)), RETRY_MS).unref();
        return;
      case "rewind":
        return this.#rewind(running, number);
      case "stop":
        partition.isStopped = true;
        steer(() => consumer.pause(place));
        return;
    }
  }

  #partition(number: number, { key }: KafkaMessage): Partition {
    const known = this.#partitions.get(number);
    if (known !== undefined) return known;
    const group = key?.toString() ?? "";
    const last = this.#left.then(() => true);
    const looking = this.#left.then(() => {});
    const made = { group, isStopped: false, isSentBack: false, last, busy: 0, looking, fault: undefined };
    this.#partitions.set(number, made);
    return made;
  }

  /** Resolves when all that was begun has ended. */
  #settled(): Promise<unknown> {
    return Promise.all([this.#left, ...[...this.#partitions.values()].flatMap(({ last, looking }) => [last, looking])]);
  }

  async #look(running: Running): Promise<void> {
    for (const [number, partition] of this.#partitions) {
      if (partition.isStopped || partition.isSentBack || partition.busy > 0) continue;
      partition.looking = this.#lookAt(running, number, partition);
      await partition.looking;
    }
  }

  async #lookAt(running: Running, number: number, partition: Partition): Promise<void> {
    const { kind } = await running.sink.take(partition.group, []);
    if (kind !== "rewind") return;
    partition.isSentBack = true;
    await this.#rewind(running, number);
  }

  /**
   * To the partition's oldest message: what the store has of it is passed over faster than it could be looked for. Ends only when
   * Kafka has told where that is, for what is behind must not be applied before.
   */
  async #rewind({ consumer, admin }: Running, partition: number): Promise<void> {
    const { topic } = this.#options;
    while (!this.#isEnding) {
      try {
        const offsets = await admin.fetchTopicOffsets(topic);
        const low = offsets.find((one) => one.partition === partition)?.low ?? "0";
        consumer.seek({ topic, partition, offset: low });
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }
}

interface Running {
  readonly sink: MessageSink;
  readonly consumer: Consumer;
  readonly admin: Admin;
}

/** Messages handed to the sink: their partition, and the offsets of the first and the last. */
interface Taken {
  readonly topic: string;
  readonly number: number;
  readonly first: string;
  readonly last: string;
}

/** Said by a broker that does not have the topic, and for a moment by one that has not heard of a new one. */
function isUnknownTopic(error: unknown): boolean {
  return error instanceof kafkajs.KafkaJSProtocolError && error.type === "UNKNOWN_TOPIC_OR_PARTITION";
}

/**
 * Does `work` unless the consumer is not running: it has ended, or is between a crash and its restart, behind which partitions are read
 * from the committed offset anyway.
 */
export function steer(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSNonRetriableError)) throw error;
  }
}

/**
 * What an operator is told. kafkajs asks each broker for the group's coordinator and says only that none told, whether it was away or refused
 * the password; one more connection finds out which. The error itself where that one is made.
 */
export async function reasonOf(error: unknown, kafka: Kafka): Promise<unknown> {
  if (!(error instanceof kafkajs.KafkaJSGroupCoordinatorNotFound)) return error;
  const admin = kafka.admin({ retry: { retries: 0 } });
  try {
    await admin.connect();
    return error;
  } catch (reason) {
    return reason;
  } finally {
    await admin.disconnect();
  }
}

function sourceMessage({ value, headers, offset }: KafkaMessage, partition: number): SourceMessage {
  return {
    // Made when it is read: all of a fetch at once would be tens of megabytes.
    get value() {
      return value?.toString() ?? "";
    },
    type: header(headers?.ce_type),
    journal: header(headers?.rf_journal),
    place: `partition ${partition}, offset ${offset}`,
  };
}

function header(value: Buffer | string | (Buffer | string)[] | undefined): string {
  const one = Array.isArray(value) ? value[0] : value;
  return one?.toString() ?? "";
}
