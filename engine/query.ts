/** Questions that pass through a group's ring, so that they are answered in order with its commands. */
import type { RecordMemory } from "./memory.ts";
import * as record from "./record-words.ts";

/** Bytes of a query record: 16 head, one name of 64. */
export const QUERY_BYTES = 80;

const encoder = new TextEncoder();
const NAME_BYTE = 16;

/** Writes a query at byte `at`: an account by name, or a command by id. `name` is 1 to 64 bytes of ASCII. */
export function writeQuery(
  memory: RecordMemory,
  at: number,
  query: { readonly partner: number; readonly currency: number; readonly name: string },
): void {
  memory.bytes.fill(0, at, at + QUERY_BYTES);
  const bytes = encoder.encodeInto(query.name, memory.bytes.subarray(at + NAME_BYTE, at + QUERY_BYTES)).written;
  const w = at >>> 2;
  memory.words[w] = bytes;
  memory.words[w + record.PARTNER] = query.partner;
  memory.words[w + record.CURRENCY] = query.currency;
}

/** Bytes of the name, and its first word, of the query at word `w`. */
export function queryNameBytes(words: Int32Array, w: number): number {
  return words[w]!;
}

export function queryNameWord(w: number): number {
  return w + NAME_BYTE / 4;
}
