import { expect, test } from "vitest";
import { nameWords, tagWords } from "./hash.ts";

const NAMES = 300_000;
/** Pairs that share a tag among so many, were tags drawn at random: half of the square over 2^32. */
const BY_CHANCE = NAMES ** 2 / 2 ** 33;

const digits = (value: number, count: number) => String(value).padStart(count, "0");

/** Names as people number them. */
const WAYS: Record<string, (i: number) => string> = {
  "digits in order": (i) => String(1_000_000_000_000 + i),
  "digits of a fixed width behind letters": (i) => `user-${digits(i, 8)}`,
  "digits of any width behind a date": (i) => `ORD-20261130-${i}`,
  "two numbers": (i) => `b001-${digits(i % 64, 4)}-${digits(i >> 6, 9)}`,
  "hexadecimal digits": (i) => (0x5f3a0000000 + i * 7919).toString(16),
  "letters for half bytes": (i) => digits(i, 20).replace(/[0-9]/g, (digit) => String.fromCharCode(97 + Number(digit))),
};

const SEEDS = [7, 0x1234567, -0x21524111];

function tagsOf(name: (i: number) => string, seed: number): Int32Array {
  const words = new Int32Array(16);
  const bytes = new Uint8Array(words.buffer);
  const tags = new Int32Array(NAMES);
  for (let i = 0; i < NAMES; i++) {
    const { written } = new TextEncoder().encodeInto(name(i), bytes.fill(0));
    tags[i] = tagWords(words, 0, nameWords(written), seed);
  }
  return tags;
}

/** Pairs of neighbours in order that share a tag. */
function samePairs(tags: Int32Array): number {
  const sorted = tags.toSorted();
  let pairs = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) pairs++;
  return pairs;
}

test.each(Object.entries(WAYS))("%s: no more names share a tag than by chance", (_, name) => {
  let pairs = 0;
  for (const seed of SEEDS) pairs += samePairs(tagsOf(name, seed));
  expect(pairs).toBeLessThan(SEEDS.length * BY_CHANCE * 2);
});

test("names that share a tag under one seed do not share one under another", () => {
  const name = WAYS["digits of any width behind a date"]!;
  const [under, other] = [tagsOf(name, SEEDS[0]!), tagsOf(name, SEEDS[1]!)];
  const firstOf = new Map<number, number>();
  let pairs = 0;
  for (const [i, tag] of under.entries()) {
    const first = firstOf.get(tag);
    firstOf.set(tag, i);
    if (first === undefined) continue;
    pairs++;
    expect(other[i]).not.toBe(other[first]);
  }
  expect(pairs).toBeGreaterThan(0);
});
