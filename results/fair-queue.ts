/** Work of several owners, one piece at a time and in turn by owner: a crowd of one's holds up nobody else's. */
import { ResultsError } from "./errors.ts";

interface Turn {
  readonly begin: () => void;
  readonly refuse: (error: ResultsError) => void;
}

export class FairQueue {
  readonly #waitingMax: number;
  /** By owner; the one whose turn is next comes first. */
  readonly #waiting = new Map<number, Turn[]>();
  #isBusy = false;
  #isClosed = false;

  /** `waitingMax`: pieces of one owner that may wait. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Does the work when it is the owner's turn. Rejects with OVERLOADED when too much of the owner's waits, with STOPPED once closed. */
  async run<T>(owner: number, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw stopped();
    if (this.#isBusy) await this.#turn(owner);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
      this.#next();
    }
  }

  #turn(owner: number): Promise<void> {
    const turns = this.#waiting.get(owner) ?? [];
    if (turns.length >= this.#waitingMax) {
      throw new ResultsError("OVERLOADED", "Too many questions of one partner wait for the journal's reader.");
    }
    this.#waiting.set(owner, turns);
    return new Promise((begin, refuse) => turns.push({ begin, refuse }));
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [owner, turns] = first;
    const turn = turns.shift()!;
    this.#waiting.delete(owner);
    if (turns.length > 0) this.#waiting.set(owner, turns);
    // Until it begins, nobody else may.
    this.#isBusy = true;
    turn.begin();
  }

  /** Refuses what waits, and everything after. What is under way goes on. */
  close(): void {
    this.#isClosed = true;
    for (const turns of this.#waiting.values()) for (const { refuse } of turns) refuse(stopped());
    this.#waiting.clear();
  }
}

const stopped = () => new ResultsError("STOPPED", "The reader is closed.");
