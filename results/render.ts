/**
 * Results as JSON text, straight from the bytes of records. It runs on the thread that answers HTTP, so it builds no object and
 * no string but the text itself.
 */
import {
  assert,
  CODE_NAMES,
  type RecordMemory,
  recordWords as record,
  STATUS_NAMES,
  TYPE,
  TYPE_NAMES,
} from "../engine/index.ts";
import type { CurrencyName, Names } from "./names.ts";
import { isControlAt, ResultRecord, recordBytesAt } from "./result-record.ts";
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

/** Writes one result at a time. */
export class ResultRenderer {
  readonly #out: TextWriter;
  readonly #record = new ResultRecord();
  /** Currency of the account shown. */
  #currencyCode = "";
  #scale = 0;
  #timeMs = Number.NaN;
  #timeText: Piece = piece("");
  /** The last partner and currency written, for nearly every result of a page has the same. */
  #partner = "";
  #partnerPiece: Piece = piece("");
  #currencyPiece: Piece = piece("");

  /** What it writes stands in `out`, which must have room for RESULT_TEXT_BYTES_MAX more. */
  constructor(out: TextWriter) {
    this.#out = out;
  }

  /**
   * Appends the JSON text of the result at byte `offset`, one line beginning `{"sequence":`. `timeMs` is the frame's; a repeat shows
   * that of the first. Throws InvariantError for bytes that are no result, and what `names` throws; then part of it is written.
   */
  write(memory: RecordMemory, offset: number, sequence: number, timeMs: number, names: Names): void {
    const result = this.#record;
    result.open(memory, offset);
    const out = this.#out;
    out.piece(SEQUENCE);
    out.integer(sequence);
    this.#writeHead(timeMs);
    const partner = names.partner(result.words[result.w + record.PARTNER]!);
    if (partner !== this.#partner) {
      this.#partner = partner;
      this.#partnerPiece = piece(partner);
    }
    out.piece(PARTNER);
    out.piece(this.#partnerPiece);
    this.#writeAccount(names);
    this.#writeNamed();
    this.#writeMemo();
    this.#writeBalances();
    if (result.isDuplicate) {
      out.piece(DUPLICATE);
      out.integer(result.firstSequence());
    }
    out.piece(CLOSE);
  }

  /** id, type, status, code, at. */
  #writeHead(timeMs: number): void {
    const out = this.#out;
    const result = this.#record;
    out.piece(result.type === TYPE.expire ? EXPIRE_ID : ID);
    out.copy(result.words, result.idWord(), record.idBytes(result.words, result.w));
    out.piece(TYPES[result.type]!);
    const code = CODES[result.code];
    assert(code !== undefined, "a result has a known code");
    out.piece(code);
    out.piece(this.#timeAt(result.timeMs(timeMs)));
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
    const result = this.#record;
    const own = record.currency(result.words, result.w);
    const index = result.currency();
    const currency = index === 0 ? undefined : names.currency(index);
    if (currency === undefined) out.piece(NO_CURRENCY);
    else this.#writeCurrency(currency);
    if (result.accountBytes === 0) out.piece(NULL);
    else {
      out.piece(QUOTE);
      out.copy(result.words, result.account, result.accountBytes);
      out.piece(QUOTE);
    }
    result.findAmount();
    if (!result.hasAmount) return;
    // Not the places of the account where a capture was refused for its currency.
    const isOwn = own !== 0 && own !== index;
    const scale = isOwn ? names.currency(own).scale : this.#scale;
    assert(isOwn || currency !== undefined, "an amount is of a currency");
    out.piece(AMOUNT);
    out.money(result.amountHi, result.amountLo, scale);
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

  /** to, hold, command. */
  #writeNamed(): void {
    const result = this.#record;
    const { words, type, w } = result;
    this.#writeName(TO, result.toWord(), record.toBytes(words, w));
    if (type === TYPE.capture || type === TYPE.release) {
      this.#writeName(HOLD, result.nameWord(), record.nameBytes(words, w));
    } else if (type === TYPE.reverse) {
      this.#writeName(COMMAND, result.nameWord(), record.nameBytes(words, w));
    } else if (type === TYPE.expire) {
      this.#writeName(HOLD, result.idWord(), record.idBytes(words, w));
    }
  }

  #writeMemo(): void {
    const result = this.#record;
    const memoBytes = record.memoBytes(result.words, result.w);
    if (memoBytes === 0) return;
    this.#out.piece(MEMO);
    this.#out.quoted(result.bytes, result.memoWord() * 4, memoBytes);
  }

  #writeName(key: Piece, at: number, bytes: number): void {
    if (bytes === 0) return;
    this.#out.piece(key);
    this.#out.copy(this.#record.words, at, bytes);
    this.#out.piece(QUOTE);
  }

  /** available, held, changes. */
  #writeBalances(): void {
    const out = this.#out;
    const result = this.#record;
    if (result.accountBytes === 0) {
      out.piece(NO_BALANCES);
      out.piece(END_CHANGES);
      return;
    }
    const hasBalances = result.shown();
    out.piece(AVAILABLE);
    this.#writeMoney(hasBalances);
    out.piece(HELD);
    this.#writeMoney(hasBalances && result.hasHeld);
    out.piece(CHANGES);
    if (result.firstChange()) {
      out.piece(CHANGE);
      this.#writeChange();
      if (result.secondChange()) {
        out.piece(NEXT_CHANGE);
        this.#writeChange();
      }
    }
    out.piece(END_CHANGES);
  }

  #writeMoney(isThere: boolean): void {
    const result = this.#record;
    result.takeBalance(isThere);
    this.#out.money(result.hi, result.lo, this.#scale);
  }

  #writeChange(): void {
    const out = this.#out;
    const result = this.#record;
    out.copy(result.words, result.changed, result.changedBytes);
    out.piece(CURRENCY);
    out.piece(this.#currencyPiece);
    out.piece(DELTA);
    if (result.sign < 0) out.piece(MINUS);
    if (result.sign === 0) out.money(0, 0, this.#scale);
    else out.money(result.amountHi, result.amountLo, this.#scale);
    out.piece(CHANGE_AVAILABLE);
    this.#writeMoney(true);
    out.piece(HELD);
    this.#writeMoney(result.hasHeld);
    const status = STATUSES[result.status];
    assert(status !== undefined, "an account in a result has a known status");
    out.piece(status);
    out.integer(result.version);
    out.piece(CLOSE);
  }
}

const writer = new TextWriter(RESULT_TEXT_BYTES_MAX);
const renderer = new ResultRenderer(writer);

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

/** The results of the records in [start, end), multiples of 8, in order; control records are passed over. */
export function renderRecords(
  memory: RecordMemory,
  start: number,
  end: number,
  firstSequence: number,
  timeMs: number,
  names: Names,
): string[] {
  const results: string[] = [];
  let at = start;
  for (let sequence = firstSequence; at < end; at += recordBytesAt(memory, at)) {
    if (!isControlAt(memory, at)) results.push(renderResult(memory, at, sequence++, timeMs, names));
  }
  assert(at === end, "the last record ends with the range");
  return results;
}
