/** One account followed through the records of a journal, in order. */
import {
  type AccountState,
  type AccountStatus,
  assert,
  decodeRecord,
  fromBigInt,
  ID_BYTES_MAX,
  isControl,
  type Money,
  OUTCOME,
  type RecordMemory,
  type Result,
  recordWords as record,
  TYPE,
  toBigInt,
  WORLD,
  ZERO,
} from "../engine/index.ts";
import type { AccountKey } from "./types.ts";

/** Commands by which money comes from or goes to `@world`, unless they name another account for it. */
const WORLD_TYPES: ReadonlySet<number> = new Set([TYPE.credit, TYPE.debit, TYPE.capture, TYPE.reverse]);

export class AccountTrack {
  readonly #key: AccountKey;
  readonly #isWorld: boolean;
  /** The name as zero-padded words, and its bytes. */
  readonly #name = new Int32Array(ID_BYTES_MAX / 4);
  readonly #nameBytes: number;
  #state: AccountState | undefined;

  /** Begins with the account as it was before the first record; undefined: it was not open. */
  constructor(key: AccountKey, start: AccountState | undefined) {
    this.#key = key;
    this.#isWorld = key.account === WORLD;
    this.#state = start;
    this.#nameBytes = new TextEncoder().encodeInto(key.account, new Uint8Array(this.#name.buffer)).written;
  }

  /** The account after the last record seen, or undefined if it is not open. */
  get state(): AccountState | undefined {
    return this.#state;
  }

  /** Takes the next record, which is no control record; it begins at byte `offset`. */
  see(memory: RecordMemory, offset: number): void {
    const { words } = memory;
    const w = offset >>> 2;
    if (words[w + record.PARTNER] !== this.#key.partner) return;
    const outcome = (words[record.resultWord(words, w)]! >>> 8) & 0xff;
    // A repeat shows the first result's changes once more, but makes none.
    if ((outcome & OUTCOME.CHANGE_1) === 0 || (outcome & OUTCOME.DUPLICATE) !== 0) return;
    if (this.#isWorld) {
      if (WORLD_TYPES.has(record.typeOf(words, w))) this.#moveWorld(decoded(memory, offset));
      return;
    }
    const hasName = this.#isShown(words, w) || ((outcome & OUTCOME.CHANGE_2) !== 0 && this.#isOther(words, w));
    if (hasName) this.#change(decoded(memory, offset));
  }

  #isShown(words: Int32Array, w: number): boolean {
    const resolved = record.resolvedWord(words, w);
    if (resolved === 0) return this.#isName(words, w + record.nameWord(words, w), record.nameBytes(words, w));
    return this.#isName(words, resolved + record.RESOLVED_NAMES, record.resolvedNameBytes(words, resolved));
  }

  #isOther(words: Int32Array, w: number): boolean {
    if (record.typeOf(words, w) !== TYPE.reverse) {
      return this.#isName(words, w + record.toWord(words, w), record.toBytes(words, w));
    }
    const resolved = record.resolvedWord(words, w);
    const start = resolved + record.RESOLVED_NAMES + ((record.resolvedNameBytes(words, resolved) + 3) >>> 2);
    return this.#isName(words, start, record.resolvedOtherBytes(words, resolved));
  }

  #isName(words: Int32Array, start: number, bytes: number): boolean {
    if (bytes !== this.#nameBytes) return false;
    for (let i = 0; i < (bytes + 3) >>> 2; i++) if (words[start + i] !== this.#name[i]) return false;
    return true;
  }

  #change({ command, currency, changes }: Result): void {
    if (currency !== this.#key.currency) return;
    const change = changes.find(({ account }) => account === this.#key.account);
    assert(change !== undefined, "a record that names an account as changed has its change");
    const { available, held, status, version } = change;
    const { min, max } = this.#limitsAfter(command);
    assert(version === following(this.#state?.version ?? 0), "no change of an account is missing between two records");
    this.#state = { available, held, status, version, min, max };
  }

  /** Floor and ceiling after a command that changed the account; only `open` and `limits` carry any. */
  #limitsAfter({ minBalance, maxBalance }: Result["command"]): { min: Money; max: Money | undefined } {
    const { min, max } = this.#state ?? { min: ZERO, max: undefined };
    return {
      min: minBalance === undefined ? min : (minBalance ?? ZERO),
      max: maxBalance === undefined ? max : (maxBalance ?? undefined),
    };
  }

  /** Records do not show `@world`; it is the other side of what moved in or out. */
  #moveWorld({ command, currency, changes, amount, undone }: Result): void {
    if (currency !== this.#key.currency || changes.length !== 1) return;
    assert(amount !== undefined, "a movement has an amount");
    const type = command.type === "reverse" ? undone : command.type;
    const outwards = (type === "credit") === (command.type !== "reverse");
    const minor = outwards ? -toBigInt(amount) : toBigInt(amount);
    const before = this.#state ?? EMPTY;
    const available = fromBigInt(toBigInt(before.available) + minor);
    this.#state = { ...before, available, version: following(before.version) };
  }
}

/** Versions go round at 2^32. */
const following = (version: number): number => (version + 1) >>> 0;

const EMPTY: AccountState & { readonly status: AccountStatus } = Object.freeze({
  available: ZERO,
  held: ZERO,
  min: ZERO,
  max: undefined,
  status: "active",
  version: 0,
});

/** Sequence and time are not looked at by whoever asks. */
function decoded(memory: RecordMemory, offset: number): Result {
  const result = decodeRecord(memory.bytes, offset, 0, 0);
  assert(!isControl(result), "a control record changes no account");
  return result;
}
