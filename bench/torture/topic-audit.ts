/** What the topic must say at the end: read by the consumer helper, and as it stands there. */
import { logLevel } from "kafkajs";
import { eachResult, ResultsConsumer } from "../../results/consumer/consumer.ts";
import type { Result } from "../../results/message.ts";
import { PartitionCheck } from "../../results/testing/check-topic.ts";
import { eachRecord } from "../../results/testing/raw-topic.ts";
import type { Ledger } from "./ledger.ts";
import { TopicBook } from "./topic-book.ts";

/** How long a reader may stand still, ms. */
const SILENCE_MS_MAX = 60_000;

export interface Topic {
  readonly brokers: string;
  readonly name: string;
}

/** Holds each result that the helper gives against the answers of the service, and books it. */
export class ResultAudit {
  readonly book = new TopicBook();
  readonly #ledger: Ledger;
  readonly #seen = new Set<string>();
  lost = 0;
  /** Otherwise than acknowledged. */
  changed = 0;
  /** Ids that took effect more than once. */
  doubled = 0;
  expired = 0;
  /** The last sequence. */
  sequence = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  take(result: Result): void {
    const { sequence, id, duplicate, code } = result;
    const { faults } = this.#ledger;
    if (sequence !== ++this.sequence) faults.push(`the helper gives ${sequence} where ${this.sequence} is due`);
    const acknowledged = this.#ledger.idAt(sequence);
    if (acknowledged !== undefined && acknowledged !== id)
      faults.push(`sequence ${sequence} is of ${id}, acknowledged for ${acknowledged}`);
    this.book.take(result);
    if (result.type === "expire") this.expired++;
    if (duplicate === true || code === "ID_REUSED" || result.type === "expire") return;
    if (this.#seen.has(id)) {
      this.doubled++;
      faults.push(`${id} has a second first result at ${sequence}`);
    }
    this.#seen.add(id);
    if (this.#ledger.check(id, result) !== "same") this.changed++;
  }

  /** Nothing more comes. */
  end(): void {
    for (const id of this.#ledger.acknowledged.keys()) {
      if (this.#seen.has(id)) continue;
      this.lost++;
      this.#ledger.faults.push(`${id} was acknowledged and is not in the topic`);
    }
    this.#ledger.faults.push(...this.book.faults);
  }
}

/** Reads the topic with the consumer helper from its beginning to `end`. Throws when the helper raises an alarm or stands still. */
export async function readWithHelper({ brokers, name }: Topic, end: number, audit: ResultAudit): Promise<void> {
  let progress = performance.now();
  let failed: Error | undefined;
  const consumer = new ResultsConsumer({
    kafka: { brokers: brokers.split(","), clientId: "torture", logLevel: logLevel.NOTHING },
    topic: name,
    consumerGroup: `${name}.audit`,
    onResults: eachResult((result) => {
      progress = performance.now();
      audit.take(result);
    }),
    onAlarm: ({ kind, message }) => {
      failed = new Error(`the helper's alarm ${kind}: ${message}`);
    },
  });
  await consumer.start();
  try {
    while (audit.sequence < end && failed === undefined) {
      if (performance.now() - progress > SILENCE_MS_MAX)
        throw new Error(`the helper stands still behind ${audit.sequence} of ${end}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (failed !== undefined) throw failed;
  } finally {
    await consumer.stop();
  }
}

/** Reads the topic as a stranger does: every sequence up to `end`, and besides only identical repeats, whose number comes back. */
export async function readRaw({ brokers, name }: Topic, end: number): Promise<{ records: number; repeats: number }> {
  const check = new PartitionCheck();
  let records = 0;
  const failures: unknown[] = [];
  await eachRecord(brokers, name, (record) => {
    records++;
    if (failures.length > 0) return;
    try {
      check.take(record);
    } catch (error) {
      failures.push(error);
    }
  });
  if (failures.length > 0) throw failures[0];
  const { last, repeats } = check.found;
  if (last !== end) throw new Error(`the topic ends with ${last}, not ${end}`);
  return { records, repeats };
}
