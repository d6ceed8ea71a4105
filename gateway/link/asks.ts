/** Questions to a group's thread that are answered by a message, by number. */
import type { Inspection } from "../thread/messages.ts";

export interface Answer {
  readonly inspection?: Inspection;
  readonly sequence?: number;
}

interface Ask {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class Asks {
  readonly #open = new Map<number, Ask>();
  #next = 1;

  /** Asks by `post`, which is given the question's number; settles with the answer. */
  ask(post: (number: number) => void): Promise<Answer> {
    const number = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(number, { resolve, reject });
      post(number);
    });
  }

  answer(number: number, answer: Answer): void {
    this.#take(number)?.resolve(answer);
  }

  refuse(number: number, error: Error): void {
    this.#take(number)?.reject(error);
  }

  /** Refuses all that are open: no answer will come. */
  refuseAll(error: Error): void {
    const asks = [...this.#open.values()];
    this.#open.clear();
    for (const ask of asks) ask.reject(error);
  }

  #take(number: number): Ask | undefined {
    const ask = this.#open.get(number);
    this.#open.delete(number);
    return ask;
  }
}
