/** The command in hand: where its parts stand, worked out once a command. One object, reused. */
import type { RecordMemory } from "./memory.ts";
import { CONTEXT, FIELD, TYPE } from "./record.ts";
import * as record from "./record-words.ts";

export class CommandCursor {
  words: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  /** First word of the record. */
  w = 0;
  type = 0;
  partner = 0;
  currency = 0;
  /** Bits of FIELD. */
  fields = 0;
  idStart = 0;
  idBytes = 0;
  nameStart = 0;
  nameBytes = 0;

  load(memory: RecordMemory, start: number): void {
    const words = memory.words;
    const w = start >>> 2;
    const head = words[w]!;
    this.words = words;
    this.floats = memory.floats;
    this.w = w;
    this.type = head & 0xff;
    this.idBytes = (head >>> 8) & 0xff;
    this.nameBytes = (head >>> 16) & 0xff;
    this.partner = words[w + record.PARTNER]!;
    this.currency = words[w + record.CURRENCY]! & 0xffff;
    this.fields = record.fields(words, w);
    this.idStart = w + record.idWord(words, w);
    this.nameStart = this.idStart + ((this.idBytes + 3) >>> 2);
  }

  get toBytes(): number {
    return record.toBytes(this.words, this.w);
  }

  get toStart(): number {
    return this.nameStart + ((this.nameBytes + 3) >>> 2);
  }

  get hasAmount(): boolean {
    return (this.fields & FIELD.AMOUNT) !== 0;
  }

  /** Lower limb of the amount, which is there. */
  get amountLo(): number {
    return this.floats[(this.w >>> 1) + 2]!;
  }

  get amountHi(): number {
    return record.isWide(this.words, this.w) ? this.floats[(this.w >>> 1) + 3]! : 0;
  }

  /** The number of a field that is set. Of a limit, the lower limb; the upper one follows. */
  number(field: number): number {
    return this.floats[this.numberPlace(field)]!;
  }

  numberPlace(field: number): number {
    return (this.w >>> 1) + record.numberFloat(this.words, this.w, field);
  }

  /** True if an account that receives may be opened by this command. */
  get mayOpen(): boolean {
    if ((this.fields & FIELD.NO_OPEN) !== 0) return false;
    return (record.context(this.words, this.w) & CONTEXT.STRICT) === 0;
  }

  /** True if the command's name is an account: all but capture and release (a hold) and reverse (a command). */
  get namesAccount(): boolean {
    return namesAccount(this.type);
  }
}

/** See `CommandCursor.namesAccount`. */
export function namesAccount(type: number): boolean {
  return type < TYPE.capture || (type > TYPE.reverse && type < TYPE.expire);
}
