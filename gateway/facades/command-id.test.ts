import { expect, test } from "vitest";
import { Random } from "../../engine/model/random.ts";
import { callIdOf, isId } from "./command-id.ts";

test("every key gives an id, the same one each time, and no two keys the same", () => {
  const random = new Random(7);
  const keys = new Set<string>();
  const alphabet = [..."abAB019._:-k.h.r", " ", '"', "\u00e9"];
  while (keys.size < 20_000) {
    const key = Array.from({ length: random.between(1, random.pick([4, 70])) }, () => random.pick(alphabet)).join("");
    keys.add(key);
    // What the id of a key looks like may be a key itself.
    keys.add(callIdOf("wl:tx_", key).id);
    keys.add(callIdOf("wl:tx_", key).id.slice("wl:tx_".length));
  }
  const ids = [...keys].map((key) => callIdOf("wl:tx_", key));
  expect(ids.filter(({ id, isKeyed }) => !isId(id) || !isKeyed)).toEqual([]);
  expect(new Set(ids.map(({ id }) => id)).size).toBe(keys.size);
  expect([...keys].map((key) => callIdOf("wl:tx_", key).id)).toEqual(ids.map(({ id }) => id));
});

test("the longest key that stands in an id fills it; one more character is hashed", () => {
  expect(callIdOf("wl:tx_", "x".repeat(56)).id).toBe(`wl:tx_k.${"x".repeat(56)}`);
  expect(callIdOf("wl:tx_", "x".repeat(57)).id).toMatch(/^wl:tx_h\.[A-Za-z0-9_-]{43}$/);
});

test("without a key every call has an id of its own; an empty key is refused", () => {
  const made = Array.from({ length: 1000 }, () => callIdOf("dd:", undefined));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1000);
  expect(made.every(({ id, isKeyed }) => isId(id) && !isKeyed)).toBe(true);
  expect(() => callIdOf("dd:", "")).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
});
