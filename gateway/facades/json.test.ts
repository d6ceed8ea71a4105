import { expect, test } from "vitest";
import { JsonNumber, jsonNumber, readJson } from "./json.ts";

test("numbers keep their digits at any depth", () => {
  const read = readJson('{"amount":100.50,"list":[12345678901234567890,-0,1e400],"text":"1.0","no":null}');
  expect(read).toEqual({
    amount: new JsonNumber("100.50"),
    list: [new JsonNumber("12345678901234567890"), new JsonNumber("-0"), new JsonNumber("1e400")],
    text: "1.0",
    no: null,
  });
});

test.each(['{"__proto__":{"a":1}}', '{"a":[{"__proto__":1}]}', "{", "", "01"])("%s is refused", (text) => {
  expect(() => readJson(text)).toThrow(SyntaxError);
});

test("a number is written digit by digit", () => {
  expect(JSON.stringify({ a: jsonNumber("50000.00"), b: jsonNumber("-99999999999999999999.10") })).toBe(
    '{"a":50000.00,"b":-99999999999999999999.10}',
  );
});

test.each(["", "1.", ".5", "01", "1e3", '"1"', "1,2", "null"])("%j is not written as a number", (text) => {
  expect(() => jsonNumber(text)).toThrow(SyntaxError);
});
