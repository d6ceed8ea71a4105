/**
 * Reads the results topic for a service of the operator's: each result once, in order, nothing skipped. What cannot be taken parks
 * its partition and raises an alarm; the other groups go on.
 */
import type { Admin, Consumer, EachBatchPayload, KafkaConfig } from "kafkajs";
import { assert } from "../../engine/index.ts";
import type { Result } from "../message.ts";
import { Continuity, parsePosition, positionText, resultsFrom } from "./continuity.ts";
import { type ParsedMessage, parseMessage, type RawMessage } from "./parse.ts";

/** Bytes of one fetch of a partition, compressed: some ten times as many once unpacked. Larger batches come alone. */
const FETCH_BYTES = 2 << 20;

/** Between two heartbeats while a long message is handled, ms: well below the session's 30 seconds. */
const HEARTBEAT_MS = 1000;

/** Between attempts of a handler that fails, ms: doubled from the first to the last. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
const ATTEMPTS_DEFAULT = 6;

export interface Alarm {
  /**
   * `gap`, `epoch`, `foreign-journal`: the message does not follow what was handled. `poison`: it is not what a publisher writes.
   * `newer-version`: update this service. `handler`: the handler went on failing. `consumer`: Kafka's client gave up and starts again.
   */
  readonly kind: "gap" | "epoch" | "foreign-journal" | "poison" | "newer-version" | "handler" | "consumer";
  /** The partition that is parked, and the offset of the message; -1 with `consumer`. */
  readonly partition: number;
  readonly offset: string;
  /** One plain sentence. */
  readonly message: string;
}

/** Where results come from. */
export interface Place {
  readonly group: string;
  readonly epoch: number;
  readonly journal: string;
  readonly partition: number;
  readonly offset: string;
}

export interface ResultsConsumerOptions {
  /** As for kafkajs: at least `brokers`; ssl and sasl as the cluster needs them. */
  readonly kafka: KafkaConfig;
  /** `ringfence.results` unless given. */
  readonly topic?: string;
  /** Kafka's consumer group: members share the partitions. */
  readonly consumerGroup: string;
  /**
   * Takes results of one message, in order, without a repeat of what it has taken before. A crash between its end and the commit
   * gives them again: write `sequence` in one transaction with what you do, and give it as `position`. Rejecting means that none
   * of them was taken.
   */
  readonly onResults: (results: readonly Result[], place: Place) => Promise<void>;
  readonly onAlarm: (alarm: Alarm) => void;
  /**
   * The last sequence of the group of this partition that this service has handled for good, asked whenever the partition is
   * assigned. Undefined or left out: what was committed with the offset counts, and without it the topic must begin at 1.
   */
  readonly position?: (partition: number) => Promise<number | undefined>;
  /** Attempts at `onResults` before the partition is parked. 6 unless given. */
  readonly attempts?: number;
}

/** Makes an `onResults` that hands single results over, each once the one before it is done. Progress inside a message is kept. */
export function eachResult(
  handle: (result: Result, place: Place) => Promise<void> | void,
): ResultsConsumerOptions["onResults"] {
  /** Partition → the last sequence taken of a message that failed half way. */
  const taken = new Map<number, number>();
  return async (results, place) => {
    const before = taken.get(place.partition);
    const last = results.at(-1)!.sequence;
    const isSame = before !== undefined && before >= results[0]!.sequence && before < last;
    for (const result of results) {
      if (isSame && result.sequence <= before) continue;
      await handle(result, place);
      taken.set(place.partition, result.sequence);
    }
    taken.delete(place.partition);
  };
}

interface Followed {
  readonly continuity: Continuity;
  /** Why nothing more is taken. */
  parked: Alarm | undefined;
}

export class ResultsConsumer {
  readonly #options: ResultsConsumerOptions;
  readonly #topic: string;
  readonly #partitions = new Map<number, Followed>();
  #consumer: Consumer | undefined;
  #admin: Admin | undefined;
  #isStopping = false;

  constructor(options: ResultsConsumerOptions) {
    this.#options = options;
    this.#topic = options.topic ?? "ringfence.results";
  }

  /** Joins the consumer group and begins to read. Rejects if Kafka cannot be reached or has no such topic. */
  async start(): Promise<void> {
    assert(this.#consumer === undefined, "a consumer is started once");
    // Loaded late, for whoever only publishes does not need it.
    const { Kafka } = await import("kafkajs");
    const kafka = new Kafka(this.#options.kafka);
    this.#admin = kafka.admin();
    const consumer = kafka.consumer({
      groupId: this.#options.consumerGroup,
      allowAutoTopicCreation: false,
      maxBytesPerPartition: FETCH_BYTES,
      // How long a fetch waits at the topic's end; a partition that is resumed joins the next one.
      maxWaitTimeInMs: 500,
      retry: { restartOnFailure: () => Promise.resolve(!this.#isStopping) },
    });
    this.#consumer = consumer;
    await this.#admin.connect();
    await consumer.connect();
    await consumer.subscribe({ topic: this.#topic, fromBeginning: true });
    consumer.on(consumer.events.GROUP_JOIN, () => this.#forget());
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload.error));
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#takeBatch(payload),
    });
  }

  /** Ends after the message in hand; resolves when the group was left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#consumer?.disconnect();
    await this.#admin?.disconnect();
  }

  /** The partitions that are parked, and why. */
  parked(): readonly Alarm[] {
    return [...this.#partitions.values()].flatMap(({ parked }) => (parked === undefined ? [] : [parked]));
  }

  /** Tries a parked partition again, once what parked it was put right: from the same message. Nothing is ever skipped. */
  resume(partition: number): void {
    const followed = this.#partitions.get(partition);
    if (followed?.parked === undefined) return;
    followed.parked = undefined;
    this.#consumer?.resume([{ topic: this.#topic, partitions: [partition] }]);
  }

  /** Another member may have gone on meanwhile: what is known of a partition is read again, and what is parked is judged anew. */
  #forget(): void {
    const partitions = [...this.#partitions].filter(([, { parked }]) => parked !== undefined).map(([one]) => one);
    this.#partitions.clear();
    if (partitions.length > 0) this.#consumer?.resume([{ topic: this.#topic, partitions }]);
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const { partition } = batch;
    const followed = await this.#follow(partition);
    let next: bigint | undefined;
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale() || followed.parked !== undefined) break;
        await this.#takeMessage(followed, partition, message, heartbeat);
        if (followed.parked !== undefined) break;
        resolveOffset(message.offset);
        next = BigInt(message.offset) + 1n;
        await heartbeat();
      }
    } finally {
      if (next !== undefined) await this.#commit(partition, next, followed.continuity);
    }
  }

  /** Hands over what is new in the message, or parks the partition. */
  async #takeMessage(
    followed: Followed,
    partition: number,
    raw: RawMessage,
    heartbeat: () => Promise<void>,
  ): Promise<void> {
    const { continuity } = followed;
    const { offset } = raw;
    const parsed = parseMessage(raw);
    if ("kind" in parsed) return this.#park(followed, { ...parsed, partition, offset });
    const verdict = continuity.judge(parsed);
    if ("kind" in verdict) return this.#park(followed, { ...verdict, partition, offset });
    const { message } = parsed;
    if (verdict.from === message.count) return;
    const results = resultsFrom(message, verdict.from);
    const failure = await this.#handle(results, placeOf(parsed, partition, offset), heartbeat);
    if (failure !== undefined) return this.#park(followed, { kind: "handler", why: failure, partition, offset });
    continuity.advance(parsed, message.first + message.count - 1);
  }

  /** Calls the handler until it succeeds; returns why it did not. */
  async #handle(results: readonly Result[], place: Place, heartbeat: () => Promise<void>): Promise<string | undefined> {
    const { onResults, attempts = ATTEMPTS_DEFAULT } = this.#options;
    // What a heartbeat finds out is found out again by the next one, outside the handler.
    const beat = () => void heartbeat().catch(() => {});
    const beating = setInterval(beat, HEARTBEAT_MS);
    try {
      for (let attempt = 1, pauseMs = RETRY_MS_MIN; ; attempt++, pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
        try {
          await onResults(results, place);
          return undefined;
        } catch (error) {
          if (attempt >= attempts || this.#isStopping) {
            return `the handler failed ${attempt} times, at last with: ${error instanceof Error ? error.message : String(error)}`;
          }
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      clearInterval(beating);
    }
  }

  #park(
    followed: Followed,
    { kind, why, partition, offset }: Pick<Alarm, "kind" | "partition" | "offset"> & { why: string },
  ): void {
    const message = `Message ${offset} of partition ${partition} is not taken: ${why}.`;
    followed.parked = { kind, partition, offset, message };
    this.#consumer?.pause([{ topic: this.#topic, partitions: [partition] }]);
    this.#options.onAlarm(followed.parked);
  }

  async #follow(partition: number): Promise<Followed> {
    const known = this.#partitions.get(partition);
    if (known !== undefined) return known;
    const own = await this.#options.position?.(partition);
    const start = own ?? (await this.#committed(partition)) ?? 0;
    const followed: Followed = { continuity: new Continuity(start), parked: undefined };
    this.#partitions.set(partition, followed);
    return followed;
  }

  /** What was committed beside the offset: what a restart goes on behind. */
  async #committed(partition: number) {
    const groupId = this.#options.consumerGroup;
    const found = await this.#admin!.fetchOffsets({ groupId, topics: [this.#topic] });
    const metadata = found[0]?.partitions.find((one) => one.partition === partition)?.metadata;
    return parsePosition(metadata);
  }

  async #commit(partition: number, next: bigint, { position }: Continuity): Promise<void> {
    const metadata = position === undefined ? null : positionText(position);
    await this.#consumer!.commitOffsets([{ topic: this.#topic, partition, offset: String(next), metadata }]);
  }

  #crashed(error: Error): void {
    // What can be tried again is, before anyone has to know.
    if (this.#isStopping || ("retriable" in error && error.retriable === true)) return;
    this.#options.onAlarm({
      kind: "consumer",
      partition: -1,
      offset: "-1",
      message: `Reading failed: ${error.message}.`,
    });
  }
}

function placeOf({ journal, message }: ParsedMessage, partition: number, offset: string): Place {
  return { group: message.group, epoch: message.epoch, journal, partition, offset };
}
