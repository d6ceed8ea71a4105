/** Which requests of a run were answered 202, kept so cheaply that it does not disturb the run. */

/** The same as plain data: by connection, the last request answered and those that failed. */
export interface AcknowledgedJson {
  readonly run: number;
  readonly last: readonly number[];
  readonly failed: readonly (readonly number[])[];
}

/** Requests of a connection are numbered from 1 and answered in order, so only those that failed are listed. */
export class Acknowledged {
  readonly run: number;
  readonly #last: number[] = [];
  readonly #failed: Set<number>[] = [];

  constructor(run: number, connections: number) {
    this.run = run;
    for (let i = 0; i < connections; i++) {
      this.#last.push(0);
      this.#failed.push(new Set());
    }
  }

  static from({ run, last, failed }: AcknowledgedJson): Acknowledged {
    const made = new Acknowledged(run, 0);
    made.#last.push(...last);
    made.#failed.push(...failed.map((numbers) => new Set(numbers)));
    return made;
  }

  toJSON(): AcknowledgedJson {
    return { run: this.run, last: this.#last, failed: this.#failed.map((numbers) => [...numbers]) };
  }

  /** The connection's request of this number was answered. Numbers skipped since the last one had no answer. */
  answered(connection: number, request: number, isAccepted: boolean): void {
    const failed = this.#failed[connection]!;
    for (let skipped = this.#last[connection]! + 1; skipped < request; skipped++) failed.add(skipped);
    this.#last[connection] = request;
    if (!isAccepted) failed.add(request);
  }

  /** Highest request number of each connection that was answered. */
  get last(): readonly number[] {
    return this.#last;
  }

  has(connection: number, request: number): boolean {
    return request <= this.#last[connection]! && !this.#failed[connection]!.has(request);
  }
}
