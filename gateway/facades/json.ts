/** JSON whose numbers keep their digits: money never passes through a float, in either direction. */

/** A JSON number as it was written, such as `100.50` or `1e3`. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonValue =
  | string
  | boolean
  | null
  | JsonNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Parses JSON text; numbers come as JsonNumber. Throws SyntaxError, for a key `__proto__` too. */
export function readJson(text: string): JsonValue {
  const revive: Reviver = (key, value, { source }) => {
    if (key === "__proto__") throw new SyntaxError("the key __proto__ is refused");
    return typeof value === "number" ? new JsonNumber(source!) : value;
  };
  return JSON.parse(text, revive as (this: unknown, key: string, value: unknown) => unknown) as JsonValue;
}

/** What `JSON.stringify` writes as this number, digit by digit: `50000.00` stays so. Throws SyntaxError for other text. */
export function jsonNumber(text: string): unknown {
  if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text)) throw new SyntaxError(`${text} is no plain JSON number`);
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
