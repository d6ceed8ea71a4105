/**
 * The way of every command that is not the usual one, step by step: a sequence, the account, whether the id is known, the rule, the
 * record with its result into the frame. Expiries of holds too, which the group writes by itself.
 */
import { CODE } from "./codes.ts";
import { CommandCursor, namesAccount } from "./command-cursor.ts";
import type { Frame } from "./frame.ts";
import type { RecordMemory } from "./memory.ts";
import { Outcome } from "./outcome.ts";
import { FIELD, TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import { writeCommand, writeDuplicate, writeResult } from "./result-writer.ts";
import { decide } from "./rules.ts";
import type { State } from "./state.ts";

export class GeneralPath {
  readonly #state: State;
  readonly #frame: Frame;
  readonly #command = new CommandCursor();
  /** Of the command in hand. */
  readonly outcome = new Outcome();

  constructor(state: State, frame: Frame) {
    this.#state = state;
    this.#frame = frame;
  }

  /** Applies the record at `start`; returns the result's code. `idTag`, `accountTag`: see `LookAhead`. */
  apply(input: RecordMemory, start: number, idTag: number, accountTag: number): number {
    const { remembered } = this.#state;
    const command = this.#command;
    this.#begin(input, start, accountTag);
    const { partner, idStart, idBytes } = command;
    const place = remembered.find(idTag, partner, input.words, idStart, idBytes);
    if (place !== 0) {
      if (remembered.isSameBody(place, input, start)) this.#writeRepeat(input, start, place);
      else this.refuse(input, start, CODE.ID_REUSED);
      return CODE.ID_REUSED;
    }
    if (this.#isHeldId(command, idTag)) {
      this.refuse(input, start, CODE.ID_REUSED);
      return CODE.ID_REUSED;
    }
    const code = this.#isTooOld(command) ? CODE.TOO_OLD : decide(this.#state, command, accountTag, idTag, this.outcome);
    this.write(input, start, idTag, code);
    return code;
  }

  /** The same for a record that was not looked at before. */
  applyUnseen(input: RecordMemory, start: number): number {
    const w = start >>> 2;
    return this.apply(input, start, this.#state.idTagAt(input.words, w), this.#accountTagAt(input.words, w));
  }

  /** Applies an expire record. */
  expire(input: RecordMemory, start: number): void {
    const { outcome } = this;
    this.#begin(input, start, 0);
    outcome.code = decide(this.#state, this.#command, 0, this.#state.idTagAt(input.words, start >>> 2), outcome);
    this.#state.dropSpentHolds();
    this.#writeRecord(input, start);
  }

  /** Takes the record at `start` in hand, with a sequence and the account that it names; what becomes of it is the caller's. */
  begin(input: RecordMemory, start: number): void {
    this.#begin(input, start, this.#accountTagAt(input.words, start >>> 2));
  }

  #begin(input: RecordMemory, start: number, accountTag: number): void {
    const { accounts } = this.#state;
    this.#command.load(input, start);
    this.#state.sequence++;
    this.outcome.reset();
    this.outcome.shown.load(accounts.rows, this.#findAccount(accountTag));
  }

  /** Row of the account that the command in hand names, 0 when it names none or there is none. */
  #findAccount(tag: number): number {
    const { type, partner, currency, words, nameStart, nameBytes } = this.#command;
    if (!namesAccount(type)) return 0;
    return this.#state.accounts.find(tag, partner, currency, words, nameStart, nameBytes);
  }

  /** Writes the record in hand with its outcome and remembers it. */
  write(input: RecordMemory, start: number, idTag: number, code: number): void {
    const { sequence, timeMs, remembered } = this.#state;
    const { memory, end } = this.#frame;
    this.outcome.code = code;
    this.#writeRecord(input, start);
    remembered.add(idTag, sequence, timeMs, memory, end, this.#frame.end - end);
  }

  /** Writes a refusal that is not remembered: the id belongs to another command. */
  refuse(input: RecordMemory, start: number, code: number): void {
    this.outcome.code = code;
    this.#writeRecord(input, start);
  }

  #writeRecord(input: RecordMemory, start: number): void {
    const out = this.#frame.end >>> 2;
    writeCommand(input, start, this.#frame.memory, out);
    this.#advance(writeResult(this.outcome, this.#frame.memory, out) * 4);
  }

  #writeRepeat(input: RecordMemory, start: number, place: number): void {
    const { remembered } = this.#state;
    const { memory } = this.#frame;
    const out = this.#frame.end >>> 2;
    writeCommand(input, start, memory, out);
    const first = {
      ...remembered.recordAt(place),
      sequence: remembered.sequenceOf(place),
      timeMs: remembered.timeOf(place),
    };
    this.#advance(writeDuplicate(first, memory, out) * 4);
  }

  #advance(end: number): void {
    this.#frame.end = end;
    this.#frame.count++;
    this.#frame.records++;
  }

  /** True if an open hold, older than the horizon, has this id: a second hold of that name must not be made. */
  #isHeldId({ type, partner, words, idStart, idBytes }: CommandCursor, idTag: number): boolean {
    return type === TYPE.hold && this.#state.holds.find(idTag, partner, words, idStart, idBytes) !== 0;
  }

  #isTooOld(command: CommandCursor): boolean {
    if ((command.fields & FIELD.ISSUED) === 0) return false;
    return command.number(FIELD.ISSUED) <= this.#state.remembered.horizonTimeMs;
  }

  #accountTagAt(words: Int32Array, w: number): number {
    const start = w + record.nameWord(words, w);
    const partner = words[w + record.PARTNER]!;
    return this.#state.accounts.tag(partner, record.currency(words, w), words, start, record.nameBytes(words, w));
  }
}
