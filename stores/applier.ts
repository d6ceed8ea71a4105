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
import { MessageError, parseMessage, type Result } from "./message.ts";
import type { MessageSink, Outcome, SourceMessage } from "./source.ts";
import { type Batch, ContinuityError, type Store } from "./store.ts";

/** Results of one transaction, at least: a message more is added as long as there are fewer. */
const RESULTS_A_BATCH = 4000;

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
  /** The last sequence applied, as far as this process knows. */
  watermark: number;
  /** Set for good when the group stops. */
  reason: string | undefined;
  /** Watermark at which the source was last sent back. */
  rewoundAt: number | undefined;
}

/** A failure that may pass: anything but a rule that says stop. */
const mayPass = (error: unknown): boolean => !(error instanceof ContinuityError || error instanceof MessageError);

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

  async take(group: string, messages: readonly SourceMessage[]): Promise<Outcome> {
    const state = this.#state(group);
    if (state.reason !== undefined) return { kind: "stop" };
    try {
      if (messages.length === 0) return await this.#look(group, state);
      await this.#applyAll(group, messages, state);
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
    const known = this.#groups.get(group) ?? { watermark: 0, reason: undefined, rewoundAt: undefined };
    this.#groups.set(group, known);
    return known;
  }

  /** One batch is written at a time, in order; the next one is read meanwhile. */
  async #applyAll(group: string, messages: readonly SourceMessage[], state: GroupState): Promise<void> {
    let waiting: Waiting | undefined;
    let writing: Promise<void> = Promise.resolve();
    const write = async (): Promise<void> => {
      // A batch whose forerunner failed is not written.
      await writing;
      if (waiting === undefined) return;
      writing = this.#apply(waiting, state);
      // Awaited by whoever comes next; should reading fail before, its failure is not unhandled.
      writing.catch(() => {});
      waiting = undefined;
    };
    try {
      for (const message of messages) {
        const next = readMessage(group, message);
        if (waiting !== undefined && !fits(waiting, next)) await write();
        if (waiting === undefined) waiting = { ...next, results: [...next.results] };
        else for (const result of next.results) waiting.results.push(result);
        // A turn, in which the batch under way is sent and its answers are taken.
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

interface Waiting extends Batch {
  readonly results: Result[];
}

/** True if a message's results go on from those that wait, so that one transaction may take both. */
function fits(waiting: Batch, next: Batch): boolean {
  const { results } = waiting;
  if (results.length >= RESULTS_A_BATCH) return false;
  if (waiting.epoch !== next.epoch || waiting.journal !== next.journal) return false;
  return next.results[0]!.sequence === results.at(-1)!.sequence + 1;
}

function readMessage(group: string, { value, type, journal, place }: SourceMessage): Batch {
  try {
    const message = parseMessage(value, type);
    if (message.group !== group)
      throw new MessageError("POISON", `the message is of group ${message.group}, not ${group}`);
    return { group, epoch: message.epoch, journal, results: message.results };
  } catch (error) {
    if (error instanceof MessageError) throw new MessageError(error.code, `${place}: ${error.message}`);
    throw error;
  }
}
