/**
 * The reference model: what the machine must do, in the plainest way. Frames, ids, horizon and atomic buckets are here,
 * the commands in `rules.ts`. It shares with the machine only names of codes, types and the Command interface.
 */
import { CODE_NAMES, type ResultCode } from "../codes.ts";
import type { Command } from "../record-codec.ts";
import { type Account, accountKey, type Book, copyBook, emptyBook, type Hold, idKey, worldKey } from "./book.ts";
import { inRange, LARGEST, minor } from "./numbers.ts";
import { bodyText, type ModelChange, type ModelResult } from "./result.ts";
import { Proposal, propose, type Situation } from "./rules.ts";

const EXPIRIES_PER_FRAME = 256;

/** What model and machine are both driven through. */
export interface Subject {
  /** Starts a frame; returns the results of the expire records that it writes. */
  frame(timeMs: number): ModelResult[];
  /** Applies one bucket within the frame that was started last. */
  bucket(commands: readonly Command[], atomic: boolean): ModelResult[];
  /** Changes the id horizon from the next frame on. */
  setHorizon(commands: number): void;
}

/** An id in use: the first command with it, and that command's result. */
interface Remembered {
  readonly body: string;
  readonly result: ModelResult;
}

/** A rule of the model itself does not hold. */
function must(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Error(`model: ${rule}`);
}

export class Model implements Subject {
  #book: Book = emptyBook();
  /** By partner and id, in order of sequence. */
  readonly #remembered = new Map<string, Remembered>();
  /** Holds closed by the command or atomic bucket in hand: gone after it, if their id is forgotten. */
  #justClosed: string[] = [];
  #horizon: number;
  #horizonTimeMs: number | undefined;
  /** Commands up to this sequence are forgotten. */
  #forgottenUpTo = 0;
  #sequence = 0;
  #timeMs = 0;

  constructor(horizonCommands: number) {
    this.#horizon = horizonCommands;
  }

  get book(): Readonly<Book> {
    return this.#book;
  }
  /** Last sequence given. */
  get sequence(): number {
    return this.#sequence;
  }
  get timeMs(): number {
    return this.#timeMs;
  }
  /** Time of the newest command forgotten, ms; undefined before one is. */
  get horizonTimeMs(): number | undefined {
    return this.#horizonTimeMs;
  }

  setHorizon(commands: number): void {
    this.#horizon = commands;
  }

  /** Starts a frame: forgets what left the horizon, expires due holds and returns their results. */
  frame(timeMs: number): ModelResult[] {
    must(timeMs >= this.#timeMs, "time does not run backwards");
    this.#timeMs = timeMs;
    this.#forget();
    return this.#dueHolds()
      .slice(0, EXPIRIES_PER_FRAME)
      .map(({ partner, currency, id }) => {
        const command: Command = { type: "expire", partner, currency, id };
        this.#sequence += 1;
        const result = this.#settle(command, propose(command, this.#situation(this.#sequence)), this.#sequence);
        this.#dropClosed();
        return result;
      });
  }

  #forget(): void {
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, this.#sequence - this.#horizon);
    for (const [key, { result }] of this.#remembered) {
      if (result.sequence > this.#forgottenUpTo) break;
      this.#remembered.delete(key);
      this.#book.reversed.delete(result.sequence);
      this.#horizonTimeMs = result.timeMs;
      this.#dropIfGone(key);
    }
  }

  /** A closed hold is remembered as long as its id is. */
  #dropIfGone(key: string): void {
    const hold = this.#book.holds.get(key);
    if (hold !== undefined && hold.state !== "open" && hold.sequence <= this.#forgottenUpTo) {
      this.#book.holds.delete(key);
    }
  }

  #dropClosed(): void {
    for (const key of this.#justClosed) this.#dropIfGone(key);
    this.#justClosed = [];
  }

  openHolds(): Hold[] {
    return [...this.#book.holds.values()].filter((hold) => hold.state === "open");
  }

  #dueHolds(): Hold[] {
    const due = this.openHolds().filter((hold) => hold.due !== undefined && hold.due <= this.#timeMs);
    return due.sort((a, b) => a.due! - b.due! || a.sequence - b.sequence);
  }

  #situation(sequence: number): Situation {
    return {
      book: this.#book,
      sequence,
      timeMs: this.#timeMs,
      remembered: (key) => this.#remembered.get(key)?.result,
      horizonTimeMs: this.#horizonTimeMs,
    };
  }

  /** Applies a bucket within the frame that was started last. One result a command, in order. */
  bucket(commands: readonly Command[], atomic: boolean): ModelResult[] {
    const first = this.#sequence + 1;
    this.#sequence += commands.length;
    if (atomic) {
      const results = this.#atomic(commands, first);
      this.#dropClosed();
      return results;
    }
    return commands.map((command, index) => {
      const result = this.#single(command, first + index);
      this.#dropClosed();
      return result;
    });
  }

  #single(command: Command, sequence: number): ModelResult {
    const known = this.#remembered.get(idKey(command.partner, command.id));
    if (known !== undefined && known.body === bodyText(command)) return repeat(command, known.result, sequence);
    if (this.#isUsed(command)) return this.#refuse(command, "ID_REUSED", sequence);
    return this.#remember(command, this.#settle(command, propose(command, this.#situation(sequence)), sequence));
  }

  /** An open hold keeps its id from other holds, even when the id's command is forgotten. */
  #isUsed(command: Command): boolean {
    const key = idKey(command.partner, command.id);
    return this.#remembered.has(key) || (command.type === "hold" && this.#book.holds.has(key));
  }

  #atomic(commands: readonly Command[], first: number): ModelResult[] {
    const known = commands.map((command) => this.#remembered.get(idKey(command.partner, command.id)));
    if (commands.every((command, index) => known[index]?.body === bodyText(command))) {
      return commands.map((command, index) => repeat(command, known[index]!.result, first + index));
    }
    if (known.some((first) => first !== undefined)) {
      return commands.map((command, index) => {
        if (known[index] !== undefined) return this.#refuse(command, "ID_REUSED", first + index);
        return this.#remember(command, this.#refuse(command, "ATOMIC_ABORTED", first + index));
      });
    }
    return this.#inOrder(commands, first);
  }

  /** Applies new commands one after the other; at the first refusal takes all back. */
  #inOrder(commands: readonly Command[], first: number): ModelResult[] {
    const before = copyBook(this.#book);
    const results: ModelResult[] = [];
    for (const [index, command] of commands.entries()) {
      const used = this.#isUsed(command);
      const proposal = used ? new Proposal(command, this.#book) : propose(command, this.#situation(first + index));
      if (used) proposal.reasons.add("ID_REUSED");
      if (proposal.reasons.size > 0) return this.#abort(commands, first, before, index, proposal);
      const result = this.#settle(command, proposal, first + index);
      results.push(this.#remember(command, result));
    }
    return results;
  }

  /** Results show the balances after everything was taken back. */
  #abort(commands: readonly Command[], first: number, before: Book, failing: number, reason: Proposal): ModelResult[] {
    this.#book = before;
    this.#justClosed = [];
    for (const command of commands) this.#remembered.delete(idKey(command.partner, command.id));
    return commands.map((command, index) => {
      const sequence = first + index;
      const result =
        index === failing ? this.#settle(command, reason, sequence) : this.#refuse(command, "ATOMIC_ABORTED", sequence);
      return this.#remember(command, result);
    });
  }

  /** Remembers a result under its id, unless the id is another command's. */
  #remember(command: Command, result: ModelResult): ModelResult {
    const key = idKey(command.partner, command.id);
    if (result.code !== "ID_REUSED" && !this.#remembered.has(key))
      this.#remembered.set(key, { body: bodyText(command), result });
    return result;
  }

  #refuse(command: Command, code: ResultCode, sequence: number): ModelResult {
    const proposal = new Proposal(command, this.#book);
    proposal.reasons.add(code);
    return this.#settle(command, proposal, sequence);
  }

  /** Makes the proposal true if nothing speaks against it, and says what happened. */
  #settle(command: Command, proposal: Proposal, sequence: number): ModelResult {
    const code = CODE_NAMES.find((name) => proposal.reasons.has(name)) ?? "OK";
    const changes = code === "OK" ? this.#apply(command, proposal) : [];
    const { shown, currency, undone } = proposal;
    const account =
      shown === undefined ? undefined : this.#book.accounts.get(accountKey(command.partner, currency, shown));
    const asked = command.amount === undefined ? undefined : minor(command.amount);
    return {
      sequence,
      command,
      code,
      timeMs: this.#timeMs,
      account: shown,
      currency,
      amount: code === "OK" ? proposal.amount : asked,
      available: account?.available,
      held: account?.held,
      changes,
      of: undefined,
      undone,
    };
  }

  #apply(command: Command, proposal: Proposal): ModelChange[] {
    const { accounts, holds, world, reversed } = this.#book;
    const key = worldKey(command.partner, proposal.currency);
    if (proposal.worldDelta !== 0n) world.set(key, (world.get(key) ?? 0n) + proposal.worldDelta);
    if (proposal.reversed !== undefined) reversed.add(proposal.reversed);
    if (proposal.hold !== undefined) {
      const id = idKey(command.partner, proposal.hold.id);
      holds.set(id, proposal.hold);
      if (proposal.hold.state !== "open") this.#justClosed.push(id);
    }
    return proposal.accounts.map((after) => {
      const place = accountKey(after.partner, after.currency, after.name);
      const before = accounts.get(place);
      const { name, available, held, status } = after;
      const version = after.version + 1;
      accounts.set(place, { ...after, version });
      const delta = available + held - (before === undefined ? 0n : before.available + before.held);
      return { account: name, delta, available, held, status, version };
    });
  }

  /** Sum over all accounts and `@world` by currency: zero each. */
  trialBalance(): Map<number, bigint> {
    const sums = new Map<number, bigint>();
    const add = (currency: number, value: bigint) => sums.set(currency, (sums.get(currency) ?? 0n) + value);
    for (const account of this.#book.accounts.values()) add(account.currency, account.available + account.held);
    for (const [key, balance] of this.#book.world) add(Number(key.split("/")[1]), balance);
    return sums;
  }

  /** All accounts, `@world` left out. */
  balances(): Account[] {
    return [...this.#book.accounts.values()];
  }

  /** Throws unless I4 and I5 hold and what is held is what open holds hold. */
  invariants(): void {
    for (const [currency, sum] of this.trialBalance()) must(sum === 0n, `currency ${currency} sums to ${sum}`);
    const held = new Map<string, bigint>();
    for (const { partner, currency, account, rest, state } of this.#book.holds.values()) {
      must(state === "open" ? rest > 0n : rest === 0n, "an open hold holds something, a closed one nothing");
      const key = accountKey(partner, currency, account);
      held.set(key, (held.get(key) ?? 0n) + rest);
    }
    for (const [key, account] of this.#book.accounts) {
      const total = account.available + account.held;
      must(account.available >= account.min, `${key} is not below its floor`);
      must(account.max === null || total <= account.max, `${key} is not above its ceiling`);
      must(account.held === (held.get(key) ?? 0n), `${key} holds what its open holds hold`);
      must([account.available, account.held, total].every(inRange), `${key} is within ${LARGEST}`);
    }
    for (const balance of this.#book.world.values()) must(inRange(balance), "@world is within its range");
  }
}

/** A repeat: the first result, with a sequence of its own. */
function repeat(command: Command, first: ModelResult, sequence: number): ModelResult {
  return { ...first, command, sequence, of: first.sequence };
}
