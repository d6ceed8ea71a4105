/**
 * The five fields of an order, all required, and their keys by words: longer than `keywords.ts` takes, and so few that one byte
 * tells them apart.
 */
import { BYTE, REFUSED as REFUSED_, WORD_MASKS, wordOf } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";
import { readString, skipSpace, stageKeyword } from "./strings.ts";

export const ORDER_FIELDS = [
  "AmountRequest",
  "PartnerCode",
  "PartnerIdentification",
  "OrderID",
  "TypeRequest",
] as const;
export type OrderField = (typeof ORDER_FIELDS)[number];

/** Indexes of the fields. */
export const ORDER_FIELD = Object.freeze({ amount: 0, code: 1, identification: 2, id: 3, type: 4 });

/** What `TypeRequest` may say. */
export const ORDER_TYPES = ["payment", "recharge"] as const;

// Local copies, see bytes.ts.
const { SPACE, QUOTE, COLON } = BYTE;
const REFUSED = REFUSED_;
const { amount, code, identification, id, type } = ORDER_FIELD;
const bytes = new Uint8Array(SCAN_MEMORY);
const view = new DataView(SCAN_MEMORY);

/** Ints of one key: six words, their bytes in all, the mask of the last word. */
const KEY_INTS = 8;
const SIZE = 6;
const MASK = 7;
const KEYS = Int32Array.from(ORDER_FIELDS.flatMap((field) => entryOf(`${field}":`)));

/** [0]: field of the key that `readOrderKey` read last. */
const fieldRead = new Int32Array(1);

/** The field of the key that `readOrderKey` read last. */
export function lastOrderField(): number {
  return fieldRead[0]!;
}

/**
 * Reads a key and its colon, with white space around both; `guess` is the field that most likely stands here. Returns the position of
 * the value, or REFUSED for any other key; sets `lastOrderField`.
 */
export function readOrderKey(start: number, guess: number): number {
  const quote = bytes[start]! <= SPACE ? skipSpace(start) : start;
  if (bytes[quote] !== QUOTE) return REFUSED;
  const field = matchesKey(guess, quote + 1) ? guess : findKey(quote + 1);
  fieldRead[0] = field;
  if (field !== REFUSED) return skipSpace(quote + 1 + KEYS[field * KEY_INTS + SIZE]!);
  // Escapes in the key, or white space before its colon.
  const end = readString(quote);
  if (end === REFUSED) return REFUSED;
  fieldRead[0] = findKey(stageKeyword('":'));
  const colon = skipSpace(end);
  return fieldRead[0] !== REFUSED && bytes[colon] === COLON ? skipSpace(colon + 1) : REFUSED;
}

/** Index of the field whose key stands at `at`, or REFUSED. */
function findKey(at: number): number {
  const field = candidateOf(at);
  return field !== REFUSED && matchesKey(field, at) ? field : REFUSED;
}

function candidateOf(at: number): number {
  switch (bytes[at]) {
    case 0x41: // A
      return amount;
    case 0x4f: // O
      return id;
    case 0x50: // P: `PartnerC` or `PartnerI`
      return bytes[at + 7] === 0x43 ? code : identification;
    case 0x54: // T
      return type;
    default:
      return REFUSED;
  }
}

/** Word by word, so that nothing is read behind the zeros: a word beyond the body's end differs. */
function matchesKey(field: number, at: number): boolean {
  const key = field * KEY_INTS;
  const last = (KEYS[key + SIZE]! - 1) >> 2;
  for (let i = 0; i < last; i++) if (view.getInt32(at + i * 4, true) !== KEYS[key + i]) return false;
  return (view.getInt32(at + last * 4, true) & KEYS[key + MASK]!) === KEYS[key + last];
}

function entryOf(text: string): number[] {
  const words = Array.from({ length: SIZE }, (_, i) => wordOf(text.slice(i * 4, i * 4 + 4)));
  return [...words, text.length, WORD_MASKS[((text.length - 1) & 3) + 1]!];
}
