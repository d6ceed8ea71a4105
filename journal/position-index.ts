import { SPACING_BYTES } from "./limits.ts";

/**
 * Where frames begin, remembered sparsely while they are read, so that paging through a segment does not begin at its start each
 * time. May be shared by readers of one journal: positions of durable frames never change. About 16 bytes for 64 KiB.
 */
export class PositionIndex {
  readonly #segments = new Map<number, { sequences: number[]; offsets: number[] }>();

  /** Remembers that the frame at `offset` begins with `sequence`, if it is far enough behind the last one remembered. */
  add(segment: number, sequence: number, offset: number): void {
    let entry = this.#segments.get(segment);
    if (entry === undefined) {
      entry = { sequences: [], offsets: [] };
      this.#segments.set(segment, entry);
    }
    const last = entry.offsets.at(-1) ?? 0;
    if (offset < last + SPACING_BYTES) return;
    entry.sequences.push(sequence);
    entry.offsets.push(offset);
  }

  /** The last remembered frame of the segment that begins at or before `sequence`, or undefined. */
  find(segment: number, sequence: number): { sequence: number; offset: number } | undefined {
    const entry = this.#segments.get(segment);
    if (entry === undefined) return undefined;
    let low = 0;
    let high = entry.sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entry.sequences[middle]! <= sequence) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : { sequence: entry.sequences[low - 1]!, offset: entry.offsets[low - 1]! };
  }

  /** Forgets segments before `segment`: they were trimmed. */
  forgetBefore(segment: number): void {
    for (const number of this.#segments.keys()) if (number < segment) this.#segments.delete(number);
  }
}
