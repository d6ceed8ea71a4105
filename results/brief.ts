/**
 * Results as objects, straight from the bytes of records, for who keeps a copy of balances in this process: what stores need of a
 * result and nothing else. A text, parsed and checked, takes nine times as long.
 */
import {
  type AccountStatus,
  assert,
  CODE,
  CODE_NAMES,
  type CommandType,
  formatMoney,
  type RecordMemory,
  recordWords as record,
  STATUS_NAMES,
  TYPE,
  TYPE_NAMES,
} from "../engine/index.ts";
import type { Names } from "./names.ts";
import { isControlAt, ResultRecord, recordBytesAt } from "./result-record.ts";

/** What one account had after a command; see `Change` in `message.ts`. */
export interface BriefChange {
  readonly account: string;
  readonly currency: string;
  readonly delta: string;
  readonly available: string;
  readonly held: string;
  readonly status: AccountStatus;
  readonly version: number;
}

/** A result without what its changes say again; see `Result` in `message.ts`. Every one has the same keys, for one hidden class. */
export interface BriefResult {
  readonly sequence: number;
  readonly id: string;
  readonly type: CommandType;
  readonly status: "applied" | "rejected";
  readonly at: string;
  readonly partner: string;
  readonly memo: string | undefined;
  readonly changes: readonly BriefChange[];
  readonly duplicate: true | undefined;
}

/** Shared by all that have none. */
const NO_CHANGES: readonly BriefChange[] = [];

/** Zero by scale: nothing is held in most accounts. */
const ZEROS = Array.from({ length: 19 }, (_, scale) => formatMoney(0, 0, scale));

/** Makes the results of one frame. */
class BriefReader {
  readonly #memory: RecordMemory;
  readonly #buffer: Buffer;
  readonly #frameMs: number;
  readonly #names: Names;
  readonly #record = new ResultRecord();
  #timeMs = Number.NaN;
  #timeText = "";

  /** `timeMs` is the frame's. */
  constructor(memory: RecordMemory, timeMs: number, names: Names) {
    const { buffer, byteOffset, byteLength } = memory.bytes;
    this.#memory = memory;
    this.#buffer = Buffer.from(buffer, byteOffset, byteLength);
    this.#frameMs = timeMs;
    this.#names = names;
  }

  /**
   * The result at byte `offset`; a repeat shows the time of the first. It keeps nothing of the memory. Throws InvariantError for bytes
   * that are no result, and what `names` throws.
   */
  read(offset: number, sequence: number): BriefResult {
    const result = this.#record;
    result.open(this.#memory, offset);
    const { words, w, type, code } = result;
    assert(CODE_NAMES[code] !== undefined, "a result has a known code");
    const id = this.#name(result.idWord(), record.idBytes(words, w));
    return {
      sequence,
      id: type === TYPE.expire ? `@expire:${id}` : id,
      type: TYPE_NAMES[type]!,
      status: code === CODE.OK ? "applied" : "rejected",
      at: this.#timeAt(result.timeMs(this.#frameMs)),
      partner: this.#names.partner(words[w + record.PARTNER]!),
      memo: this.#memo(),
      changes: this.#changes(),
      duplicate: result.isDuplicate ? true : undefined,
    };
  }

  /** Text of its own, not a part of a text of the whole frame: accounts' names are kept for long, and would keep all of it. */
  #name(word: number, bytes: number): string {
    return this.#buffer.toString("latin1", word * 4, word * 4 + bytes);
  }

  #memo(): string | undefined {
    const result = this.#record;
    const bytes = record.memoBytes(result.words, result.w);
    if (bytes === 0) return undefined;
    const start = result.memoWord() * 4;
    return this.#buffer.toString("utf8", start, start + bytes);
  }

  /** A frame's records share its time, so the text of the last time is kept. */
  #timeAt(timeMs: number): string {
    if (timeMs !== this.#timeMs) {
      this.#timeText = new Date(timeMs).toISOString();
      this.#timeMs = timeMs;
    }
    return this.#timeText;
  }

  #changes(): readonly BriefChange[] {
    const result = this.#record;
    if (!result.firstChange()) return NO_CHANGES;
    result.findAmount();
    const { code, scale } = this.#names.currency(result.currency());
    const first = this.#change(code, scale);
    return result.secondChange() ? [first, this.#change(code, scale)] : [first];
  }

  #change(currency: string, scale: number): BriefChange {
    const result = this.#record;
    const { changed, changedBytes, sign, hasHeld, version } = result;
    const status = STATUS_NAMES[result.status];
    assert(status !== undefined, "an account in a result has a known status");
    const amount = sign === 0 ? ZEROS[scale]! : formatMoney(result.amountHi, result.amountLo, scale);
    return {
      account: this.#name(changed, changedBytes),
      currency,
      delta: sign < 0 ? `-${amount}` : amount,
      // The order in which they stand in the record.
      available: this.#balance(true, scale),
      held: this.#balance(hasHeld, scale),
      status,
      version,
    };
  }

  #balance(isThere: boolean, scale: number): string {
    if (!isThere) return ZEROS[scale]!;
    const result = this.#record;
    result.takeBalance(true);
    return formatMoney(result.hi, result.lo, scale);
  }
}

/** The results of the records in [start, end), multiples of 8, in order; control records are passed over. */
export function readBriefs(
  memory: RecordMemory,
  start: number,
  end: number,
  firstSequence: number,
  timeMs: number,
  names: Names,
): BriefResult[] {
  const reader = new BriefReader(memory, timeMs, names);
  const results: BriefResult[] = [];
  let at = start;
  for (let sequence = firstSequence; at < end; at += recordBytesAt(memory, at)) {
    if (!isControlAt(memory, at)) results.push(reader.read(at, sequence++));
  }
  assert(at === end, "the last record ends with the range");
  return results;
}
