/** The gateway's end of the publisher: starts its thread, tells it what is durable, shows how far it is. */
import { Worker } from "node:worker_threads";
import { assert } from "../../engine/index.ts";
import type { KafkaSecurity } from "../kafka-security.ts";
import { Board } from "./board.ts";
import { FLUSH_MS_MAX } from "./limits.ts";
import type { FromPublisher, PublishedGroup, PublisherStart, PublisherState, ToPublisher } from "./messages.ts";

/** Between the end of a thread by a fault and the start of the next, ms. */
const RESTART_MS = 1000;

export interface PublisherLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface PublisherOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly topic: string;
  /** TLS and credentials; plain text without a name unless given. */
  readonly security?: KafkaSecurity;
  readonly groups: readonly PublishedGroup[];
  readonly log: PublisherLog;
  /** Time that a request to Kafka may take, ms; 10 seconds unless given. */
  readonly requestMs?: number;
}

/** How far a group is published. */
export interface PublisherStats {
  /** The last sequence that Kafka has acknowledged; 0 before the topic was looked at. */
  readonly published: number;
  /** Since the process started: records acknowledged, attempts that failed. */
  readonly records: number;
  readonly errors: number;
  readonly state: PublisherState;
  /** Why it does not publish, for the operator. */
  readonly reason?: string;
}

interface Shown {
  readonly board: Board;
  state: PublisherState;
  reason: string | undefined;
}

/**
 * Publishes the results of all groups to Kafka, in a thread of its own, so that Kafka never slows the groups. Kafka down: it goes
 * on trying, and the journal keeps what is not published.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #groups: ReadonlyMap<string, Shown>;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #onStopped: () => void = () => {};

  constructor(options: PublisherOptions) {
    assert(
      options.groups.length > 0 && options.brokers.length > 0,
      "there is something to publish, and a place for it",
    );
    this.#options = options;
    this.#groups = new Map(
      options.groups.map(({ name }) => [name, { board: new Board(), state: "starting", reason: undefined }]),
    );
  }

  /** Begins to publish. */
  start(): void {
    assert(this.#worker === undefined && !this.#isStopping, "a publisher is started once");
    this.#startThread();
  }

  /** Tells how far a group is durable: after its recovery, and after each frame. Nothing behind it is ever published. */
  advance(group: string, sequence: number): void {
    if (this.#shown(group).board.advance(sequence)) this.#post(0);
  }

  /** One float64 in shared memory: the last sequence that Kafka has acknowledged. What is behind it must be kept. */
  cursor(group: string): Float64Array {
    return this.#shown(group).board.cursor;
  }

  stats(group: string): PublisherStats {
    const { board, state, reason } = this.#shown(group);
    const { published, records, errors } = board;
    return { published, records, errors, state, ...(reason === undefined ? {} : { reason }) };
  }

  /** Publishes what is durable, for some seconds at most, and ends the thread. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      // A request that hangs must not hold the shutdown: what is not published now is published by the next start.
      const late = setTimeout(resolve, FLUSH_MS_MAX + 1000);
      this.#onStopped = () => {
        clearTimeout(late);
        resolve();
      };
      this.#post({ kind: "stop" });
    });
    this.#worker = undefined;
    await worker.terminate();
  }

  #startThread(): void {
    const { brokers, topic, security = {}, groups, requestMs } = this.#options;
    const boards = [...this.#groups.values()].map(({ board }) => board.memory);
    const start: PublisherStart = {
      brokers,
      security,
      topic,
      groups,
      boards,
      ...(requestMs === undefined ? {} : { requestMs }),
    };
    const worker = new Worker(new URL("./publisher-thread.ts", import.meta.url), {
      workerData: start,
      name: "publisher",
    });
    this.#worker = worker;
    worker.on("message", (message: FromPublisher) => this.#onMessage(message));
    worker.on("error", (error) => this.#options.log.error({ err: error }, "the publisher's thread ended by a fault"));
    worker.on("exit", () => {
      this.#onStopped();
      if (this.#worker !== worker || this.#isStopping) return;
      this.#worker = undefined;
      this.#timer = setTimeout(() => this.#startThread(), RESTART_MS).unref();
    });
  }

  #post(message: ToPublisher): void {
    this.#worker?.postMessage(message);
  }

  #onMessage(message: FromPublisher): void {
    const { log } = this.#options;
    if (message.kind === "stopped") {
      this.#onStopped();
      return;
    }
    const { group } = message;
    if (message.kind === "warning") {
      log.warn({ group }, message.message);
      return;
    }
    const shown = this.#shown(group);
    const { state, reason } = message;
    shown.state = state;
    shown.reason = reason;
    const fields = { group, reason, published: shown.board.published };
    if (state === "refused") log.error(fields, "publishing to Kafka is refused");
    else if (state === "retrying") log.warn(fields, "publishing to Kafka failed; trying again");
    else log.info({ group, published: shown.board.published }, "publishing to Kafka");
  }

  #shown(group: string): Shown {
    const shown = this.#groups.get(group);
    assert(shown !== undefined, `group ${group} is one of this process`);
    return shown;
  }
}
