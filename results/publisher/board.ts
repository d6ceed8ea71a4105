/**
 * What the gateway and the publisher's thread show each other about one group, in shared memory. Each figure has one writer. A
 * figure may be stale, never torn: see engine/stats.ts.
 */

/** float64 positions. */
const DURABLE = 0;
/** On a cache line of its own: the gateway writes the one above after each frame. */
const PUBLISHED = 16;
const ERRORS = 17;
const RECORDS = 18;
/** int32 position. */
const ASLEEP = 48;

const BYTES = 256;

/** `durable` before the group has recovered. */
const UNKNOWN = -1;

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #floats: Float64Array;
  readonly #words: Int32Array;

  /** Makes a new one, or looks at one made elsewhere. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(BYTES);
    this.#floats = new Float64Array(this.memory);
    this.#words = new Int32Array(this.memory);
    if (memory === undefined) this.#floats[DURABLE] = UNKNOWN;
  }

  /** Gateway: all up to here is durable. True if the publisher sleeps and must be woken. */
  advance(sequence: number): boolean {
    if (sequence > this.#floats[DURABLE]!) this.#floats[DURABLE] = sequence;
    // Publishes the store above; pairs with the exchange in `sleep`. A load alone could come before the store.
    return Atomics.exchange(this.#words, ASLEEP, 0) === 1;
  }

  /** The last durable sequence; undefined while the group recovers. */
  get durable(): number | undefined {
    const sequence = this.#floats[DURABLE]!;
    return sequence === UNKNOWN ? undefined : sequence;
  }

  /** Publisher: it will wait for `advance`. False if something is there already, beyond `seen`; then it does not sleep. */
  sleep(seen: number | undefined): boolean {
    // Stored before durable is read again: whoever advances behind that read finds the flag.
    Atomics.exchange(this.#words, ASLEEP, 1);
    if (this.durable === seen) return true;
    Atomics.store(this.#words, ASLEEP, 0);
    return false;
  }

  /** One float64 in the shared memory: `published`, for a thread that knows nothing else of a board. */
  get cursor(): Float64Array {
    return new Float64Array(this.memory, PUBLISHED * 8, 1);
  }

  /** The last sequence that Kafka has acknowledged; 0 before it is known. */
  get published(): number {
    return this.#floats[PUBLISHED]!;
  }

  set published(sequence: number) {
    this.#floats[PUBLISHED] = sequence;
  }

  /** Attempts that failed since the process started. */
  get errors(): number {
    return this.#floats[ERRORS]!;
  }

  countError(): void {
    this.#floats[ERRORS]! += 1;
  }

  /** Records that Kafka has acknowledged since the process started. */
  get records(): number {
    return this.#floats[RECORDS]!;
  }

  countRecords(count: number): void {
    this.#floats[RECORDS]! += count;
  }
}
