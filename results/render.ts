/**
 * Results as JSON text, straight from the bytes of records (layout in `engine/record.ts`). It runs on the thread that answers
 * HTTP, so it builds no object and no string but the text itself.
 */
import {
  assert,
  CODE,
  CODE_NAMES,
  FIELD,
  FIRST_CONTROL_TYPE,
  OUTCOME,
  type RecordMemory,
  recordWords as record,
  STATUS_NAMES,
  TYPE,
  TYPE_NAMES,
} from "../engine/index.ts";
import type { CurrencyName, Names } from "./names.ts";
import { type Piece, piece, TextWriter } from "./text-writer.ts";

/** The longest: a memo of 128 bytes escaped sixfold, six names of 64, seven amounts of 31, and the keys. */
export const RESULT_TEXT_BYTES_MAX = 4096;

const SEQUENCE = piece('{"sequence":');
const ID = piece(',"id":"');
const EXPIRE_ID = piece(',"id":"@expire:');
const TYPES = TYPE_NAMES.map((name) => piece(name === undefined ? "" : `","type":"${name}","status":"`));
const CODES = CODE_NAMES.map((name) => piece(`${name === "OK" ? "applied" : "rejected"}","code":"${name}","at":"`));
const PARTNER = piece('","partner":"');
const CURRENCY = piece('","currency":"');
const NO_CURRENCY = piece('","currency":null,"account":');
const ACCOUNT = piece('","account":');
const AMOUNT = piece(',"amount":"');
const TO = piece(',"to":"');
const HOLD = piece(',"hold":"');
const COMMAND = piece(',"command":"');
const MEMO = piece(',"memo":');
const AVAILABLE = piece(',"available":"');
const HELD = piece('","held":"');
const NO_BALANCES = piece(',"available":null,"held":null,"changes":[');
const CHANGES = piece('","changes":[');
const BRIEF_CHANGES = piece(',"changes":[');
const CHANGE = piece('{"account":"');
const NEXT_CHANGE = piece(',{"account":"');
const DELTA = piece('","delta":"');
const CHANGE_AVAILABLE = piece('","available":"');
const STATUSES = STATUS_NAMES.map((name) => piece(`","status":"${name}","version":`));
const DUPLICATE = piece(',"duplicate":true,"of":');
const NULL = piece("null");
const QUOTE = piece('"');
const MINUS = piece("-");
const CLOSE = piece("}");
const END_CHANGES = piece("]");

/** Signs of the change of `available + held` by type: of the account shown and, in transfer and capture, the other side. */
const SIGN = new Int8Array(TYPE_NAMES.length);
SIGN[TYPE.credit] = 1;
SIGN[TYPE.debit] = -1;
SIGN[TYPE.transfer] = -1;
SIGN[TYPE.capture] = -1;

/** Words that a name of so many bytes takes. */
const wordsOf = (bytes: number) => (bytes + 3) >>> 2;

/** Writes one result at a time; what it found out about the record stands in its fields. */
export class ResultRenderer {
  readonly #out: TextWriter;
  readonly #isBrief: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array = new Int32Array(0);
  #floats: Float64Array = new Float64Array(0);
  /** First word of the record, of its result part, and of its RESOLVED section (0: none). */
  #w = 0;
  #r = 0;
  #resolved = 0;
  #outcome = 0;
  #type = 0;
  /** First word and bytes of the name of the account shown; 0 bytes: none is known. */
  #account = 0;
  #accountBytes = 0;
  /** Currency of the account shown. */
  #currencyCode = "";
  #scale = 0;
  #hasAmount = false;
  #amountHi = 0;
  #amountLo = 0;
  /** Places of the amount: not those of the account where a capture was refused for its currency. */
  #amountScale = 0;
  /** float64 at which the balances are read. */
  #f = 0;
  #timeMs = Number.NaN;
  #timeText: Piece = piece("");
  /** The last partner and currency written, for nearly every result of a page has the same. */
  #partner = "";
  #partnerPiece: Piece = piece("");
  #currencyPiece: Piece = piece("");

  /** What it writes stands in `out`, which must have room for RESULT_TEXT_BYTES_MAX more. For `isBrief` see `renderBrief`. */
  constructor(out: TextWriter, isBrief = false) {
    this.#out = out;
    this.#isBrief = isBrief;
  }

  /**
   * Appends the JSON text of the result at byte `offset`, one line beginning `{"sequence":`. `timeMs` is the frame's; a repeat shows
   * that of the first. Throws InvariantError for bytes that are no result, and what `names` throws; then part of it is written.
   */
  write(memory: RecordMemory, offset: number, sequence: number, timeMs: number, names: Names): void {
    this.#open(memory, offset);
    const out = this.#out;
    out.piece(SEQUENCE);
    out.integer(sequence);
    this.#writeHead(timeMs);
    const partner = names.partner(this.#words[this.#w + record.PARTNER]!);
    if (partner !== this.#partner) {
      this.#partner = partner;
      this.#partnerPiece = piece(partner);
    }
    out.piece(PARTNER);
    out.piece(this.#partnerPiece);
    if (this.#isBrief) out.piece(QUOTE);
    const before = out.length;
    this.#writeAccount(names);
    // What it found out is needed, what it wrote is not.
    if (this.#isBrief) out.cut(before);
    else this.#writeNamed();
    this.#writeMemo();
    this.#writeBalances();
    if ((this.#outcome & OUTCOME.DUPLICATE) !== 0) {
      out.piece(DUPLICATE);
      out.integer(this.#floats[this.#end() - 2]!);
    }
    out.piece(CLOSE);
  }

  /** Finds the parts of the record. */
  #open({ bytes, words, floats }: RecordMemory, offset: number): void {
    const w = offset >>> 2;
    assert(offset % 8 === 0 && w < words.length, "a record starts at a multiple of 8 inside its memory");
    this.#bytes = bytes;
    this.#words = words;
    this.#floats = floats;
    this.#w = w;
    this.#type = record.typeOf(words, w);
    assert(this.#type > 0 && this.#type < TYPE_NAMES.length, "a result is that of a command");
    assert(record.resultUnits(words, w) > 0, "a command in a frame has a result");
    this.#r = record.resultWord(words, w);
    this.#outcome = (words[this.#r]! >>> 8) & 0xff;
    this.#resolved = record.resolvedWord(words, w);
    this.#f = (this.#r + 2) >>> 1;
    this.#findAccount();
  }

  #findAccount(): void {
    const words = this.#words;
    const type = this.#type;
    if (this.#resolved !== 0) {
      this.#account = this.#resolved + record.RESOLVED_NAMES;
      this.#accountBytes = record.resolvedNameBytes(words, this.#resolved);
    } else if (type === TYPE.capture || type === TYPE.release || type === TYPE.reverse) {
      // The name is a hold or a command that was not looked for, or not found.
      this.#accountBytes = 0;
    } else {
      this.#account = this.#nameWord();
      this.#accountBytes = record.nameBytes(words, this.#w);
    }
  }

  /** float64 behind the record. */
  #end(): number {
    return (this.#w >>> 1) + record.recordUnits(this.#words, this.#w);
  }

  #idWord(): number {
    return this.#w + record.idWord(this.#words, this.#w);
  }

  #nameWord(): number {
    return this.#w + record.nameWord(this.#words, this.#w);
  }

  #toWord(): number {
    return this.#w + record.toWord(this.#words, this.#w);
  }

  /** id, type, status, code, at. */
  #writeHead(timeMs: number): void {
    const out = this.#out;
    out.piece(this.#type === TYPE.expire ? EXPIRE_ID : ID);
    out.copy(this.#words, this.#idWord(), record.idBytes(this.#words, this.#w));
    out.piece(TYPES[this.#type]!);
    const code = CODES[this.#words[this.#r]! & 0xff];
    assert(code !== undefined, "a result has a known code");
    out.piece(code);
    const isDuplicate = (this.#outcome & OUTCOME.DUPLICATE) !== 0;
    out.piece(this.#timeAt(isDuplicate ? this.#floats[this.#end() - 1]! : timeMs));
  }

  /** A frame's records share its time, so the text of the last time is kept. */
  #timeAt(timeMs: number): Piece {
    if (timeMs !== this.#timeMs) {
      this.#timeText = piece(new Date(timeMs).toISOString());
      this.#timeMs = timeMs;
    }
    return this.#timeText;
  }

  /** currency, account, amount. */
  #writeAccount(names: Names): void {
    const out = this.#out;
    const own = record.currency(this.#words, this.#w);
    const index = this.#resolved === 0 ? own : this.#words[this.#resolved + 1]! & 0xffff;
    const currency = index === 0 ? undefined : names.currency(index);
    if (currency === undefined) out.piece(NO_CURRENCY);
    else this.#writeCurrency(currency);
    if (this.#accountBytes === 0) out.piece(NULL);
    else {
      out.piece(QUOTE);
      out.copy(this.#words, this.#account, this.#accountBytes);
      out.piece(QUOTE);
    }
    this.#findAmount();
    if (!this.#hasAmount) return;
    const isOwn = own !== 0 && own !== index;
    this.#amountScale = isOwn ? names.currency(own).scale : this.#scale;
    assert(isOwn || currency !== undefined, "an amount is of a currency");
    out.piece(AMOUNT);
    out.money(this.#amountHi, this.#amountLo, this.#amountScale);
    out.piece(QUOTE);
  }

  #writeCurrency({ code, scale }: CurrencyName): void {
    if (code !== this.#currencyCode) {
      this.#currencyCode = code;
      this.#currencyPiece = piece(code);
    }
    this.#scale = scale;
    this.#out.piece(CURRENCY);
    this.#out.piece(this.#currencyPiece);
    this.#out.piece(ACCOUNT);
  }

  /** What was moved, once a command is applied; of a refused one what it asked for, which may be nothing. */
  #findAmount(): void {
    const floats = this.#floats;
    if (this.#resolved !== 0 && (this.#words[this.#r]! & 0xff) === CODE.OK) {
      this.#hasAmount = true;
      this.#amountLo = floats[(this.#resolved >>> 1) + 1]!;
      this.#amountHi = floats[(this.#resolved >>> 1) + 2]!;
      return;
    }
    this.#hasAmount = (record.fields(this.#words, this.#w) & FIELD.AMOUNT) !== 0;
    if (!this.#hasAmount) return;
    const f = this.#w >>> 1;
    this.#amountLo = floats[f + 2]!;
    this.#amountHi = record.isWide(this.#words, this.#w) ? floats[f + 3]! : 0;
  }

  /** to, hold, command. */
  #writeNamed(): void {
    const words = this.#words;
    const type = this.#type;
    this.#writeName(TO, this.#toWord(), record.toBytes(words, this.#w));
    if (type === TYPE.capture || type === TYPE.release) {
      this.#writeName(HOLD, this.#nameWord(), record.nameBytes(words, this.#w));
    } else if (type === TYPE.reverse) {
      this.#writeName(COMMAND, this.#nameWord(), record.nameBytes(words, this.#w));
    } else if (type === TYPE.expire) {
      this.#writeName(HOLD, this.#idWord(), record.idBytes(words, this.#w));
    }
  }

  #writeMemo(): void {
    const words = this.#words;
    const memoBytes = record.memoBytes(words, this.#w);
    if (memoBytes === 0) return;
    this.#out.piece(MEMO);
    const memo = this.#toWord() + wordsOf(record.toBytes(words, this.#w));
    this.#out.quoted(this.#bytes, memo * 4, memoBytes);
  }

  #writeName(key: Piece, at: number, bytes: number): void {
    if (bytes === 0) return;
    this.#out.piece(key);
    this.#out.copy(this.#words, at, bytes);
    this.#out.piece(QUOTE);
  }

  /** available, held, changes. */
  #writeBalances(): void {
    const out = this.#out;
    const outcome = this.#outcome;
    if (this.#accountBytes === 0) {
      assert((outcome & (OUTCOME.BALANCES | OUTCOME.CHANGE_1)) === 0, "balances are those of an account that is named");
      out.piece(this.#isBrief ? BRIEF_CHANGES : NO_BALANCES);
      out.piece(END_CHANGES);
      return;
    }
    const start = this.#f;
    const hasBalances = (outcome & OUTCOME.BALANCES) !== 0;
    const before = out.length;
    out.piece(AVAILABLE);
    this.#writeMoney(hasBalances);
    out.piece(HELD);
    this.#writeMoney(hasBalances && (outcome & OUTCOME.HELD) !== 0);
    if (this.#isBrief) out.cut(before);
    out.piece(this.#isBrief ? BRIEF_CHANGES : CHANGES);
    if ((outcome & OUTCOME.CHANGE_1) !== 0) {
      const end = this.#f;
      this.#f = start;
      this.#writeFirstChange();
      assert(this.#f === end, "the first change shows the balances of the account shown");
      if ((outcome & OUTCOME.CHANGE_2) !== 0) this.#writeSecondChange();
    }
    out.piece(END_CHANGES);
  }

  /** The next balance of the result part, or zero where it is left out. */
  #writeMoney(isThere: boolean): void {
    const lo = isThere ? this.#floats[this.#f++]! : 0;
    const hi = isThere && (this.#outcome & OUTCOME.WIDE) !== 0 ? this.#floats[this.#f++]! : 0;
    this.#out.money(hi, lo, this.#scale);
  }

  #writeFirstChange(): void {
    const words = this.#words;
    const status = (words[this.#r]! >>> 16) & 0xff;
    this.#out.piece(CHANGE);
    this.#out.copy(this.#words, this.#account, this.#accountBytes);
    this.#writeChange(this.#sign(), (this.#outcome & OUTCOME.HELD) !== 0, status, words[this.#r + 1]! >>> 0);
  }

  #writeSecondChange(): void {
    const words = this.#words;
    const version = words[this.#f * 2]! >>> 0;
    this.#f++;
    const isReverse = this.#type === TYPE.reverse;
    const bytes = isReverse ? record.resolvedOtherBytes(words, this.#resolved) : record.toBytes(words, this.#w);
    assert(bytes > 0, "the other side of a movement has a name");
    this.#out.piece(NEXT_CHANGE);
    this.#out.copy(this.#words, isReverse ? this.#account + wordsOf(this.#accountBytes) : this.#toWord(), bytes);
    this.#writeChange(0 - this.#sign(), (this.#outcome & OUTCOME.HELD_2) !== 0, words[this.#r]! >>> 24, version);
  }

  /** Sign of the change of the account shown; the other side's is the opposite. */
  #sign(): number {
    if (this.#type !== TYPE.reverse) return SIGN[this.#type]!;
    return 0 - SIGN[this.#words[this.#resolved]! & 0xff]!;
  }

  #writeChange(sign: number, hasHeld: boolean, status: number, version: number): void {
    const out = this.#out;
    out.piece(CURRENCY);
    out.piece(this.#currencyPiece);
    out.piece(DELTA);
    if (sign < 0) out.piece(MINUS);
    if (sign === 0) out.money(0, 0, this.#scale);
    else out.money(this.#amountHi, this.#amountLo, this.#scale);
    out.piece(CHANGE_AVAILABLE);
    this.#writeMoney(true);
    out.piece(HELD);
    this.#writeMoney(hasHeld);
    const statusPiece = STATUSES[status];
    assert(statusPiece !== undefined, "an account in a result has a known status");
    out.piece(statusPiece);
    out.integer(version);
    out.piece(CLOSE);
  }
}

const writer = new TextWriter(RESULT_TEXT_BYTES_MAX);
const renderer = new ResultRenderer(writer);
const briefRenderer = new ResultRenderer(writer, true);

/** True for a record that takes no sequence and has no result. */
export function isControlAt(memory: RecordMemory, offset: number): boolean {
  return record.typeOf(memory.words, offset >>> 2) >= FIRST_CONTROL_TYPE;
}

/** Bytes from the record at byte `offset` to the next one. */
export function recordBytesAt(memory: RecordMemory, offset: number): number {
  return record.recordUnits(memory.words, offset >>> 2) * 8;
}

/** The text that `ResultRenderer` writes, as a string. */
export function renderResult(
  memory: RecordMemory,
  offset: number,
  sequence: number,
  timeMs: number,
  names: Names,
): string {
  writer.begin();
  renderer.write(memory, offset, sequence, timeMs, names);
  return writer.finish();
}

/**
 * The same without what only says again what the changes say: account, currency, amount, balances, and what the command named. For who
 * reads it in this process and wants changes alone; it is parsed in two thirds of the time.
 */
export const renderBrief: typeof renderResult = (memory, offset, sequence, timeMs, names) => {
  writer.begin();
  briefRenderer.write(memory, offset, sequence, timeMs, names);
  return writer.finish();
};

/** The results of the records in [start, end), multiples of 8, in order; control records are passed over. */
export function renderRecords(
  memory: RecordMemory,
  start: number,
  end: number,
  firstSequence: number,
  timeMs: number,
  names: Names,
  render: typeof renderResult = renderResult,
): string[] {
  const results: string[] = [];
  let at = start;
  for (let sequence = firstSequence; at < end; at += recordBytesAt(memory, at)) {
    if (!isControlAt(memory, at)) results.push(render(memory, at, sequence++, timeMs, names));
  }
  assert(at === end, "the last record ends with the range");
  return results;
}
