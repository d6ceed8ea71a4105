import { describe, expect, it } from "vitest";
import { bodyOf, CONTEXT, errorsOf, scanOf } from "./testing/scan.ts";

/** One malformed body a line: `name | body | expected errors`. `C(…)` is a body of one credit with these fields more. */
const TABLE = String.raw`
1e400                      | C("amount":1e400)                 | /commands/0/amount INVALID_AMOUNT
an exponent                | C("amount":1e2)                   | /commands/0/amount INVALID_AMOUNT
minus zero                 | C("amount":-0)                    | /commands/0/amount INVALID_AMOUNT
minus zero in a string     | C("amount":"-0")                  | /commands/0/amount INVALID_AMOUNT
zero                       | C("amount":0)                     | /commands/0/amount INVALID_AMOUNT
zero with places           | C("amount":"0.00")                | /commands/0/amount INVALID_AMOUNT
negative                   | C("amount":"-5.00")               | /commands/0/amount INVALID_AMOUNT
too many places            | C("amount":0.001)                 | /commands/0/amount INVALID_AMOUNT
a float's sum              | C("amount":0.30000000000000004)   | /commands/0/amount INVALID_AMOUNT
a leading zero in a string | C("amount":"01")                  | /commands/0/amount INVALID_AMOUNT
a leading zero             | C("amount":01)                    | /commands/0 INVALID_JSON
a plus sign                | C("amount":+1)                    | /commands/0/amount INVALID_JSON
a bare point               | C("amount":1.)                    | /commands/0 INVALID_JSON
a point first              | C("amount":.5)                    | /commands/0/amount INVALID_JSON
10^27 minor units          | C("amount":"10000000000000000000000000.00") | /commands/0/amount INVALID_AMOUNT
10^27 + 1 major units      | C("amount":1000000000000000000000000001)    | /commands/0/amount INVALID_AMOUNT
NaN                        | C("amount":NaN)                   | /commands/0/amount INVALID_JSON
Infinity                   | C("amount":-Infinity)             | /commands/0/amount INVALID_JSON
an empty amount            | C("amount":"")                    | /commands/0/amount INVALID_AMOUNT
an amount that is null     | C("amount":null)                  | /commands/0/amount WRONG_TYPE
an amount in an object     | C("amount":{"value":1})           | /commands/0/amount WRONG_TYPE
__proto__ as a field       | C("amount":1,"__proto__":{"a":1}) | /commands/0/__proto__ UNKNOWN_FIELD
constructor as a field     | C("amount":1,"constructor":1)     | /commands/0/constructor UNKNOWN_FIELD
__proto__ of the body      | {"__proto__":1,"commands":[]}     | /__proto__ UNKNOWN_FIELD; /commands EMPTY_COMMANDS
a key twice                | C("amount":1,"amount":1)          | /commands/0/amount DUPLICATE_KEY
a key twice, escaped       | C("amount":1,"\u0069d":"b")       | /commands/0/id DUPLICATE_KEY
commands twice             | {"commands":[],"commands":[]}     | /commands EMPTY_COMMANDS; /commands DUPLICATE_KEY; /commands EMPTY_COMMANDS
a quote in a key           | C("amount":1,"memo\":x":"m")      | /commands/0/memo":x UNKNOWN_FIELD
a quote in a key, escaped  | C("amount\u0022:":1)              | /commands/0/amount": UNKNOWN_FIELD; /commands/0/amount MISSING_FIELD
a quote in a key of a body | {"commands\":x":[]}               | /commands":x UNKNOWN_FIELD
a quote in a type          | {"commands":[{"id":"a","type":"credit\"x","account":"b","amount":1}]} | /commands/0/type UNKNOWN_TYPE
a slash and a tilde in a key | C("amount":1,"a/b~c":1)         | /commands/0/a~1b~0c UNKNOWN_FIELD
an empty array             | {"commands":[]}                   | /commands EMPTY_COMMANDS
no commands                | {"atomic":true}                   | /commands MISSING_FIELD
an empty object            | {}                                | /commands MISSING_FIELD
an empty command           | {"commands":[{}]}                 | /commands/0/type MISSING_FIELD
an array as the body       | [{"id":"a"}]                      | ${""} WRONG_TYPE
a scalar as the body       | 1                                 | ${""} WRONG_TYPE
white space as the body    | ${" "}                            | ${""} INVALID_JSON
commands as an object      | {"commands":{}}                   | /commands WRONG_TYPE
a command as an array      | {"commands":[[]]}                 | /commands/0 WRONG_TYPE
atomic as a string         | C("amount":1)+"atomic":"true"     | /atomic WRONG_TYPE
an unknown field of a body | C("amount":1)+"mode":1            | /mode UNKNOWN_FIELD
a comma at the end         | {"commands":[],}                  | /commands EMPTY_COMMANDS;  INVALID_JSON
a comma after a command    | {"commands":[{"id":"a"},]}        | /commands/0/type MISSING_FIELD; /commands/1 INVALID_JSON
bytes behind the value     | C("amount":1)}                    | ${""} INVALID_JSON
a comment                  | C("amount":1/**/)                 | /commands/0 INVALID_JSON
single quotes              | {'commands':[]}                   | ${""} INVALID_JSON
a lone high surrogate      | C("amount":1,"memo":"\ud800")     | /commands/0/memo LONE_SURROGATE
a lone low surrogate       | C("amount":1,"memo":"\udc00x")    | /commands/0/memo LONE_SURROGATE
two high surrogates        | C("amount":1,"memo":"\ud800\ud800") | /commands/0/memo LONE_SURROGATE
U+0000, escaped            | C("amount":1,"memo":"a\u0000")    | /commands/0/memo NUL_CHARACTER
an unknown escape          | C("amount":1,"memo":"\x41")       | /commands/0/memo INVALID_JSON
a broken hex escape        | C("amount":1,"memo":"\u00g0")     | /commands/0/memo INVALID_JSON
an unknown type            | {"commands":[{"id":"a","type":"pay"}]}     | /commands/0/type UNKNOWN_TYPE
the group's own type       | {"commands":[{"id":"a","type":"expire"}]}  | /commands/0/type UNKNOWN_TYPE
a type that is a number    | {"commands":[{"id":"a","type":2}]}         | /commands/0/type WRONG_TYPE
a field of another type    | C("amount":1,"to":"b")            | /commands/0/to UNKNOWN_FIELD
a missing field            | C("memo":"x")                     | /commands/0/amount MISSING_FIELD
@world as an account       | {"commands":[{"id":"a","type":"freeze","account":"@world"}]} | /commands/0/account INVALID_ID
an id that is empty        | {"commands":[{"id":"","type":"freeze","account":"a"}]}       | /commands/0/id INVALID_ID
an id that is a number     | {"commands":[{"id":7,"type":"freeze","account":"a"}]}        | /commands/0/id WRONG_TYPE
an unknown currency        | C("amount":1,"currency":"XXX")    | /commands/0/currency UNKNOWN_CURRENCY
a lower-case currency      | C("amount":1,"currency":"cny")    | /commands/0/currency UNKNOWN_CURRENCY
places beyond the currency | C("currency":"JPY","amount":"1.0") | /commands/0/amount INVALID_AMOUNT
places, currency behind    | C("amount":"1.0","currency":"JPY") | /commands/0/amount INVALID_AMOUNT
open as a string           | C("amount":1,"open":"false")      | /commands/0/open WRONG_TYPE
a time with an offset      | C("amount":1,"issued":"2026-11-20T10:00:00+00:00") | /commands/0/issued INVALID_TIME
a day that is none         | C("amount":1,"issued":"2026-02-29T10:00:00Z")      | /commands/0/issued INVALID_TIME
a leap second              | C("amount":1,"issued":"2016-12-31T23:59:60Z")      | /commands/0/issued INVALID_TIME
a time as a number         | C("amount":1,"issued":1)          | /commands/0/issued WRONG_TYPE
expiresIn zero             | H("expiresIn":0)                  | /commands/0/expiresIn INVALID_EXPIRES_IN
expiresIn too long         | H("expiresIn":315360001)          | /commands/0/expiresIn INVALID_EXPIRES_IN
expiresIn with a place     | H("expiresIn":60.0)               | /commands/0/expiresIn INVALID_EXPIRES_IN
expiresIn with an exponent | H("expiresIn":6e1)                | /commands/0/expiresIn INVALID_EXPIRES_IN
expiresIn as a string      | H("expiresIn":"60")               | /commands/0/expiresIn WRONG_TYPE
a floor above zero         | L("minBalance":"0.01")            | /commands/0/minBalance INVALID_LIMIT
a floor of minus zero      | L("minBalance":"-0")              | /commands/0/minBalance INVALID_LIMIT
a ceiling below zero       | L("maxBalance":-1)                | /commands/0/maxBalance INVALID_LIMIT
a ceiling of minus zero    | L("maxBalance":-0)                | /commands/0/maxBalance INVALID_LIMIT
a floor that is true       | L("minBalance":true)              | /commands/0/minBalance WRONG_TYPE
`;

interface Line {
  readonly name: string;
  readonly body: string;
  readonly errors: string[];
}

const HEADS: Readonly<Record<string, string>> = {
  C: '"id":"a","type":"credit","account":"b"',
  H: '"id":"a","type":"hold","account":"b","amount":1',
  L: '"id":"a","type":"limits","account":"b"',
};

function parseTable(table: string): Line[] {
  const lines = table.split("\n").filter((line) => line.includes("|"));
  return lines.map((line) => {
    const [name, short, errors] = line.split(" | ");
    const body = short!.trimEnd().replace(/^([CHL])\((.*)\)(?:\+(.*?))?(\}?)$/, (_all, head, fields, more, behind) => {
      return `{"commands":[{${HEADS[head]},${fields}}]${more === undefined ? "" : `,${more}`}}${behind}`;
    });
    return {
      name: name!.trim(),
      body,
      errors: errors!
        .trimEnd()
        .split("; ")
        .map((error) => error.trimStart()),
    };
  });
}

describe("a malformed body is refused, and told where and why:", () => {
  it.each(parseTable(TABLE))("$name", ({ body, errors }) => {
    expect(scanOf(bodyOf(body), CONTEXT)).toBeUndefined();
    expect(errorsOf(bodyOf(body)).map((error) => error.trimStart())).toEqual(errors);
  });
});

it("the heads of the table are taken with fields that are right", () => {
  for (const [head, fields] of [
    ["C", '"amount":1'],
    ["H", '"expiresIn":60'],
    ["L", '"minBalance":"0"'],
  ] as const) {
    expect(scanOf(bodyOf(`{"commands":[{${HEADS[head]},${fields}}]}`), CONTEXT)?.count).toBe(1);
  }
});

describe("a body that is not UTF-8 is refused:", () => {
  const around = (bytes: number[]): Uint8Array => {
    const [before, behind] = '{"commands":[{"id":"a","type":"freeze","account":"b","memo":"~"}]}'.split("~");
    return Buffer.concat([bodyOf(before!), Uint8Array.from(bytes), bodyOf(behind!)]);
  };

  it.each([
    ["a tail without a lead", [0x80]],
    ["a lead without a tail", [0xc3]],
    ["two bytes of three", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong slash in three", [0xe0, 0x80, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ["Latin-1", [0xe9]],
  ])("%s", (_name, bytes) => {
    expect(scanOf(around(bytes), CONTEXT)).toBeUndefined();
    expect(errorsOf(around(bytes))).toEqual([" INVALID_UTF8"]);
  });

  it("but a memo in UTF-8 is taken", () => {
    expect(scanOf(around([...bodyOf("é€😀中")]), CONTEXT)?.count).toBe(1);
  });

  it("and a byte order mark is refused", () => {
    const body = bodyOf('\ufeff{"commands":[{"id":"a","type":"freeze","account":"b"}]}');
    expect(scanOf(body, CONTEXT)).toBeUndefined();
    expect(errorsOf(body)).toEqual([" BYTE_ORDER_MARK"]);
  });
});

describe("sizes:", () => {
  it("nesting 100,000 levels deep is refused without a stack overflow", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const deep = open.repeat(100_000) + (open === "[" ? "" : "1") + close.repeat(100_000);
      for (const body of [bodyOf(deep), bodyOf(`{"commands":[${deep}]}`)]) {
        expect(errorsOf(body).join()).toMatch(/WRONG_TYPE|UNKNOWN_FIELD/);
        expect(scanOf(body, CONTEXT)).toBeUndefined();
      }
    }
  });

  it("more than 20 errors are cut off", () => {
    expect(errorsOf(bodyOf(`{"commands":[${Array(500).fill("1")}]}`))).toHaveLength(20);
  });

  it("a memo has at most 128 bytes, escaped or not", () => {
    const withMemo = (memo: string): Uint8Array =>
      bodyOf(`{"commands":[{"id":"a","type":"freeze","account":"b","memo":"${memo}"}]}`);
    for (const [unit, bytes] of [
      ["x", 1],
      ["é", 2],
      ["\\u00e9", 2],
      ["\\ud83d\\ude00", 4],
      ["\\n", 1],
    ] as const) {
      expect(scanOf(withMemo(unit.repeat(128 / bytes)), CONTEXT)?.count).toBe(1);
      expect(scanOf(withMemo(`${unit.repeat(128 / bytes)}x`), CONTEXT)).toBeUndefined();
      expect(errorsOf(withMemo(`x${unit.repeat(128 / bytes)}`))).toEqual(["/commands/0/memo INVALID_MEMO"]);
    }
  });
});

it("a body cut off after any byte is refused", () => {
  const whole = bodyOf(
    `{"commands":[{"id":"a1","type":"transfer","account":"b","to":"c","amount":"10.25","currency":"CNY","open":false,` +
      `"memo":"é\\u00e9","issued":"2026-11-20T10:00:00.5Z"},{"id":"a2","type":"limits","account":"b","minBalance":-5,` +
      `"maxBalance":null},{"id":"a3","type":"hold","account":"b","amount":1,"expiresIn":60}],"atomic":true}`,
  );
  expect(scanOf(whole, CONTEXT)?.count).toBe(3);
  for (let length = 0; length < whole.length; length++) {
    const body = whole.subarray(0, length);
    expect(scanOf(body, CONTEXT), `cut at ${length}`).toBeUndefined();
    expect(errorsOf(body)[0], `cut at ${length}`).toMatch(/ (INVALID_JSON|INVALID_UTF8)$/);
  }
});

it("exact amounts at the edges of the number formats are taken as their digits", () => {
  for (const amount of [
    "9007199254740991",
    "9007199254740993",
    "9223372036854775809",
    "9999999999999999999999999.99",
  ]) {
    const asNumber = scanOf(bodyOf(`{"commands":[{${HEADS.C},"amount":${amount}}]}`), CONTEXT);
    const asString = scanOf(bodyOf(`{"commands":[{${HEADS.C},"amount":"${amount}"}]}`), CONTEXT);
    const floats = new Float64Array(asNumber!.records.slice().buffer);
    const minor = BigInt(floats[3]!) * 10n ** 15n + BigInt(floats[2]!);
    expect(minor).toBe(BigInt(amount.includes(".") ? amount.replace(".", "") : `${amount}00`));
    expect(asString!.records).toEqual(asNumber!.records);
  }
});
