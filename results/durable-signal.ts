/** Who waits for results, and how far they are durable. */
export class DurableSignal {
  #durable: number | undefined;
  readonly #waiting = new Set<{ readonly sequence: number; readonly wake: () => void }>();

  /** The last durable sequence told of; undefined before the first: the group may have many, which its thread has not found yet. */
  get durable(): number | undefined {
    return this.#durable;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Tells that all sequences up to this one are durable. A lower one than before changes nothing. */
  advance(sequence: number): void {
    if (this.#durable !== undefined && sequence <= this.#durable) return;
    this.#durable = sequence;
    for (const one of this.#waiting) if (one.sequence < sequence) one.wake();
  }

  /** Resolves once a sequence above `sequence` is durable, after `timeoutMs`, or on abort, whichever is first. */
  waitFor(sequence: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if ((this.#durable ?? 0) > sequence || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(entry);
        resolve();
      };
      const entry = { sequence, wake };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener("abort", wake, { once: true });
      this.#waiting.add(entry);
    });
  }
}
