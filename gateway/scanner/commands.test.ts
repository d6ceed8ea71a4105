import { expect, it } from "vitest";
import { BODY_BYTES_MAX, BUCKET_COMMANDS_MAX } from "../../engine/limits.ts";
import { TYPE } from "../../engine/record.ts";
import { COMMAND_FIELDS, COMMAND_NAMES, CommandScanner, type Currency, explain, FULL, REFUSED } from "./index.ts";
import { bodyOf, CONTEXT, errorsOf, scanOf } from "./testing/scan.ts";

function targetOf(bytes: number, start = 0) {
  const memory = new ArrayBuffer(bytes);
  const views = { bytes: new Uint8Array(memory), words: new Int32Array(memory), floats: new Float64Array(memory) };
  return { ...views, start, limit: bytes };
}

function freezes(count: number): Uint8Array {
  return bodyOf(
    `{"commands":[${Array.from({ length: count }, (_, n) => `{"id":"i${n}","type":"freeze","account":"a"}`)}]}`,
  );
}

function records(text: string, context = CONTEXT): string {
  return Buffer.from(scanOf(bodyOf(text), context)?.records ?? []).toString("hex");
}

it("a credit has exactly these bytes", () => {
  const body = '{"commands":[{"id":"ord-1","type":"credit","account":"acc","amount":"10.25"}]}';
  expect(records(body)).toBe(
    // type 2, lengths 5 3 0 0, fields AMOUNT, context 0, 5 units | partner 41 | currency 1, resultUnits 0, width 0
    `0205030000010005${"29000000"}${"01000000"}` +
      // 1025 as float64 | "ord-1" padded to 8 | "acc" padded to 4 | padded to 8
      `0000000000049040${"6f72642d31000000"}${"61636300"}${"00000000"}`,
  );
});

it("the currency of capture, release and reverse is left to the hold unless the command gives one or an amount", () => {
  const currencyOf = (fields: string): number =>
    scanOf(bodyOf(`{"commands":[{"id":"a",${fields}}]}`), CONTEXT)!.records[12]!;
  expect(currencyOf('"type":"capture","hold":"h"')).toBe(0);
  expect(currencyOf('"type":"capture","hold":"h","amount":1')).toBe(1);
  expect(currencyOf('"type":"capture","hold":"h","currency":"JPY"')).toBe(2);
  expect(currencyOf('"type":"release","hold":"h"')).toBe(0);
  expect(currencyOf('"type":"reverse","command":"c"')).toBe(0);
  expect(currencyOf('"type":"reverse","command":"c","currency":"KWD"')).toBe(3);
  expect(currencyOf('"type":"freeze","account":"c"')).toBe(1);
});

it("atomic marks every record and the last one as the bucket's end, wherever the body says it", () => {
  const one = '{"id":"a","type":"freeze","account":"b"}';
  const contexts = (body: string, strict: boolean): number[] => {
    const { records } = scanOf(bodyOf(body), { ...CONTEXT, strict })!;
    return [0, 1].map((record) => records[record * 24 + 6]!);
  };
  expect(contexts(`{"commands":[${one},${one}],"atomic":true}`, false)).toEqual([1, 3]);
  expect(contexts(`{"atomic":true,"commands":[${one},${one}]}`, true)).toEqual([5, 7]);
  expect(contexts(`{"atomic":false,"commands":[${one},${one}]}`, true)).toEqual([4, 4]);
  expect(contexts(`{"commands":[${one},${one}]}`, false)).toEqual([0, 0]);
});

it("a transfer to the same account is the engine's to refuse", () => {
  const body = '{"commands":[{"id":"a","type":"transfer","account":"b","to":"b","amount":1}]}';
  expect(scanOf(bodyOf(body), CONTEXT)?.count).toBe(1);
});

it("the partner's bounds hold for every amount, both included, and are told apart", () => {
  const context = { ...CONTEXT, minAmount: { hi: 0, lo: 100 }, maxAmount: { hi: 1, lo: 5 } };
  const bodyWith = (amount: string): Uint8Array =>
    bodyOf(`{"commands":[{"id":"a","type":"debit","account":"b","amount":"${amount}"}]}`);
  for (const amount of ["1", "1.00", "10000000000000.05"]) expect(scanOf(bodyWith(amount), context)?.count).toBe(1);
  for (const [amount, code] of [
    ["0.99", "AMOUNT_TOO_SMALL"],
    ["10000000000000.06", "AMOUNT_TOO_LARGE"],
  ] as const) {
    expect(scanOf(bodyWith(amount), context)).toBeUndefined();
    expect(errorsOf(bodyWith(amount), context)).toEqual([`/commands/0/amount ${code}`]);
  }
});

it("a bucket has at most 10,000 commands, and one body after another may come", () => {
  const scanner = new CommandScanner();
  const target = targetOf(1 << 20);
  const full = freezes(BUCKET_COMMANDS_MAX);
  const over = freezes(BUCKET_COMMANDS_MAX + 1);
  expect(scanner.scan(full, full.length, CONTEXT, target)).toBe(BUCKET_COMMANDS_MAX);
  expect(scanner.scan(over, over.length, CONTEXT, target)).toBe(REFUSED);
  expect(errorsOf(over)).toEqual(["/commands TOO_MANY_COMMANDS"]);
  expect(scanner.scan(full, full.length, CONTEXT, target)).toBe(BUCKET_COMMANDS_MAX);
});

it("a body has at most 4 MiB, of which none is lost", () => {
  const scanner = new CommandScanner();
  const target = targetOf(1 << 12);
  const body = Buffer.alloc(BODY_BYTES_MAX + 1, " ");
  body.write('{"commands":[{"id":"a","type":"freeze","account":"b"}]');
  body.write("}", BODY_BYTES_MAX - 1);
  expect(scanner.scan(body, BODY_BYTES_MAX, CONTEXT, target)).toBe(1);
  expect(scanner.scan(body, BODY_BYTES_MAX + 1, CONTEXT, target)).toBe(REFUSED);
  expect(explain(body, CONTEXT).map(({ code }) => code)).toEqual(["BODY_TOO_LARGE"]);
});

it("a target one unit too small is FULL, and nothing is written behind its limit", () => {
  const scanner = new CommandScanner();
  const body = freezes(3);
  for (let limit = 64; limit <= 64 + 3 * 24; limit += 8) {
    const target = { ...targetOf(1024, 64), limit };
    const isEnough = limit === 64 + 3 * 24;
    expect(scanner.scan(body, body.length, CONTEXT, target)).toBe(isEnough ? 3 : FULL);
    expect(scanner.end).toBe(isEnough ? limit : 64);
    expect(target.bytes.subarray(limit).every((byte) => byte === 0)).toBe(true);
  }
});

it("refusals leave nothing behind that a later body could trip over", () => {
  const refused = [
    '{"\\u0063ommands":1}',
    '{"\\u0061tomic":true,"\\u0061tomic":1}',
    '{"commands":[{"id":"\\u0061","memo":"\\n"}]}',
  ];
  for (const body of refused) {
    for (let round = 0; round < 2000; round++) expect(scanOf(bodyOf(body), CONTEXT)).toBeUndefined();
  }
  expect(scanOf(freezes(2), CONTEXT)?.count).toBe(2);
});

it("every string of a command may be escaped, and the body's keys behind it", () => {
  const escaped = (text: string): string =>
    `"${[...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`;
  const fields = { id: "i".repeat(64), type: "transfer", account: "a".repeat(64), to: "t".repeat(64), amount: "10.25" };
  const more = { currency: "CNY", memo: "m".repeat(128), issued: "2026-11-20T10:00:00.123456789Z" };
  const members = Object.entries({ ...fields, ...more }).map(([key, text]) => `${escaped(key)}:${escaped(text)}`);
  const body = (command: string): string => `{${escaped("commands")}:[${command}],${escaped("atomic")}:true}`;
  expect(records(body(`{${members},${escaped("open")}:true}`))).toBe(
    records(`{"atomic":true,"commands":[${JSON.stringify({ ...fields, ...more })}]}`),
  );
});

it("only the first `length` bytes count", () => {
  const scanner = new CommandScanner();
  const body = freezes(1);
  const longer = Buffer.concat([body, bodyOf("garbage")]);
  expect(scanner.scan(longer, body.length, CONTEXT, targetOf(256))).toBe(1);
  expect(scanner.scan(longer, longer.length, CONTEXT, targetOf(256))).toBe(REFUSED);
});

it("a currency is asked for once, one that is not known each time, and another registry is asked anew", () => {
  const asked: string[] = [];
  const known = new Map<string, Currency>([["EUR", { index: 9, scale: 2, code: "EUR" }]]);
  const registry = {
    byCode(code: string) {
      asked.push(code);
      return known.get(code);
    },
  };
  const body = (code: string): Uint8Array =>
    bodyOf(`{"commands":[{"id":"a","type":"freeze","account":"b","currency":"${code}"}]}`);
  const context = { ...CONTEXT, currencies: registry };
  for (let i = 0; i < 3; i++) expect(scanOf(body("EUR"), context)?.records[12]).toBe(9);
  for (let i = 0; i < 2; i++) expect(scanOf(body("NEW"), context)).toBeUndefined();
  known.set("NEW", { index: 10, scale: 0, code: "NEW" });
  expect(scanOf(body("NEW"), context)?.records[12]).toBe(10);
  expect(asked).toEqual(["EUR", "NEW", "NEW", "NEW"]);
  expect(scanOf(body("EUR"), CONTEXT)).toBeUndefined();
});

it("a thousand currencies with codes of 1 to 12 bytes are never taken for each other", () => {
  // Every second one differs from the others behind its eighth byte only.
  const codeOf = (n: number): string => {
    const digits = n.toString(36).toUpperCase();
    return n % 2 === 0 ? `${digits}ZZZZZZZZZZ`.slice(0, 2 + (n % 11)) : `AAAAAAAA${digits}`;
  };
  const codes = [...new Set(Array.from({ length: 1000 }, (_, n) => codeOf(n)))];
  const known = new Map(codes.map((code, n) => [code, { index: n + 1, scale: n % 19, code }]));
  const context = { ...CONTEXT, currencies: { byCode: (code: string) => known.get(code) } };
  for (const code of [...codes, ...codes]) {
    const { records } = scanOf(
      bodyOf(`{"commands":[{"id":"a","type":"freeze","account":"b","currency":"${code}"}]}`),
      context,
    )!;
    expect(Buffer.from(records).readUInt16LE(12)).toBe(known.get(code)?.index);
  }
});

it("the field table has every type that a client may send, and no field twice", () => {
  expect(COMMAND_NAMES.toSorted()).toEqual(Object.keys(TYPE).slice(0, 12).toSorted());
  for (const { required, optional } of Object.values(COMMAND_FIELDS)) {
    const all = [...required, ...optional];
    expect(new Set(all).size).toBe(all.length);
  }
});
