/** Whether a message is the next one of its group. No clock, no network: all that "exactly once in effect" rests on. */
import { assert } from "../../engine/index.ts";
import type { ResultsMessage } from "../message.ts";
import type { ParsedMessage } from "./parse.ts";

/** What a consumer has taken of one partition. */
export interface Position {
  readonly group: string;
  readonly journal: string;
  readonly epoch: number;
  /** The last sequence handled. */
  readonly sequence: number;
}

/** Why a message is not taken. */
export interface Break {
  readonly kind: "gap" | "epoch" | "foreign-journal" | "poison";
  readonly why: string;
}

/** `from`: index of the first result that is new; equal to `count` when all were handled before. */
export type Verdict = { readonly from: number } | Break;

/** Follows one partition, which holds the results of one group. */
export class Continuity {
  #position: Position | undefined;
  /** The sequence to begin behind, where only that is known. */
  readonly #after: number;

  /** `start` is what was handled before: a whole position, or the last sequence; 0 for nothing. */
  constructor(start: Position | number) {
    this.#position = typeof start === "number" ? undefined : start;
    this.#after = typeof start === "number" ? start : start.sequence;
  }

  /** The last sequence handled. */
  get sequence(): number {
    return this.#position?.sequence ?? this.#after;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  judge({ journal, message }: ParsedMessage): Verdict {
    const { group, epoch, first, count } = message;
    const known = this.#position;
    const last = first + count - 1;
    if (known !== undefined && group !== known.group) {
      return { kind: "poison", why: `it is of group ${group} in the partition of group ${known.group}` };
    }
    if (known !== undefined && journal !== known.journal) {
      return { kind: "foreign-journal", why: `it is of journal ${journal}, after results of journal ${known.journal}` };
    }
    if (first > this.sequence + 1) {
      return { kind: "gap", why: `it begins at ${first}, but ${this.sequence + 1} was due` };
    }
    // Two epochs are two writers: what the later one wrote counts, and must not say otherwise what was handled already.
    if (known !== undefined && (last > known.sequence ? epoch < known.epoch : epoch > known.epoch)) {
      return {
        kind: "epoch",
        why: `results ${first} to ${last} are of epoch ${epoch}, after ${known.sequence} of epoch ${known.epoch}`,
      };
    }
    return { from: Math.min(this.sequence + 1 - first, count) };
  }

  /** Notes that results of this message were handled up to `sequence`. */
  advance({ journal, message: { group, epoch } }: ParsedMessage, sequence: number): void {
    assert(sequence > this.sequence, "results are handled in order");
    this.#position = { group, journal, epoch, sequence };
  }
}

/** A position as the text that is committed beside an offset. */
export function positionText(position: Position): string {
  return JSON.stringify(position);
}

/** Undefined for a text that is not one of ours. */
export function parsePosition(text: string | null | undefined): Position | undefined {
  try {
    const found: unknown = JSON.parse(text ?? "");
    const { group, journal, epoch, sequence } = found as { readonly [key: string]: unknown };
    if (typeof group !== "string" || typeof journal !== "string") return undefined;
    if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(sequence)) return undefined;
    return { group, journal, epoch: epoch as number, sequence: sequence as number };
  } catch {
    return undefined;
  }
}

/** Results of a message from an index on. */
export function resultsFrom({ results }: ResultsMessage, from: number): ResultsMessage["results"] {
  return from === 0 ? results : results.slice(from);
}
