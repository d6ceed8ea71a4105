/** What the torturer knows: every bucket that it sent, what it was answered, and what the answers say together. */

export interface Command {
  readonly id: string;
  readonly type:
    | ("credit" | "debit" | "transfer" | "hold" | "capture" | "release" | "reverse")
    | ("open" | "limits" | "freeze" | "unfreeze" | "close");
  readonly account?: string;
  readonly to?: string;
  readonly amount?: string;
  readonly hold?: string;
  readonly command?: string;
  readonly expiresIn?: number;
  readonly maxBalance?: string | null;
}

export interface Bucket {
  readonly commands: readonly Command[];
  readonly atomic: boolean;
  /** Asked for with `Prefer: wait`. */
  readonly withResults: boolean;
}

/** A result as the service renders it; see API.md. */
export interface Result {
  readonly sequence: number;
  readonly id: string;
  readonly code: string;
  readonly changes: readonly { readonly account: string; readonly delta: string }[];
  readonly duplicate?: boolean;
  readonly of?: number;
}

/** A command that was acknowledged: with its sequence, and its result where that was asked for. */
interface Acknowledged {
  readonly sequence: number;
  readonly result?: Result;
}

export class Ledger {
  /** Id → its first acknowledgement. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Every id that was ever sent. */
  readonly sent = new Set<string>();
  readonly faults: string[] = [];
  buckets = 0;
  resent = 0;
  unknown = 0;
  repeats = 0;
  /** Sequence → id: no two acknowledgements may share a sequence. */
  readonly #bySequence = new Map<number, string>();

  noteSent(bucket: Bucket): void {
    for (const { id } of bucket.commands) this.sent.add(id);
  }

  /** The id that an acknowledgement gave this sequence to. */
  idAt(sequence: number): string | undefined {
    return this.#bySequence.get(sequence);
  }

  /** Takes the answer 200 or 202 to a bucket whose first command has `sequence`. */
  noteAnswer(bucket: Bucket, sequence: number, results: readonly Result[] | undefined): void {
    this.buckets++;
    if (results !== undefined && results.length !== bucket.commands.length)
      this.faults.push(`${sequence}: results are missing`);
    bucket.commands.forEach(({ id }, i) => {
      const own = sequence + i;
      const other = this.#bySequence.get(own);
      if (other !== undefined) this.faults.push(`sequence ${own} was given to ${other} and to ${id}`);
      this.#bySequence.set(own, id);
      this.#noteOne(id, own, results?.[i]);
    });
  }

  #noteOne(id: string, sequence: number, result: Result | undefined): void {
    const known = this.acknowledged.get(id);
    if (known === undefined) {
      // A repeat of an unknown outcome names the first attempt's sequence, if that one was taken.
      const first = result?.of ?? sequence;
      this.acknowledged.set(id, result === undefined ? { sequence } : { sequence: first, result });
      return;
    }
    this.repeats++;
    if (result === undefined || known.result === undefined) return;
    if (result.of !== known.sequence) this.faults.push(`${id}: repeated as of ${result.of}, first ${known.sequence}`);
    if (result.code !== known.result.code) this.faults.push(`${id}: ${known.result.code}, then ${result.code}`);
  }

  /** Holds what the service remembers of a command at the end against its acknowledgement. */
  check(id: string, found: Result | undefined): "lost" | "changed" | "same" {
    const known = this.acknowledged.get(id);
    if (found === undefined) return known === undefined ? "same" : "lost";
    if (known === undefined) return "same";
    const { result } = known;
    if (result === undefined) {
      // A 202 to a repeat has the repeat's own sequence, behind the first.
      if (found.sequence <= known.sequence) return "same";
      this.faults.push(`${id} stands at ${found.sequence}, acknowledged at ${known.sequence}`);
      return "changed";
    }
    const same =
      found.sequence === known.sequence &&
      found.code === result.code &&
      JSON.stringify(found.changes) === JSON.stringify(result.changes);
    if (!same) this.faults.push(`${id} is ${JSON.stringify(found)}, was ${JSON.stringify(result)}`);
    return same ? "same" : "changed";
  }
}

/** Cents of a decimal with two places. */
export function cents(text: string): bigint {
  return BigInt(text.replace(".", ""));
}
