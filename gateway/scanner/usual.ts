/**
 * The start of a command as nearly every client spells it: `{"id":"…","type":"…","account":"…","amount":"…"`, without
 * white space and escapes. Reads as much of that as there is, comparing whole words with constants; whatever is spelled
 * otherwise is left to the general loop, which goes on where this stops. It only ever takes what the loop would take.
 */
import { ID_BYTES_MAX } from "../../engine/index.ts";
import { BYTE, REFUSED as REFUSED_, wordOf } from "./bytes.ts";
import { INDEX } from "./field-bits.ts";
import { SCAN_MEMORY } from "./memory.ts";
import { AMOUNT, DRAFT } from "./state.ts";
import { nameEnd } from "./strings.ts";
import { readType } from "./values.ts";

// Local copies, see bytes.ts.
const { QUOTE } = BYTE;
const REFUSED = REFUSED_;
const NAME_BYTES_MAX = ID_BYTES_MAX;
const draft = DRAFT;
const amount = AMOUNT;
const bytes = new Uint8Array(SCAN_MEMORY);
const view = new DataView(SCAN_MEMORY);

const ID_BIT = 1 << INDEX.id;
const TYPE_BIT = 1 << INDEX.type;
const ACCOUNT_BIT = 1 << INDEX.account;
const AMOUNT_BIT = 1 << INDEX.amount;

/** `{"id":"`, then `,"type":`, `,"account":"` and `,"amount":` by words. */
const ID_1 = wordOf('{"id');
const ID_2 = wordOf('":"');
const TYPE_1 = wordOf(',"ty');
const TYPE_2 = wordOf('pe":');
const ACCOUNT_1 = wordOf(',"ac');
const ACCOUNT_2 = wordOf("coun");
const ACCOUNT_3 = wordOf('t":"');
const AMOUNT_1 = wordOf(',"am');
const AMOUNT_2 = wordOf("ount");
const AMOUNT_3 = wordOf('":');

/** [0]: bits of the fields that `readUsualFields` took. */
const taken = new Int32Array(1);

/** Bits of the fields that `readUsualFields` took. */
export function usualFields(): number {
  return taken[0]!;
}

/** Takes what it can of the command at `start`. Returns the position behind it, or `start` if that was nothing. */
export function readUsualFields(start: number): number {
  taken[0] = 0;
  if (view.getInt32(start, true) !== ID_1 || (view.getInt32(start + 4, true) & 0xffffff) !== ID_2) return start;
  const id = start + 7;
  const idEnd = nameEnd(id);
  if (!isName(id, idEnd)) return start;
  draft.idAt = id;
  draft.idBytes = idEnd - id;
  let pos = idEnd + 1;
  taken[0] = ID_BIT;

  if (view.getInt32(pos, true) !== TYPE_1 || view.getInt32(pos + 4, true) !== TYPE_2) return pos;
  const typeEnd = readType(pos + 8);
  if (typeEnd === REFUSED) return pos;
  pos = typeEnd;
  taken[0] = ID_BIT | TYPE_BIT;

  if (
    view.getInt32(pos, true) !== ACCOUNT_1 ||
    view.getInt32(pos + 4, true) !== ACCOUNT_2 ||
    view.getInt32(pos + 8, true) !== ACCOUNT_3
  ) {
    return pos;
  }
  const account = pos + 12;
  const accountEnd = nameEnd(account);
  if (!isName(account, accountEnd)) return pos;
  draft.nameAt = account;
  draft.nameBytes = accountEnd - account;
  pos = accountEnd + 1;
  taken[0] = ID_BIT | TYPE_BIT | ACCOUNT_BIT;

  if (
    view.getInt32(pos, true) !== AMOUNT_1 ||
    view.getInt32(pos + 4, true) !== AMOUNT_2 ||
    (view.getInt32(pos + 8, true) & 0xffff) !== AMOUNT_3
  ) {
    return pos;
  }
  const amountEnd = amount.read(pos + 10);
  if (amountEnd === REFUSED || amount.negative) return pos;
  taken[0] = ID_BIT | TYPE_BIT | ACCOUNT_BIT | AMOUNT_BIT;
  return amountEnd;
}

function isName(start: number, end: number): boolean {
  return bytes[end] === QUOTE && end > start && end - start <= NAME_BYTES_MAX;
}
