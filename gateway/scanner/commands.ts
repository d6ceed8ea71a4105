/**
 * The scanner of `POST /v1/commands`: bytes of a body -> records, in one pass. Nothing here makes a string, a closure or an
 * object for a command. Why a body was refused is not its business: `explain` says so, slowly.
 */
import { BODY_BYTES_MAX, BUCKET_COMMANDS_MAX, CONTEXT } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_ } from "./bytes.ts";
import { enterContext, lastKeyword, readCommand, readKey, type ScanContext } from "./command.ts";
import { makeKeywords } from "./keywords.ts";
import { LOADED, loadBody, SCAN_MEMORY } from "./memory.ts";
import { forgetStrings, skipSpace } from "./strings.ts";
import { readBoolean } from "./values.ts";
import { type RecordTarget, RecordWriter } from "./writer.ts";

/** What `scan` returns when the target has no room for the records that are well-formed so far. */
export const FULL = -2;

// Local copies, see bytes.ts.
const { COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = BYTE;
const REFUSED = REFUSED_;
const bytes = new Uint8Array(SCAN_MEMORY);

const BODY_KEYS = makeKeywords(["commands", "atomic"], '":');
const COMMANDS_KEY = 0;

export class CommandScanner {
  /** After `scan`: the byte after the last record, if it returned a count; else the target's start. */
  end = 0;
  /** After `scan` returned a count: the body said `"atomic": true`. */
  atomic = false;

  readonly #writer = new RecordWriter();
  #count = 0;
  #partner = 0;
  #contextBits = 0;

  /**
   * Writes the commands in the first `length` bytes of `body` as records from `target.start` on. Returns their count,
   * 1 to 10,000; REFUSED (-1) for a malformed body; FULL (-2) if the target is too small for the commands up to the
   * first malformed one. Unless it returns a count, the target's bytes mean nothing. Bodies that differ in spelling
   * only (order of keys, white space, escapes, `5` for `"5.00"`, defaults written out) give the same bytes.
   */
  scan(body: Uint8Array, length: number, context: ScanContext, target: RecordTarget): number {
    // As a signed word: a number above 2^31 would be an object on the heap at every call.
    this.#partner = context.partner | 0;
    this.#contextBits = context.strict ? CONTEXT.STRICT : 0;
    this.#count = 0;
    this.atomic = false;
    this.end = target.start;
    if (length > BODY_BYTES_MAX) return REFUSED;
    enterContext(context);
    this.#writer.begin(target);
    loadBody(body, length);
    forgetStrings();
    const outcome = this.#body();
    if (outcome < 0) return outcome;
    if (this.atomic) this.#writer.markAtomic();
    this.end = this.#writer.end;
    return this.#count;
  }

  /** The whole body. Returns the position behind it, REFUSED or FULL, as do the steps below. */
  #body(): number {
    let seen = 0;
    let pos = skipSpace(LOADED.start);
    if (bytes[pos] !== OPEN_OBJECT) return REFUSED;
    do {
      pos = readKey(BODY_KEYS, pos + 1);
      if (pos === REFUSED) return REFUSED;
      const key = lastKeyword();
      if ((seen & (1 << key)) !== 0) return REFUSED;
      seen |= 1 << key;
      pos = key === COMMANDS_KEY ? this.#commands(pos) : this.#atomic(pos);
      if (pos < 0) return pos;
      pos = skipSpace(pos);
    } while (bytes[pos] === COMMA);
    if (bytes[pos] !== CLOSE_OBJECT || (seen & (1 << COMMANDS_KEY)) === 0) return REFUSED;
    pos = skipSpace(pos + 1);
    return pos === LOADED.end ? pos : REFUSED;
  }

  #atomic(pos: number): number {
    const behind = readBoolean(pos);
    this.atomic = behind === pos + 4;
    return behind;
  }

  #commands(start: number): number {
    let pos = start;
    if (bytes[pos] !== OPEN_ARRAY) return REFUSED;
    do {
      if (this.#count === BUCKET_COMMANDS_MAX) return REFUSED;
      pos = readCommand(skipSpace(pos + 1));
      if (pos === REFUSED) return REFUSED;
      if (!this.#writer.write(this.#partner, this.#contextBits)) return FULL;
      this.#count++;
      pos = skipSpace(pos);
    } while (bytes[pos] === COMMA);
    return bytes[pos] === CLOSE_ARRAY ? pos + 1 : REFUSED;
  }
}
