/**
 * Credits on their way to the engine, one bucket of a partner at a time: what is paid while one is under way is the next bucket. A
 * bucket whose outcome is not known is sent again as it is, for the ids make it harmless.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Credit, CreditReply } from "./types.ts";

/** Credits of one bucket: some 150 KB of commands, and below what one frame holds. */
const BUCKET_CREDITS_MAX = 1000;

/** Milliseconds before a bucket is sent again, from the first to the last. */
const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 2000;

/** Milliseconds before a credit is sent again that the gateway does not accept, as for a bound of the partner's amounts. */
const INVALID_MS = 30_000;

export interface CreditPorts<T> {
  /** Sends one bucket; never rejects. */
  send(partner: string, credits: readonly Credit[]): Promise<CreditReply>;
  creditOf(item: T): Credit;
  /** The engine's answer: `OK`, or why it refused. */
  onResult(item: T, code: string): void;
  /** The gateway does not accept the credit at present; it will be tried again. */
  onInvalid(item: T, code: string): void;
}

export class CreditQueue<T> {
  readonly #ports: CreditPorts<T>;
  readonly #waiting = new Map<string, T[]>();
  readonly #sending = new Set<string>();
  #isStopped = false;

  constructor(ports: CreditPorts<T>) {
    this.#ports = ports;
  }

  add(partner: string, items: readonly T[]): void {
    const waiting = this.#waiting.get(partner) ?? [];
    for (const item of items) waiting.push(item);
    this.#waiting.set(partner, waiting);
    if (!this.#sending.has(partner)) void this.#sendAll(partner);
  }

  /** Sends no further bucket. */
  stop(): void {
    this.#isStopped = true;
  }

  async #sendAll(partner: string): Promise<void> {
    this.#sending.add(partner);
    const waiting = this.#waiting.get(partner)!;
    while (waiting.length > 0 && !this.#isStopped) {
      const bucket = waiting.splice(0, BUCKET_CREDITS_MAX);
      const isAccepted = await this.#sendBucket(partner, bucket);
      if (isAccepted) continue;
      // One of them is at fault, or all are: each by itself tells.
      for (const item of bucket) {
        if (bucket.length > 1 && (await this.#sendBucket(partner, [item]))) continue;
        this.#ports.onInvalid(item, "INVALID_BODY");
        setTimeout(() => this.add(partner, [item]), INVALID_MS).unref();
      }
    }
    this.#sending.delete(partner);
  }

  /** Sends until results come. False when the gateway does not accept the bucket. */
  async #sendBucket(partner: string, bucket: readonly T[]): Promise<boolean> {
    const credits = bucket.map((item) => this.#ports.creditOf(item));
    for (let retryMs = RETRY_MS_MIN; !this.#isStopped; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      const reply = await this.#ports.send(partner, credits);
      if ("results" in reply) {
        for (const [index, { code }] of reply.results.entries()) this.#ports.onResult(bucket[index]!, code);
        return true;
      }
      if (reply.error === "INVALID_BODY") return false;
      await sleep(retryMs);
    }
    return true;
  }
}
