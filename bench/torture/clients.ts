/** Clients that post buckets without rest, and send again, with the same ids, what they got no definite answer to. */

import { Random } from "../../engine/model/random.ts";
import type { Bucket, Command, Ledger, Result } from "./ledger.ts";
import type { Server } from "./server.ts";

export const ACCOUNTS = 40;
/** Accounts that are opened and closed, and never have money. */
export const SIDE_ACCOUNTS = 200;
/**
 * How long a client goes on without any answer, ms: a service that stays down is a fault, not a reason to wait for ever. Several
 * restarts fit into it on a machine that has much else to do.
 */
const SILENCE_MS_MAX = 120_000;
/** Longest wait for an answer, ms: a killed server answers by closing, so this is for a stuck one. */
const ANSWER_MS_MAX = 20_000;

const WEIGHTS = {
  ...{ credit: 30, debit: 15, transfer: 20, hold: 15, capture: 8, release: 4, reverse: 8 },
  // Rarely: what is frozen or limited refuses the rest.
  ...{ open: 3, limits: 2, freeze: 1, unfreeze: 3, close: 2 },
} as const;

export interface ClientOptions {
  /** Longest pause between two buckets, ms; 0 unless given. */
  readonly restMs?: number;
  /** Seconds after which some holds expire; none does unless given. */
  readonly expiresIn?: number;
}

export class Client {
  readonly #random: Random;
  readonly #name: string;
  readonly #server: Server;
  readonly #ledger: Ledger;
  readonly #options: ClientOptions;
  readonly #history: Command[] = [];
  readonly #holds: string[] = [];
  #count = 0;
  /** The bucket without a definite answer, and whether it may have been taken. */
  #unanswered: Bucket | undefined;
  #isUnknown = false;

  constructor(index: number, seed: number, server: Server, ledger: Ledger, options: ClientOptions = {}) {
    this.#name = `c${index}`;
    this.#random = new Random(seed * 1000 + index);
    this.#server = server;
    this.#ledger = ledger;
    this.#options = options;
  }

  /** Posts until `isOver`, and then until nothing of it is unknown any more. */
  async run(isOver: () => boolean): Promise<void> {
    let answeredAt = performance.now();
    while (!isOver() || this.#unanswered !== undefined) {
      const bucket = this.#unanswered ?? this.#bucket();
      if (this.#unanswered !== undefined && this.#isUnknown) this.#ledger.resent++;
      const outcome = await this.#post(bucket);
      this.#unanswered = outcome === "answered" ? undefined : bucket;
      // Once unknown, a later refusal tells nothing of the first attempt.
      this.#isUnknown = outcome === "unknown" || (outcome === "not taken" && this.#isUnknown);
      if (outcome === "unknown") this.#ledger.unknown++;
      if (outcome === "answered") answeredAt = performance.now();
      else if (performance.now() - answeredAt > SILENCE_MS_MAX) {
        this.#ledger.faults.push(`${this.#name} has no answer for ${SILENCE_MS_MAX} ms`);
        return;
      }
      const { restMs = 0 } = this.#options;
      const pauseMs = outcome === "answered" ? this.#random.below(restMs + 1) : 20;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #post(bucket: Bucket): Promise<"answered" | "not taken" | "unknown"> {
    const { commands, atomic, withResults } = bucket;
    this.#ledger.noteSent(bucket);
    try {
      const response = await fetch(`${this.#server.url}/v1/commands`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${this.#server.key}`,
          "content-type": "application/json",
          ...(withResults ? { prefer: "wait=10" } : {}),
        },
        body: JSON.stringify({ commands, atomic }),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const answer = (await response.json()) as { sequence: number; results?: Result[]; code?: string };
      if (response.status === 503) return answer.code === "OUTCOME_UNKNOWN" ? "unknown" : "not taken";
      if (response.status === 200 || response.status === 202) {
        this.#ledger.noteAnswer(bucket, answer.sequence, answer.results);
      } else {
        this.#ledger.faults.push(`${response.status} ${answer.code}: ${JSON.stringify(commands).slice(0, 300)}`);
      }
      return "answered";
    } catch (error) {
      return isRefused(error) ? "not taken" : "unknown";
    }
  }

  #bucket(): Bucket {
    const random = this.#random;
    if (this.#history.length > 0 && random.chance(0.08)) {
      // Out of the blue, something from long ago: a client's retry queue.
      return { commands: [random.pick(this.#history)], atomic: false, withResults: random.chance(0.5) };
    }
    const count = random.pick([1, 2, 5, 20, 100]);
    const commands = Array.from({ length: count }, () => this.#command());
    return { commands, atomic: random.chance(0.2), withResults: random.chance(0.6) };
  }

  #command(): Command {
    const random = this.#random;
    const id = `${this.#name}-${++this.#count}`;
    const account = `a${random.below(ACCOUNTS)}`;
    const amount = `${random.between(0, 50)}.${random.between(10, 99)}`;
    const type = random.weighted(WEIGHTS);
    const command = this.#fill(type, { id, account, amount });
    this.#history.push(command);
    if (this.#history.length > 2000) this.#history.splice(0, 1000);
    return command;
  }

  #fill(type: Command["type"], head: { id: string; account: string; amount: string }): Command {
    const random = this.#random;
    const { id, account, amount } = head;
    const hold = this.#holds.length > 0 ? random.pick(this.#holds) : undefined;
    switch (type) {
      case "transfer":
        return { id, type, account, to: `a${random.below(ACCOUNTS)}`, amount };
      case "hold":
        this.#holds.push(id);
        if (this.#holds.length > 50) this.#holds.shift();
        if (this.#options.expiresIn !== undefined && random.chance(0.3)) {
          return { id, type, account, amount, expiresIn: this.#options.expiresIn };
        }
        return { id, type, account, amount };
      case "open":
      case "close":
        return { id, type, account: `b${random.below(SIDE_ACCOUNTS)}` };
      case "limits":
        return { id, type, account, maxBalance: random.chance(0.4) ? `${random.between(100, 5000)}.00` : null };
      case "freeze":
      case "unfreeze":
        return { id, type, account };
      case "capture":
        if (hold === undefined) return { id, type: "credit", account, amount };
        return random.chance(0.5) ? { id, type, hold } : { id, type, hold, amount: "1.00", to: account };
      case "release":
        return hold === undefined ? { id, type: "credit", account, amount } : { id, type, hold };
      case "reverse":
        if (this.#history.length === 0) return { id, type: "credit", account, amount };
        return { id, type, command: random.pick(this.#history).id };
      default:
        return { id, type, account, amount };
    }
  }
}

/** True if there was no one to connect to. Any other broken connection leaves open whether the bucket was taken. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && (error.cause as { code?: string } | undefined)?.code === "ECONNREFUSED";
}
