/** Messages of one group that follow each other, as one batch. */
import { MessageError, parseMessage, type Result } from "./message.ts";
import type { SourceMessage } from "./source.ts";
import type { Batch } from "./store.ts";

/**
 * The results can be let go of, and are parsed again if they should be asked for: thousands of them, held while the batch before is
 * written, are most of what the garbage collector would have to copy.
 */
export class MessageBatch implements Batch {
  readonly group: string;
  readonly epoch: number;
  readonly journal: string;
  readonly #messages: SourceMessage[];
  #next: number;
  #results: Result[] | undefined;

  /** Reads a message. Throws MessageError, which says where the message stands. */
  constructor(group: string, source: SourceMessage) {
    const { epoch, first, count, results } = readMessage(group, source);
    this.group = group;
    this.epoch = epoch;
    this.journal = source.journal;
    this.#messages = [source];
    this.#next = first + count;
    this.#results = [...results];
  }

  /** At least one. */
  get results(): readonly Result[] {
    this.#results ??= this.#messages.flatMap((source) => readMessage(this.group, source).results);
    return this.#results;
  }

  /** Takes in another one's results, if they go on from these and there are fewer than `max`; otherwise returns false. */
  add(other: MessageBatch, max: number): boolean {
    const { results } = this;
    if (results.length >= max || this.epoch !== other.epoch || this.journal !== other.journal) return false;
    if (other.results[0]!.sequence !== this.#next) return false;
    for (const result of other.results) this.#results!.push(result);
    for (const message of other.#messages) this.#messages.push(message);
    this.#next = other.#next;
    return true;
  }

  /** Lets the results go. */
  release(): void {
    this.#results = undefined;
  }
}

function readMessage(group: string, { value, type, place }: SourceMessage) {
  try {
    const message = parseMessage(value, type);
    if (message.group === group) return message;
    throw new MessageError("POISON", `the message is of group ${message.group}, not ${group}`);
  } catch (error) {
    if (error instanceof MessageError) throw new MessageError(error.code, `${place}: ${error.message}`);
    throw error;
  }
}
