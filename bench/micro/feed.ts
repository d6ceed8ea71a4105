/** A machine fed by hand, without ring, journal or thread: frames of buckets of credits, every id new. */
import { Machine, viewMemory } from "../../engine/index.ts";
import { CREDIT_BYTES, setCredit, writeCreditShape } from "../records.ts";
import { check } from "./types.ts";

/** Buckets a frame: with 20 commands each, what gathers during one sync under load. */
const BUCKETS = 50;

/** 2023-11-14; any time will do. */
const TIME_MS = 1_700_000_000_000;

export class Feed {
  readonly machine: Machine;
  readonly perFrame: number;
  readonly #bucket: number;
  readonly #input;
  /** Commands applied so far; the next id. */
  count = 0;

  constructor(options: { readonly bucket: number; readonly horizon: number }) {
    this.#bucket = options.bucket;
    this.perFrame = BUCKETS * options.bucket;
    this.machine = new Machine({ horizonCommands: options.horizon, seed: 7 });
    this.#input = viewMemory(new ArrayBuffer(this.perFrame * CREDIT_BYTES));
    for (let i = 0; i < this.perFrame; i++) writeCreditShape(this.#input, i * CREDIT_BYTES);
  }

  /** Applies one frame; `account` picks the account of each command. Returns the milliseconds of beginning and applying it. */
  frame(account: (id: number) => number): number {
    const { machine, perFrame } = this;
    for (let i = 0; i < perFrame; i++, this.count++) {
      setCredit(this.#input.words, i * CREDIT_BYTES, this.count, account(this.count));
    }
    const begin = performance.now();
    machine.beginFrame(TIME_MS + this.count / perFrame);
    const bytes = this.#bucket * CREDIT_BYTES;
    for (let at = 0; at < perFrame * CREDIT_BYTES; at += bytes) {
      if (machine.wantsForesight) this.#foresee(at);
      machine.applyBucket(this.#input, at, at + bytes, this.#bucket);
    }
    return performance.now() - begin;
  }

  /** As the group's loop does it with the buckets that wait in its ring. */
  #foresee(start: number): void {
    const bytes = this.#bucket * CREDIT_BYTES;
    for (let at = start; at < this.perFrame * CREDIT_BYTES; at += bytes) {
      if (!this.machine.foresee(this.#input, at, this.#bucket)) return;
    }
  }

  /** Applies whole frames until at least so many commands have been applied in all. */
  upTo(count: number, account: (id: number) => number): number {
    let spentMs = 0;
    while (this.count < count) spentMs += this.frame(account);
    return spentMs;
  }

  /** Throws CheckError unless every command has a sequence and the books balance. */
  check(accounts: number): void {
    const { machine, count } = this;
    check(machine.sequence === count, `${count} commands were applied, but the sequence is ${machine.sequence}`);
    // One more for @world.
    const { size } = machine.state.accounts;
    check(size === accounts + 1, `${accounts} accounts and @world were credited, but there are ${size}`);
    checkBalance(machine);
  }
}

/** Throws CheckError unless the trial balance is zero. */
export function checkBalance(machine: Machine): void {
  for (const [currency, sum] of machine.trialBalance()) {
    check(sum === 0n, `the trial balance of currency ${currency} is ${sum}, not zero`);
  }
}
