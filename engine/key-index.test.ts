import { describe, expect, test } from "vitest";
import { PLAIN_BLOCKS } from "./arena.ts";
import { mix32 } from "./hash.ts";
import { KeyIndex, STALE_SPAN } from "./key-index.ts";
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

test.each([0, 1, 40_000, 200_000])(
  "an index that is loaded with %i entries expected is what inserting makes of them",
  (expected) => {
    const loaded = new KeyIndex();
    const index = new KeyIndex();
    loaded.beginLoad(expected);
    for (let i = 1; i <= 40_000; i++) {
      // Every seventh tag stands twice.
      const tag = i % 7 === 0 ? mix32(i - 1) : mix32(i);
      loaded.append(tag, i);
      index.insert(tag, i);
    }
    loaded.endLoad();
    expect(loaded.size).toBe(40_000);
    if (expected <= 40_000) expect(loaded.bytes).toBe(index.bytes);
    for (let i = 1; i <= 40_000; i++) expect(valuesOf(loaded, mix32(i))).toEqual(valuesOf(index, mix32(i)));
    // And goes on as one.
    for (let i = 1; i <= 40_000; i += 2) loaded.remove(i % 7 === 0 ? mix32(i - 1) : mix32(i), i);
    for (let i = 40_001; i <= 90_000; i++) loaded.insert(mix32(i), i);
    expect(loaded.size).toBe(70_000);
    for (let i = 2; i <= 40_000; i += 2) if (i % 7 !== 0) expect(valuesOf(loaded, mix32(i))).toContain(i);
    for (let i = 40_001; i <= 90_000; i++) expect(valuesOf(loaded, mix32(i))).toContain(i);
  },
);

test("the tag 0 is put where it is found, whatever was looked for before", () => {
  const index = new KeyIndex();
  index.insert(0x100, 5);
  index.find(0x200);
  index.remove(0x100, 5);
  index.insert(0, 7);
  expect(index.find(0)).toBe(7);
});

test("only an empty index is loaded", () => {
  const index = new KeyIndex();
  index.insert(1, 1);
  expect(() => index.beginLoad(1)).toThrow("empty");
});

test("peekAll finds what find finds", () => {
  const index = new KeyIndex();
  for (let i = 1; i <= 9_000; i++) index.insert(mix32(i), i);
  const tags = new Int32Array(64).map((_, i) => mix32(i * 200));
  const values = new Int32Array(64);
  index.peekAll(tags, 64, values);
  expect([...values]).toEqual([...tags].map((tag) => index.find(tag)));
});

test("tags of one cache line, put in and taken out in any order, are found, also round the end of a segment", () => {
  const index = new KeyIndex();
  const random = new Random(5);
  const held = new Map<number, number>();
  for (let step = 1; step <= 20_000; step++) {
    // Sixteen slots before a segment's end and sixteen behind its start.
    const tag = (0x2ff0 + random.below(32)) | 0;
    const value = held.get(tag);
    if (value === undefined) {
      index.insert(tag, step);
      held.set(tag, step);
    } else {
      index.remove(tag, value);
      held.delete(tag);
    }
    const asked = Int32Array.of(0x2ff0 + random.below(32), 0x2fff);
    const found = new Int32Array(2);
    index.peekAll(asked, 2, found);
    expect([...found]).toEqual([...asked].map((one) => held.get(one) ?? 0));
    expect(index.find(asked[0]!)).toBe(found[0]);
  }
});

/** Byte of its segment at which an entry stands that is the only one of its index. */
function placeOf(tag: number): number {
  let block = new ArrayBuffer(0);
  const make = (bytes: number) => {
    block = new ArrayBuffer(bytes);
    return block;
  };
  const index = new KeyIndex({ ...PLAIN_BLOCKS, make });
  const lone = 0x7777;
  index.insert(0, lone);
  const start = new Int32Array(block).indexOf(lone) - 1;
  index.insert(tag, lone + 1);
  return (new Int32Array(block).indexOf(lone + 1) - 1 - start) * 4;
}

test("a search begins at the start of a cache line", () => {
  for (let low = 0; low < 8; low++) {
    expect(placeOf(0x128 | low)).toBe(0x128 * 8);
    expect(placeOf(0x1ff8 | low)).toBe(0x1ff8 * 8);
  }
});

/**
 * Tags whose homes lie in a few cache lines before the segment's end or all over it: in a segment that is nearly full, runs of entries are long
 * and go round its end.
 */
const crowdedTag = (step: number) => (step % 3 === 0 ? mix32(step) | 0x1f80 : mix32(step));

test.each([
  ["fresh", undefined],
  ["half of them stale", 30_000],
])("long runs, also round the end of a segment, are whole after splits and sweeps: %s", (_, window) => {
  const index = new KeyIndex();
  const total = 60_000;
  const isThere = (step: number) => window === undefined || step > total - window;
  // Where nothing goes stale, every value counts: also those that would be stale if 0 were the oldest.
  const placeAt = (step: number) => (window === undefined ? -step : step);
  for (let step = 1; step <= total; step++) {
    if (window !== undefined) index.setOldest(Math.max(1, step - window + 1));
    index.insert(crowdedTag(step), placeAt(step));
  }
  for (let parts = 4; window !== undefined && parts > 0; parts--) index.sweepSome(2);
  for (let step = 1; step <= total; step++) {
    expect(valuesOf(index, crowdedTag(step)).includes(placeAt(step))).toBe(isThere(step));
  }
  expect(index.size).toBe(window ?? total);
});

describe("values that go stale", () => {
  /** Values given in order that pass `edge`, where the number's sign changes, after `before` of them; 0 is never given. */
  const valueAt = (step: number, before: number, edge = 0) => {
    const value = (edge + step - before) | 0;
    return edge === 0 && step >= before ? value + 1 : value;
  };

  test("are those before the oldest, also when numbers went round in between", () => {
    const index = new KeyIndex();
    expect([1, -1, -5, 2 ** 31 - 1].every((value) => index.isFresh(value))).toBe(true);
    index.setOldest(-5);
    const inUse = 2 ** 32 - STALE_SPAN;
    expect([-5, -1, 1, 100, -5 + inUse - 1].map((value) => index.isFresh(value | 0))).not.toContain(false);
    expect([-6, -1000, -5 - STALE_SPAN].map((value) => index.isFresh(value | 0))).not.toContain(true);
    index.setOldest(3);
    expect([-5, -1, 1, 2].map((value) => index.isFresh(value))).not.toContain(true);
    expect(index.isFresh(3)).toBe(true);
  });

  test("leave when their segment is full, so that a window that moves on takes no more memory", () => {
    const index = new KeyIndex();
    const { bytes } = index;
    const [window, total] = [4000, 60_000];
    for (let step = 0; step < total; step++) {
      index.setOldest(valueAt(Math.max(step - window + 1, 0), total / 2));
      index.insert(mix32(step), valueAt(step, total / 2));
      if (step % 3000 !== 2999) continue;
      for (let back = 0; back < Math.min(window, step); back++) {
        expect(index.find(mix32(step - back))).toBe(valueAt(step - back, total / 2));
      }
    }
    expect(index.bytes).toBe(bytes);
    expect(index.size).toBeLessThanOrEqual(2 * 6144);
  });

  test("do not keep a segment from being split when most of its values are fresh", () => {
    const index = new KeyIndex();
    const [window, total] = [30_000, 120_000];
    for (let step = 0; step < total; step++) {
      index.setOldest(valueAt(Math.max(step - window + 1, 0), total / 2));
      index.insert(mix32(step), valueAt(step, total / 2));
    }
    for (let step = total - window; step < total; step++) {
      expect(index.find(mix32(step))).toBe(valueAt(step, total / 2));
    }
    // No more splits than 30 thousand need: sixteen segments, with twice as many entries in the directory as at most.
    expect(index.bytes).toBeLessThanOrEqual(new KeyIndex().bytes + 16 * 4);
  });

  // 2048 is what the remembered commands ask for.
  test.each([
    [1, 0],
    [3, 0],
    [8, 0],
    [8, 2 ** 31],
    [2048, 0],
    [2048, 2 ** 31],
  ])("are all gone after %i calls of sweepSome, though segments split meanwhile (at %i)", (parts, edge) => {
    const index = new KeyIndex();
    const [stale, kept, added] = [20_000, 10_000, 60_000];
    const value = (step: number) => valueAt(step, stale + 5000, edge);
    // Only half of the segments get more and are split; in the others a stale value leaves by a sweep alone.
    const isGiven = (step: number) => step < stale + kept || mix32(step) < 0;
    let step = 0;
    const insert = (upTo: number) => {
      for (; step < upTo; step++) if (isGiven(step)) index.insert(mix32(step), value(step));
    };
    insert(stale + kept);
    const { bytes } = index;
    index.setOldest(value(stale));
    for (let call = 1; call <= parts; call++) {
      insert(stale + kept + Math.floor((added * call) / parts));
      index.sweepSome(parts);
    }
    expect(index.bytes).toBeGreaterThan(bytes);
    for (let gone = 0; gone < stale; gone++) expect(index.find(mix32(gone))).toBe(0);
    let live = 0;
    for (let at = stale; at < step; at++) {
      if (!isGiven(at)) continue;
      live++;
      expect(index.find(mix32(at))).toBe(value(at));
    }
    expect(index.size).toBe(live);
  });

  test("are not looked at by the insert that follows a search which ended at one that was swept", () => {
    const index = new KeyIndex();
    index.insert(0x100, 1);
    index.insert(0x101, 2);
    index.setOldest(2);
    expect(index.find(0x102)).toBe(0);
    index.sweepSome(1);
    index.insert(0x102, 3);
    expect([0x100, 0x101, 0x102].map((tag) => index.find(tag))).toEqual([0, 2, 3]);
  });
});
