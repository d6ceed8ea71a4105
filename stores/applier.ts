/** Takes messages from a source into a store: what to do when the store fails, when results are missing, when a message is wrong. */
import { setImmediate as turn } from "node:timers/promises";
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from "cockatiel";
import { MessageError } from "./message.ts";
import { MessageBatch } from "./message-batch.ts";
import type { MessageSink, Outcome, SourceMessage } from "./source.ts";
import { type Batch, ContinuityError, type Store } from "./store.ts";

/** Tries within one call of `take`: some seconds, below the time after which a consumer group gives a member up. */
const ATTEMPTS = 5;
const BACKOFF_MS = { initialDelay: 50, maxDelay: 2000 };

/** Failures in a row after which the store is left alone, and for how many milliseconds. */
const BREAKER_FAILURES = 5;
const BREAKER_MS = 2000;

/** What an applier tells its process. */
export interface ApplierLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** An alarm: a group stopped, and will not go on by itself. */
  error(fields: object, message: string): void;
}

interface GroupState {
  /** The last call of `take`, while it runs. */
  tail: Promise<Outcome>;
  /** The last sequence applied, as far as this process knows. */
  watermark: number;
  /** Set for good when the group stops. */
  reason: string | undefined;
  /** Watermark at which the source was last sent back. */
  rewoundAt: number | undefined;
}

/** What came before was not applied. */
class SkippedError extends Error {
  override name = "SkippedError";
}

/** A failure that may pass: anything but a rule that says stop. */
const mayPass = (error: unknown): boolean => !(error instanceof ContinuityError || error instanceof MessageError);

const APPLIED: Promise<Outcome> = Promise.resolve({ kind: "applied" });

export interface ApplierOptions {
  readonly store: Store;
  readonly log: ApplierLog;
  readonly attempts?: number;
}

export class Applier implements MessageSink {
  readonly #store: Store;
  readonly #log: ApplierLog;
  readonly #policy: IPolicy;
  readonly #groups = new Map<string, GroupState>();

  constructor({ store, log, attempts = ATTEMPTS }: ApplierOptions) {
    this.#store = store;
    this.#log = log;
    const passing = handleWhen(mayPass);
    const backoff = new ExponentialBackoff({ ...BACKOFF_MS, generator: decorrelatedJitterGenerator });
    const breaker = circuitBreaker(passing, {
      halfOpenAfter: BREAKER_MS,
      breaker: new ConsecutiveBreaker(BREAKER_FAILURES),
    });
    breaker.onBreak(() =>
      log.warn({ store: store.name }, "the store fails again and again; it is left alone for a while"),
    );
    breaker.onReset(() => log.info({ store: store.name }, "the store answers again"));
    this.#policy = wrap(retry(passing, { maxAttempts: attempts, backoff }), breaker);
  }

  /** Group → the last sequence applied and, where it stopped, why. */
  get groups(): ReadonlyMap<string, { readonly watermark: number; readonly reason: string | undefined }> {
    return this.#groups;
  }

  take(group: string, messages: readonly SourceMessage[]): Promise<Outcome> {
    const state = this.#state(group);
    const before = behind(state.tail);
    // Awaited behind what is read meanwhile, if at all.
    before.catch(() => {});
    const taken = this.#take(group, messages, state, before);
    state.tail = taken;
    return taken.finally(() => {
      if (state.tail === taken) state.tail = APPLIED;
    });
  }

  /** `before` resolves once what came before is applied, and rejects if it was not. */
  async #take(
    group: string,
    messages: readonly SourceMessage[],
    state: GroupState,
    before: Promise<void>,
  ): Promise<Outcome> {
    try {
      if (state.reason !== undefined) return { kind: "stop" };
      if (messages.length > 0) await this.#applyAll(group, messages, state, before);
      else {
        await before;
        return await this.#look(group, state);
      }
      return { kind: "applied" };
    } catch (error) {
      return this.#judge(error, group, state);
    }
  }

  async #look(group: string, state: GroupState): Promise<Outcome> {
    const { sequence } = await this.#policy.execute(() => this.#store.watermark(group));
    if (sequence >= state.watermark) return { kind: "applied" };
    this.#log.warn(
      { group, watermark: sequence, before: state.watermark },
      "the store has lost results; the source is read again",
    );
    state.watermark = sequence;
    return { kind: "rewind", after: sequence };
  }

  #state(group: string): GroupState {
    const known = this.#groups.get(group) ?? { tail: APPLIED, watermark: 0, reason: undefined, rewoundAt: undefined };
    this.#groups.set(group, known);
    return known;
  }

  /** One batch is written at a time, in order; the next one is read and staged meanwhile. */
  async #applyAll(
    group: string,
    messages: readonly SourceMessage[],
    state: GroupState,
    before: Promise<void>,
  ): Promise<void> {
    let waiting: MessageBatch | undefined;
    let writing = before;
    const write = async (): Promise<void> => {
      const batch = waiting;
      if (batch === undefined) return;
      if (this.#store.stage?.(batch) === true) batch.release();
      // A batch whose forerunner failed is not written.
      await writing;
      writing = this.#apply(batch, state);
      // Awaited by whoever comes next; should reading fail before, its failure is not unhandled.
      writing.catch(() => {});
    };
    try {
      for (const message of messages) {
        const next = new MessageBatch(group, message);
        if (waiting?.add(next, this.#store.batchResults) !== true) {
          await write();
          waiting = next;
        }
        // The batch under way is sent and its answers are taken.
        await turn();
      }
    } catch (error) {
      // What came before a message that is wrong is right.
      if (error instanceof MessageError) await write();
      await writing;
      throw error;
    }
    await write();
    await writing;
  }

  async #apply(batch: Batch, state: GroupState): Promise<void> {
    const { sequence } = await this.#policy.execute(() => this.#store.apply(batch));
    state.watermark = sequence;
    if (state.rewoundAt !== undefined && sequence > state.rewoundAt) state.rewoundAt = undefined;
  }

  #judge(error: unknown, group: string, state: GroupState): Outcome {
    if (error instanceof SkippedError) return { kind: "skipped" };
    if (error instanceof ContinuityError && error.code === "GAP") {
      const { sequence } = error.watermark;
      // Once: if what is missing does not come from the source's beginning either, it is lost.
      if (state.rewoundAt !== sequence) {
        state.rewoundAt = sequence;
        state.watermark = sequence;
        this.#log.warn({ group, watermark: sequence }, `${error.message}; the source is read again from there`);
        return { kind: "rewind", after: sequence };
      }
    }
    if (!mayPass(error)) return this.#stop(error as Error, group, state);
    const isOpen = error instanceof BrokenCircuitError;
    if (!isOpen) this.#log.warn({ group, err: error }, "the store could not be written; it is tried again");
    return { kind: "retry" };
  }

  #stop(error: Error, group: string, state: GroupState): Outcome {
    state.reason = error.message;
    this.#log.error(
      { group, watermark: state.watermark, err: error },
      `the store stops with group ${group}: ${error.message}`,
    );
    return { kind: "stop" };
  }
}

async function behind(tail: Promise<Outcome>): Promise<void> {
  const { kind } = await tail;
  if (kind !== "applied") throw new SkippedError("what came before was not applied");
}
