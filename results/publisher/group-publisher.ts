/** Publishes one group: finds its place, sends batch after batch, starts again after any error. */
import type { Board } from "./board.ts";
import { type Cursor, CursorFile } from "./cursor-file.ts";
import { PublishRefusal, textOf } from "./errors.ts";
import { JournalSource } from "./journal-source.ts";
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, CURSOR_FILE_MS, FLUSH_MS_MAX, REFUSED_MS } from "./limits.ts";
import type { FromPublisher, PublishedGroup, PublisherState } from "./messages.ts";
import { findPlace } from "./place.ts";
import type { PublisherPort } from "./port.ts";
import type { Slice } from "./slices.ts";

export interface GroupPublisherOptions {
  readonly group: PublishedGroup;
  readonly topic: string;
  readonly board: Board;
  readonly makePort: () => PublisherPort;
  /** False once a group of this process is known to have published: then a missing topic was lost. */
  readonly mayCreate: () => boolean;
  readonly report: (message: Exclude<FromPublisher, { kind: "stopped" }>) => void;
}

export class GroupPublisher {
  readonly #options: GroupPublisherOptions;
  readonly #board: Board;
  readonly #file: CursorFile;
  /** What Kafka has acknowledged last. */
  #known: Cursor | undefined;
  #saved: Cursor | undefined;
  #state: PublisherState = "starting";
  #reason: string | undefined;
  #failures = 0;
  /** `performance.now()` at which a stop has waited long enough; undefined while it runs. */
  #deadline: number | undefined;
  /** Ends the wait for something durable, and the pause after a failure. */
  #wake: () => void = () => {};
  #endPause: () => void = () => {};

  constructor(options: GroupPublisherOptions) {
    this.#options = options;
    this.#board = options.board;
    this.#file = new CursorFile(options.group.directory);
    const cursor = this.#file.read();
    // Another topic begins anew.
    this.#known = cursor?.topic === options.topic ? cursor : undefined;
    this.#saved = this.#known;
  }

  /** True if results of this group are known to be in the topic. */
  get hasPublished(): boolean {
    return this.#known !== undefined;
  }

  /** Publishes until `stop`. Never rejects. */
  async run(): Promise<void> {
    const save = setInterval(() => this.#save(), CURSOR_FILE_MS);
    while (this.#deadline === undefined) {
      try {
        await this.#session();
      } catch (error) {
        this.#failed(error);
        if (this.#deadline === undefined) await this.#pause(this.#backoffMs(error));
      }
    }
    clearInterval(save);
  }

  /** Lets `run` end once all that is durable is published, and soon if Kafka fails or takes long. */
  stop(): void {
    this.#deadline = performance.now() + FLUSH_MS_MAX;
    this.#wake();
    this.#endPause();
  }

  /** Something may have become durable. */
  wake(): void {
    this.#wake();
  }

  /** One producer's life. Returns when it was stopped. */
  async #session(): Promise<void> {
    const { group, topic, makePort, mayCreate, report } = this.#options;
    const port = makePort();
    const source = new JournalSource({ group: group.name, directory: group.directory });
    try {
      const tail = await port.open({ mayCreate: mayCreate() });
      const durable = await this.#recovered();
      if (durable === undefined) return;
      const warn = (message: string) => report({ kind: "warning", group: group.name, message });
      const { name, index: partition } = group;
      const place = { group: name, topic, partition, tail, known: this.#known, durable, warn };
      const sequence = await findPlace(source, place);
      this.#board.published = sequence;
      if (tail.last !== undefined) {
        this.#known = { topic, journal: source.journalId, sequence, offset: tail.last.offset };
      }
      this.#show("publishing");
      await this.#publish(port, source, tail.next);
    } finally {
      source.close();
      this.#save();
      await port.close();
    }
  }

  /** Sends all that becomes durable. What is sent next is cut while the broker writes. */
  async #publish(port: PublisherPort, source: JournalSource, start: bigint): Promise<void> {
    let offset = start;
    let batch = await this.#nextBatch(source);
    while (batch.length > 0) {
      const sending = port.send(batch, source.journalId);
      // Awaited below; should cutting fail first, its failure is the one to be told.
      sending.catch(() => {});
      const next = await source.next(this.#board.durable!);
      this.#acknowledged(batch, await sending, offset, source.journalId);
      offset += BigInt(batch.length);
      if (this.#isLate()) return;
      batch = next.length > 0 ? next : await this.#nextBatch(source);
    }
  }

  #acknowledged(batch: readonly Slice[], base: bigint, expected: bigint, journal: string): void {
    const last = batch.at(-1)!;
    // Below: the partition has lost records. Above: someone else has written. Either way its tail must be read again.
    if (base !== expected) {
      throw new Error(`Kafka gave offset ${base} to results from ${batch[0]!.first}, where ${expected} was due`);
    }
    const sequence = last.first + last.count - 1;
    this.#known = { topic: this.#options.topic, journal, sequence, offset: base + BigInt(batch.length - 1) };
    this.#board.published = sequence;
    this.#board.countRecords(batch.length);
    this.#failures = 0;
    if (this.#saved === undefined) this.#save();
  }

  /** Waits for durable results; an empty batch says that it was stopped and nothing is left. */
  async #nextBatch(source: JournalSource): Promise<Slice[]> {
    for (;;) {
      const durable = this.#board.durable!;
      const batch = await source.next(durable);
      if (batch.length > 0 || this.#deadline !== undefined) return batch;
      await this.#sleep(durable);
    }
  }

  /** The group's durable sequence once it has recovered; undefined if it was stopped first. */
  async #recovered(): Promise<number | undefined> {
    while (this.#board.durable === undefined && this.#deadline === undefined) await this.#sleep(undefined);
    return this.#board.durable;
  }

  #sleep(seen: number | undefined): Promise<void> {
    if (!this.#board.sleep(seen)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #isLate(): boolean {
    return this.#deadline !== undefined && performance.now() > this.#deadline;
  }

  #failed(error: unknown): void {
    this.#board.countError();
    this.#failures++;
    this.#show(error instanceof PublishRefusal ? "refused" : "retrying", textOf(error));
  }

  #show(state: PublisherState, reason?: string): void {
    if (state === this.#state && reason === this.#reason) return;
    this.#state = state;
    this.#reason = reason;
    const { group, report } = this.#options;
    report({ kind: "state", group: group.name, state, ...(reason === undefined ? {} : { reason }) });
  }

  #backoffMs(error: unknown): number {
    if (error instanceof PublishRefusal) return REFUSED_MS;
    const limit = Math.min(BACKOFF_MS_MIN * 2 ** (this.#failures - 1), BACKOFF_MS_MAX);
    // Half of it by chance, so that the groups do not all come back at the same time.
    return limit / 2 + (Math.random() * limit) / 2;
  }

  /** Cut short by `stop`. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Writes the cursor file, if there is something new. A file that cannot be written is no reason not to publish. */
  #save(): void {
    const cursor = this.#known;
    if (cursor === undefined || cursor === this.#saved) return;
    try {
      this.#file.write(cursor);
      this.#saved = cursor;
    } catch (error) {
      const message = `The cursor file ${this.#file.path} cannot be written: ${textOf(error)}`;
      this.#options.report({ kind: "warning", group: this.#options.group.name, message });
    }
  }
}
