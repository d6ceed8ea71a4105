/** Cursors as clients see them: whole numbers in a text that says nothing. */
import { CursorError } from "./store.ts";

/** A cursor of these numbers. */
export function makeCursor(...numbers: readonly number[]): string {
  return Buffer.from(numbers.join("."), "latin1").toString("base64url");
}

/** The numbers of a cursor that was made of `count` of them. Throws CursorError for anything else. */
export function readCursor(cursor: string, count: number): number[] {
  const parts = Buffer.from(cursor, "base64url").toString("latin1").split(".");
  const numbers = parts.map((part) => (/^[0-9]{1,15}$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.length !== count || numbers.some(Number.isNaN)) {
    throw new CursorError("the cursor is not one that this store gave");
  }
  return numbers;
}
