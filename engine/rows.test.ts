import { expect, test } from "vitest";
import { CHUNK_ROWS, chunkOf, ROW_WORDS, Rows, wordOf } from "./rows.ts";

const COUNT = 3 * CHUNK_ROWS + 100;

/** The first word of each row, by row number, as the next chunks of the capture have it. */
function capturedFrom(rows: Rows, chunk: number): number[] {
  const target = new Int32Array(CHUNK_ROWS * ROW_WORDS);
  const found: number[] = [];
  for (let first = chunk * CHUNK_ROWS; rows.captureChunk(target); first += CHUNK_ROWS) {
    for (let place = 0; place < CHUNK_ROWS && first + place < COUNT; place++) {
      expect(target[place * ROW_WORDS + ROW_WORDS - 1]).toBe(target[place * ROW_WORDS]);
      found.push(target[place * ROW_WORDS]!);
    }
  }
  return found;
}

function change(rows: Rows, row: number, value: number): void {
  rows.willChange(row);
  const [words, w] = [rows.words[chunkOf(row)]!, wordOf(row)];
  words[w] = value;
  words[w + ROW_WORDS - 1] = value;
}

test("a capture has every row as it was at its beginning, however many change, once or often, and again the next time", () => {
  const rows = new Rows(COUNT + 10);
  const values = Array.from({ length: COUNT }, (_, i) => i + 1);
  for (const value of values) change(rows, rows.add(), value);
  for (let round = 0; round < 3; round++) {
    rows.beginCapture();
    // All in the first round, fewer in the next ones, in an order of their own: what was noted before must not count.
    const step = [1, 3, 7][round]!;
    for (let twice = 0; twice < 2; twice++) {
      for (let i = COUNT - 1; i >= 0; i -= step) change(rows, i + 1, -(i + round + twice));
    }
    rows.add();
    expect(capturedFrom(rows, 0)).toEqual(values);
    rows.endCapture();
    for (let i = COUNT - 1; i >= 0; i -= step) values[i] = -(i + round + 1);
  }
});

test("a chunk that was copied needs no row of it saved, and those behind it still do", () => {
  const rows = new Rows(COUNT);
  for (let i = 0; i < COUNT; i++) change(rows, rows.add(), i + 1);
  rows.beginCapture();
  expect(rows.captureChunk(new Int32Array(CHUNK_ROWS * ROW_WORDS))).toBe(true);
  for (let row = 1; row <= COUNT; row++) change(rows, row, -row);
  expect(capturedFrom(rows, 1)).toEqual(Array.from({ length: COUNT - CHUNK_ROWS }, (_, i) => CHUNK_ROWS + i + 1));
});
