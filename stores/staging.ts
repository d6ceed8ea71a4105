/** Work for a batch done ahead, while the batch before it is written: a store's process and its server then work at the same time. */
import { type Projection, project } from "./projection.ts";
import { type Batch, isSameWatermark, type Watermark } from "./store.ts";

/** A batch as it is to be written. */
export interface Staged<T> {
  /** What it goes on from. */
  readonly before: Watermark;
  /** After the batch. */
  readonly watermark: Watermark;
  /** Results that count; 0: all were applied before. */
  readonly applied: number;
  /** What the batch changes, in the store's own form. */
  readonly form: T;
}

/** Where a batch goes to. */
export interface Place {
  readonly group: string;
  /** The watermark that is there. */
  readonly before: Watermark;
}

/**
 * What is staged rests on the watermark that is expected; where it turns out to be another one, it is made anew. It is held as long as
 * its batch.
 */
export class Staging<T> {
  readonly #formOf: (projection: Projection, place: Place) => T;
  /** Group → the watermark that it has once all that was staged or taken is written. */
  readonly #expected = new Map<string, Watermark>();
  readonly #held = new WeakMap<Batch, Staged<T>>();

  constructor(formOf: (projection: Projection, place: Place) => T) {
    this.#formOf = formOf;
  }

  /** Makes ready what `take` will give, and returns it; undefined where it cannot. Never throws: `take` says what is wrong. */
  stage(batch: Batch): Staged<T> | undefined {
    const before = this.#expected.get(batch.group);
    if (before === undefined) return undefined;
    try {
      return this.#make(batch, before);
    } catch {
      return undefined;
    }
  }

  /**
   * What to write of a batch into a store that is at `before`; a staged form that `isRight` says no to is made anew. Throws
   * ContinuityError.
   */
  take(batch: Batch, before: Watermark, isRight: (form: T) => boolean = () => true): Staged<T> {
    const held = this.#held.get(batch);
    return held !== undefined && isSameWatermark(held.before, before) && isRight(held.form)
      ? held
      : this.#make(batch, before);
  }

  #make(batch: Batch, before: Watermark): Staged<T> {
    const { group } = batch;
    const projection = project(batch, before);
    const { watermark, applied } = projection;
    const held = { before, watermark, applied, form: this.#formOf(projection, { group, before }) };
    this.#held.set(batch, held);
    this.#expected.set(group, watermark);
    return held;
  }
}
