/** Atomic buckets: all of their commands are applied, or none. */
import { CODE } from "./codes.ts";
import type { Frame } from "./frame.ts";
import type { GeneralPath } from "./general.ts";
import type { RecordMemory } from "./memory.ts";
import { Outcome } from "./outcome.ts";
import * as record from "./record-words.ts";
import { loadByName } from "./rules-reverse.ts";
import type { State } from "./state.ts";

export class AtomicBuckets {
  readonly #state: State;
  readonly #frame: Frame;
  readonly #general: GeneralPath;
  /** What the failed command had found. */
  readonly #failed = new Outcome();

  constructor(state: State, frame: Frame, general: GeneralPath) {
    this.#state = state;
    this.#frame = frame;
    this.#general = general;
  }

  /** Applies the bucket whose records lie in [start, end). */
  apply(input: RecordMemory, start: number, end: number): void {
    const known = this.#countKnown(input, start, end);
    if (known.repeats === known.count) {
      for (let at = start; at < end; at = record.recordEnd(input.words, at)) this.#general.applyUnseen(input, at);
    } else if (known.known > 0) this.#abort(input, start, end, -1, CODE.OK);
    else this.#tryAll(input, start, end);
  }

  #tryAll(input: RecordMemory, start: number, end: number): void {
    const state = this.#state;
    const frame = this.#frame;
    const logEnd = state.remembered.end();
    const { end: frameEnd, count, records } = frame;
    const sequence = state.sequence;
    state.undo.begin();
    for (let at = start; at < end; at = record.recordEnd(input.words, at)) {
      const code = this.#general.applyUnseen(input, at);
      if (code === CODE.OK) continue;
      this.#failed.copyResolved(this.#general.outcome);
      // Undo first: it unmarks commands reversed within the bucket, whose entries the rewind drops with their chunk.
      state.undo.rollBack();
      state.remembered.rewind(logEnd, state.tagOf);
      state.keepSpentHolds();
      state.sequence = sequence;
      frame.end = frameEnd;
      frame.count = count;
      frame.records = records;
      this.#abort(input, start, end, at, code);
      return;
    }
    state.undo.commit();
    state.dropSpentHolds();
  }

  /** Commands of the bucket, those whose id is known, and those that are exact repeats. */
  #countKnown(input: RecordMemory, start: number, end: number): { count: number; known: number; repeats: number } {
    const { remembered } = this.#state;
    const found = { count: 0, known: 0, repeats: 0 };
    for (let at = start; at < end; at = record.recordEnd(input.words, at)) {
      found.count++;
      const place = this.#findId(input.words, at >>> 2);
      if (place === 0) continue;
      found.known++;
      if (remembered.isSameBody(place, input, at)) found.repeats++;
    }
    return found;
  }

  #findId(words: Int32Array, w: number): number {
    const start = w + record.idWord(words, w);
    const tag = this.#state.idTagAt(words, w);
    return this.#state.remembered.find(tag, words[w + record.PARTNER]!, words, start, record.idBytes(words, w));
  }

  /**
   * Writes a refused bucket. With a failed command, that one has `code` and all others ATOMIC_ABORTED; without one (-1), ids
   * known before the bucket are ID_REUSED. Each new id is remembered at its first place.
   */
  #abort(input: RecordMemory, start: number, end: number, failed: number, code: number): void {
    const general = this.#general;
    const { remembered, sequence: before } = this.#state;
    for (let at = start; at < end; at = record.recordEnd(input.words, at)) {
      const w = at >>> 2;
      const place = this.#findId(input.words, w);
      general.begin(input, at);
      const isKnownBefore = place !== 0 && remembered.sequenceOf(place) <= before;
      if (at === failed && this.#failed.isResolved) this.#showFailed(input.words[w + record.PARTNER]!);
      const own = at === failed ? code : isKnownBefore ? CODE.ID_REUSED : CODE.ATOMIC_ABORTED;
      if (place === 0 && own !== CODE.ID_REUSED) general.write(input, at, this.#state.idTagAt(input.words, w), own);
      else general.refuse(input, at, own);
    }
  }

  /** The account that the failed command led to, as it stands now that the bucket is taken back. */
  #showFailed(partner: number): void {
    const { outcome } = this.#general;
    outcome.copyResolved(this.#failed);
    loadByName(this.#state, partner, outcome, { cursor: outcome.shown, place: 0, bytes: outcome.nameBytes });
  }
}
