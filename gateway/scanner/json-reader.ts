/**
 * A strict JSON reader for the cold path: it tells where and why a text is malformed. Stricter than `JSON.parse`:
 * duplicate keys, lone surrogates and U+0000 are refused. It hands out members and elements one by one, keeps nothing, and
 * never goes into an object or array that the caller does not expect, so that a malformed body costs little.
 */
import type { BodyErrorCode, Problems } from "./problems.ts";

/** A scalar. */
export type JsonValue =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly literal: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "null" };

/** A longer key is not repeated in pointers: its object's must do, or the answer could be as large as the body. */
const KEY_LENGTH_SHOWN_MAX = 64;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES = new Map(
  Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }),
);

export class JsonReader {
  readonly #text: string;
  readonly #problems: Problems;
  #at = 0;

  constructor(text: string, problems: Problems) {
    this.#text = text;
    this.#problems = problems;
  }

  /** The next character that is not white space: tells the kind of the value that follows. "" at the end. */
  peek(): string {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.#text.charCodeAt(++this.#at);
    return this.#text.charAt(this.#at);
  }

  /** Refuses anything behind the value. */
  end(): void {
    if (this.peek() !== "") this.#fail("", "something stands behind the body's end");
  }

  /**
   * Reads an object, of which `peek` saw the brace. `member` must read the value. A key that stands twice is a problem
   * of its own; its value is read all the same.
   */
  object(pointer: string, member: (key: string, pointer: string) => void): void {
    const keys = new Set<string>();
    this.#container(pointer, "}", () => {
      if (this.peek() !== '"') this.#fail(pointer, "a key must be a string");
      const key = this.#string(pointer);
      const inner = key.length > KEY_LENGTH_SHOWN_MAX ? pointer : `${pointer}/${escapePointer(key)}`;
      if (keys.has(key)) this.#problems.add(inner, "DUPLICATE_KEY", "The key stands twice in its object.");
      keys.add(key);
      if (this.peek() !== ":") this.#fail(inner, "a colon must follow the key");
      this.#at++;
      member(key, inner);
    });
  }

  /** Reads an array, of which `peek` saw the bracket. `element` must read the value. */
  array(pointer: string, element: (index: number, pointer: string) => void): void {
    let index = 0;
    this.#container(pointer, "]", () => {
      element(index, `${pointer}/${index}`);
      index++;
    });
  }

  /** Reads a scalar. An object or array is a problem, by default WRONG_TYPE, behind which nothing is read. */
  value(pointer: string, nested: BodyErrorCode = "WRONG_TYPE"): JsonValue {
    const first = this.peek();
    if (first === '"') return { kind: "string", text: this.#string(pointer) };
    if (first === "{" || first === "[") this.#problems.stop(pointer, nested, "No object or array can stand here.");
    for (const word of ["true", "false", "null"]) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return word === "null" ? { kind: "null" } : { kind: "boolean", value: word === "true" };
    }
    NUMBER.lastIndex = this.#at;
    const literal = NUMBER.exec(this.#text)?.[0] ?? "";
    this.#at += literal.length;
    if (literal === "") this.#fail(pointer, first === "" ? "the body ends here" : "no JSON value starts here");
    return { kind: "number", literal };
  }

  #container(pointer: string, close: string, item: () => void): void {
    this.#at++;
    if (this.peek() === close) this.#at++;
    else {
      do item();
      while (this.#next(pointer, close));
    }
  }

  /** Takes a comma (true) or the closing bracket (false). */
  #next(pointer: string, close: string): boolean {
    const next = this.peek();
    if (next !== "," && next !== close) {
      this.#fail(pointer, next === "" ? "the body ends here" : `expected "," or "${close}"`);
    }
    this.#at++;
    return next === ",";
  }

  #string(pointer: string): string {
    this.#at++;
    let text = this.#plain();
    while (this.#text.charAt(this.#at) === "\\") text += this.#escape(pointer) + this.#plain();
    if (this.#at >= this.#text.length) this.#fail(pointer, "the body ends inside a string");
    if (this.#text.charAt(this.#at) !== '"') this.#fail(pointer, "a control character must be escaped in a string");
    this.#at++;
    if (!text.isWellFormed()) this.#problems.stop(pointer, "LONE_SURROGATE", "A string has half a surrogate pair.");
    if (text.includes("\0")) this.#problems.stop(pointer, "NUL_CHARACTER", "A string has the character U+0000.");
    return text;
  }

  /** The characters from here on that stand for themselves in a string. */
  #plain(): string {
    const start = this.#at;
    let code = this.#text.charCodeAt(this.#at);
    while (code >= 0x20 && code !== 0x22 && code !== 0x5c) code = this.#text.charCodeAt(++this.#at);
    return this.#text.slice(start, this.#at);
  }

  #escape(pointer: string): string {
    const letter = this.#text.charAt(this.#at + 1);
    const plain = ESCAPES.get(letter);
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail(pointer, "an escape is malformed");
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #fail(pointer: string, reason: string): never {
    this.#problems.stop(pointer, "INVALID_JSON", `Not JSON at character ${this.#at}: ${reason}.`);
  }
}

/** RFC 6901: `~` and `/` inside a key. */
function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
