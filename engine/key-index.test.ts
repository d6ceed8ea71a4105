import { expect, test } from "vitest";
import { mix32 } from "./hash.ts";
import { KeyIndex } from "./key-index.ts";
import { Random } from "./model/random.ts";

/** All values under a tag, in ascending order. */
function valuesOf(index: KeyIndex, tag: number): number[] {
  const values: number[] = [];
  for (let value = index.find(tag); value !== 0; value = index.next(tag)) values.push(value);
  return values.sort((a, b) => a - b);
}

test("an index holds what was inserted and not removed, through splits and equal tags", () => {
  const index = new KeyIndex();
  const expected = new Map<number, number[]>();
  const random = new Random(11);
  const live: [number, number][] = [];
  for (let step = 1; step <= 120_000; step++) {
    if (live.length > 1000 && random.below(100) < 35) {
      const at = random.below(live.length);
      const [tag, value] = live[at]!;
      live[at] = live.at(-1)!;
      live.pop();
      index.remove(tag, value);
      expected.set(
        tag,
        expected.get(tag)!.filter((one) => one !== value),
      );
      continue;
    }
    // Few low bits, so that home slots collide; some tags several times.
    const tag = random.below(4) === 0 && live.length > 0 ? live[random.below(live.length)]![0] : mix32(step) & ~0xff00;
    if (index.find(tag) !== 0) valuesOf(index, tag);
    index.insert(tag, step);
    live.push([tag, step]);
    expected.set(tag, [...(expected.get(tag) ?? []), step]);
  }
  expect(index.size).toBe(live.length);
  for (const [tag, values] of expected) expect(valuesOf(index, tag)).toEqual([...values].sort((a, b) => a - b));
});

test("a value inserted right after a search that found nothing is found", () => {
  const index = new KeyIndex();
  for (let i = 1; i <= 50_000; i++) {
    const tag = mix32(i);
    if (index.find(tag) === 0) index.insert(tag, i);
  }
  for (let i = 1; i <= 50_000; i++) expect(index.find(mix32(i))).toBe(i);
});

test("peekAll finds what find finds", () => {
  const index = new KeyIndex();
  for (let i = 1; i <= 9_000; i++) index.insert(mix32(i), i);
  const tags = new Int32Array(64).map((_, i) => mix32(i * 200));
  const values = new Int32Array(64);
  index.peekAll(tags, 64, values);
  expect([...values]).toEqual([...tags].map((tag) => index.find(tag)));
});
