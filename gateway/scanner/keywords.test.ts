import { expect, it } from "vitest";
import { COMMAND_NAMES, FIELD_NAMES } from "./fields.ts";
import { findKeyword, keywordSize, makeKeywords, matchesKeyword } from "./keywords.ts";
import { LOADED, loadBody } from "./memory.ts";

function find(keywords: ReturnType<typeof makeKeywords>, bytes: Uint8Array): number {
  loadBody(bytes, bytes.length);
  return findKeyword(keywords, LOADED.start);
}

it.each([
  ["keys", FIELD_NAMES, '":'],
  ["types", COMMAND_NAMES, '"'],
])("of the %s each is found, and nothing that differs in one byte", (_name, words, closing) => {
  const keywords = makeKeywords(words, closing);
  for (const [index, word] of words.entries()) {
    const text = Buffer.from(word + closing);
    expect(find(keywords, Buffer.concat([text, Buffer.from("xxxxxxxxxxxx")]))).toBe(index);
    expect(keywordSize(keywords.entries, index)).toBe(text.length);
    for (let at = 0; at < text.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(text);
        changed[at]! ^= 1 << bit;
        expect(find(keywords, changed), changed.toString("latin1")).toBe(-1);
      }
      expect(find(keywords, text.subarray(0, at))).toBe(-1);
    }
  }
});

it("a guess is right only for the word itself", () => {
  const keywords = makeKeywords(FIELD_NAMES, '":');
  for (const word of FIELD_NAMES) {
    const text = Buffer.from(`${word}":`);
    loadBody(text, text.length);
    const right = FIELD_NAMES.filter((_, index) => matchesKeyword(keywords.entries, index, LOADED.start));
    expect(right).toEqual([word]);
  }
});

it("words that share their first four bytes cannot be told apart, and are refused when the list is made", () => {
  expect(() => makeKeywords(["account", "accounts"], '":')).toThrow(RangeError);
});
