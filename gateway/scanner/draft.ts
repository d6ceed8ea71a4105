/**
 * One command between its text and its record: what its fields said, where its strings lie. Reused for every command,
 * and for every body format that ends in the same records.
 */
import { FIELD } from "../../engine/index.ts";

export class Draft {
  /** TYPE number; 0 as long as the type is not known. */
  type = 0;
  /** FIELD bits. */
  fields = 0;
  /** Currency index, 0: that of the hold or of the command named. */
  currency = 0;
  amountHi = 0;
  amountLo = 0;
  /** Milliseconds since 1970. */
  issued = 0;
  /** Seconds. */
  expiresIn = 0;
  minHi = 0;
  minLo = 0;
  maxHi = 0;
  maxLo = 0;
  /** Position in the source and bytes of each string; 0 bytes: absent. `name` is the account, hold or command named. */
  idAt = 0;
  idBytes = 0;
  nameAt = 0;
  nameBytes = 0;
  toAt = 0;
  toBytes = 0;
  memoAt = 0;
  memoBytes = 0;

  /** Empties it. Positions and numbers stay: a length of 0 or a missing FIELD bit says that they mean nothing. */
  clear(): void {
    this.type = 0;
    this.fields = 0;
    this.currency = 0;
    this.idBytes = 0;
    this.nameBytes = 0;
    this.toBytes = 0;
    this.memoBytes = 0;
  }
}

/** FIELD bits with a number in the record that is one float64 at least. */
export const NUMBER_FIELDS = FIELD.AMOUNT | FIELD.ISSUED | FIELD.EXPIRES_IN | FIELD.MIN_SET | FIELD.MAX_SET;
