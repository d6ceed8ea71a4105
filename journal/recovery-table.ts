/** The recovery table of FORMAT.md as code. A test holds both equal over every combination. */

/** What the sector holds where the next linked frame should stand. */
export const HEADS = ["seal", "unlinked", "header", "zeros", "invalid"] as const;
export type Head = (typeof HEADS)[number];

/** Where bytes that are not zero stand behind the head's extent. */
export const RESTS = ["none", "near", "far"] as const;
export type Rest = (typeof RESTS)[number];

/** The facts at a tail. */
export interface TailFacts {
  readonly head: Head;
  readonly zeroSector: boolean;
  readonly rest: Rest;
  readonly validAfter: boolean;
  readonly later: boolean;
}

type Decision = "sealed" | "end" | "unsealed" | "torn" | "tail damage" | "damage";

/** A row of the table: its letter and what it says. */
export interface Verdict {
  readonly letter: string;
  readonly decision: Decision;
}

function verdict(letter: string, decision: Decision): Verdict {
  return Object.freeze({ letter, decision });
}

/** Says what the facts mean. Total: every combination has a verdict. */
export function decide({ head, zeroSector, rest, validAfter, later }: TailFacts): Verdict {
  if (head === "seal") {
    if (rest !== "none") return verdict("C", "damage");
    return later ? verdict("A", "sealed") : verdict("B", "damage");
  }
  if (head === "unlinked") return verdict("D", "damage");
  if (validAfter) return verdict("E", "damage");
  if (later) return head === "zeros" && rest === "none" ? verdict("G", "unsealed") : verdict("H", "damage");
  if (head === "zeros") {
    if (rest === "none") return verdict("F", "end");
    return rest === "near" ? verdict("I", "torn") : verdict("J", "tail damage");
  }
  if (head === "header") {
    // A whole sector of zeros can only be one that was not written: no sector of a frame is all zeros.
    return zeroSector && rest === "none" ? verdict("K", "torn") : verdict("L", "tail damage");
  }
  return verdict("M", "tail damage");
}
