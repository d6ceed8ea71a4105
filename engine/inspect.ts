/** Questions about a group's state: reads only, off the hot path. */
import * as at from "./account-row.ts";
import { assert } from "./assert.ts";
import { mix32 } from "./hash.ts";
import * as holdAt from "./hold-row.ts";
import { type Money, toBigInt } from "./money.ts";
import { type AccountStatus, STATUS_NAMES } from "./record.ts";
import { chunkOf, floatOf, ROW_FLOATS, ROW_WORDS, wordOf } from "./rows.ts";
import type { State } from "./state.ts";

/** An account as it stands. */
export interface AccountState {
  readonly available: Money;
  readonly held: Money;
  readonly min: Money;
  /** Undefined: no ceiling. */
  readonly max: Money | undefined;
  readonly status: AccountStatus;
  readonly version: number;
}

/** The account that a row of 128 bytes holds, at float64 `i` of the views; undefined for a row of zeros. */
export function readAccount(floats: Float64Array, words: Int32Array, i: number): AccountState | undefined {
  const w = i * 2;
  const state = words[w + at.STATE]!;
  if (state === 0) return undefined;
  const money = (part: number): Money => ({ hi: floats[i + part]!, lo: floats[i + part + 1]! });
  return {
    available: money(at.AVAILABLE),
    held: money(at.HELD),
    min: money(at.MIN),
    max: (state & at.HAS_MAX) !== 0 ? money(at.MAX) : undefined,
    status: STATUS_NAMES[state & at.STATUS_MASK]!,
    version: words[w + at.VERSION]! >>> 0,
  };
}

/** The row of an account by name, 0 when there is none. `@world` too. */
export function findRow(state: State, partner: number, currency: number, name: string): number {
  const words = new Int32Array(16);
  const bytes = new TextEncoder().encodeInto(name, new Uint8Array(words.buffer)).written;
  const tag = state.accounts.tag(partner, currency, words, 0, bytes);
  return state.accounts.find(tag, partner, currency, words, 0, bytes);
}

/** An account by name, or undefined. */
export function findAccount(state: State, partner: number, currency: number, name: string): AccountState | undefined {
  const row = findRow(state, partner, currency, name);
  if (row === 0) return undefined;
  return readAccount(state.accounts.rows.floats[chunkOf(row)]!, state.accounts.rows.words[chunkOf(row)]!, floatOf(row));
}

/** An account with its key. */
export interface NamedAccount extends AccountState {
  readonly partner: number;
  readonly currency: number;
  readonly name: string;
}

/** All accounts, `@world` ones included, in no order that means anything. */
export function* eachAccount(state: State): Generator<NamedAccount, void, void> {
  const { accounts } = state;
  const name = new Int32Array(16);
  const bytes = Buffer.from(name.buffer);
  for (let row = 1; row <= accounts.rows.top; row++) {
    const words = accounts.rows.words[chunkOf(row)]!;
    const account = readAccount(accounts.rows.floats[chunkOf(row)]!, words, floatOf(row));
    if (account === undefined) continue;
    const w = wordOf(row);
    const text = bytes.toString("latin1", 0, accounts.copyName(row, name, 0));
    yield { ...account, partner: words[w + at.PARTNER]!, currency: words[w + at.CURRENCY]!, name: text };
  }
}

/** Sum of available and held over all accounts, `@world` included, by currency index, in minor units: zero each (I4). */
export function trialBalance(state: State): Map<number, bigint> {
  const sums = new Map<number, { hi: bigint; lo: bigint }>();
  const { rows } = state.accounts;
  for (let chunk = 0; chunk < rows.words.length; chunk++) {
    // Within a chunk of 8192 rows both limbs' sums stay below 2^53, so only chunks are added as BigInt.
    for (const [currency, part] of sumChunk(rows.floats[chunk]!, rows.words[chunk]!)) {
      const sum = sums.get(currency) ?? { hi: 0n, lo: 0n };
      sums.set(currency, { hi: sum.hi + BigInt(part.hi), lo: sum.lo + BigInt(part.lo) });
    }
  }
  return new Map([...sums].map(([currency, sum]) => [currency, sum.hi * 10n ** 15n + sum.lo]));
}

function sumChunk(floats: Float64Array, words: Int32Array): Map<number, { hi: number; lo: number }> {
  const sums = new Map<number, { hi: number; lo: number }>();
  let last = -1;
  let sum = { hi: 0, lo: 0 };
  for (let i = 0, w = 0; w < words.length; i += ROW_FLOATS, w += ROW_WORDS) {
    if (words[w + at.STATE] === 0) continue;
    const currency = words[w + at.CURRENCY]!;
    if (currency !== last) {
      sum = sums.get(currency) ?? { hi: 0, lo: 0 };
      sums.set(currency, sum);
      last = currency;
    }
    sum.hi += floats[i]! + floats[i + at.HELD]!;
    sum.lo += floats[i + 1]! + floats[i + at.HELD + 1]!;
    while (sum.lo >= 1e15) {
      sum.lo -= 1e15;
      sum.hi += 1;
    }
  }
  return sums;
}

/**
 * Hash of the state as 16 hexadecimal digits: accounts, open holds, last sequence and time. Kept up to date with each change;
 * the same for the same commands, whatever the table layout, epoch, or number of restarts.
 */
export function stateHash(state: State): string {
  let a = (state.accounts.hashA + state.holds.hashA) | 0;
  let b = (state.accounts.hashB + state.holds.hashB) | 0;
  for (const row of state.accounts.worlds) {
    const hash = state.accounts.worldHash(row);
    a = (a + hash.a) | 0;
    b = (b + hash.b) | 0;
  }
  const high = Math.floor(state.sequence / 2 ** 32);
  a = mix32(a ^ mix32(state.sequence | 0) ^ Math.floor(state.timeMs / 1000));
  b = mix32(b ^ mix32(high + 1) ^ (state.timeMs % 1000));
  return hex(a) + hex(b);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** Throws InvariantError if conservation, floors, ceilings or the sums of holds are broken. For tests and verification. */
export function checkInvariants(state: State): void {
  for (const [currency, sum] of trialBalance(state)) assert(sum === 0n, `I4: currency ${currency} sums to ${sum}`);
  const heldByRow = new Map<number, bigint>();
  const holds = state.holds.rows;
  for (let row = 1; row <= holds.top; row++) {
    const words = holds.words[chunkOf(row)]!;
    if ((words[wordOf(row) + holdAt.STATE]! & holdAt.STATE_MASK) !== holdAt.OPEN) continue;
    const f = holds.floats[chunkOf(row)]!;
    const rest = toBigInt({ hi: f[floatOf(row)]!, lo: f[floatOf(row) + 1]! });
    const account = words[wordOf(row) + holdAt.ACCOUNT]!;
    heldByRow.set(account, (heldByRow.get(account) ?? 0n) + rest);
  }
  const { rows } = state.accounts;
  for (let row = 1; row <= rows.top; row++) {
    const words = rows.words[chunkOf(row)]!;
    if (words[wordOf(row) + at.STATE] === 0 || (words[wordOf(row) + at.STATE]! & at.IS_WORLD) !== 0) continue;
    const account = readAccount(rows.floats[chunkOf(row)]!, words, floatOf(row))!;
    const available = toBigInt(account.available);
    const held = toBigInt(account.held);
    assert(available >= toBigInt(account.min), `I5: account row ${row} is below its floor`);
    assert(
      account.max === undefined || available + held <= toBigInt(account.max),
      `I5: row ${row} is above its ceiling`,
    );
    assert(held === (heldByRow.get(row) ?? 0n), `held of account row ${row} is the sum of its open holds`);
  }
}
