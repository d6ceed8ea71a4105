import { describe, expect, it } from "vitest";
import { BODY_BYTES_MAX, BUCKET_COMMANDS_MAX } from "../../engine/limits.ts";
import { explainOrders, OrderScanner, REFUSED } from "./index.ts";
import { damage, type Random, seeded, spellArray } from "./testing/generate.ts";
import { expectedOrders, oddOrder, PARTNERS, SCOPES, scanOrders, validOrder } from "./testing/orders.ts";
import { bodyOf } from "./testing/scan.ts";

/** Compares scan, oracle and explainer on one body; true if it was taken. */
function agree(body: Uint8Array, only: number, garbage: number): boolean {
  const scanned = scanOrders(body, only, garbage);
  const expected = expectedOrders(body, only);
  const errors = explainOrders(body, { partners: PARTNERS, only });
  const show = (shares: typeof scanned) => JSON.stringify(shares === undefined ? null : [...shares]);
  if (show(scanned) !== show(expected) || (scanned === undefined) !== errors.length > 0) {
    expect.fail(
      `they differ on ${JSON.stringify(Buffer.from(body).toString("latin1"))}: scan ${show(scanned)}, ` +
        `oracle ${show(expected)}, explain ${JSON.stringify(errors)}`,
    );
  }
  return scanned !== undefined;
}

function run(seed: number, rounds: number, make: (random: Random) => Uint8Array): { taken: number; refused: number } {
  const random = seeded(seed);
  const tally = { taken: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    if (agree(make(random), random(12) === 0 ? 7 : 0, 1 + random(255))) tally.taken++;
    else tally.refused++;
  }
  return tally;
}

const ordersOf = (random: Random, make: typeof validOrder) => Array.from({ length: 1 + random(4) }, () => make(random));

describe("scan gives the records of each ring that JSON.parse, a plain validator and a plain encoder give", () => {
  it("for valid arrays of mixed partners in any order of keys, white space and escapes", () => {
    const tally = run(11, 24_000, (random) => bodyOf(spellArray(ordersOf(random, validOrder), random)));
    expect(tally.taken).toBeGreaterThan(15_000); // the others break bounds or name a partner that is not the key's
  });

  it("and refuses what they refuse, when a field is missing, foreign, doubled or odd", () => {
    const tally = run(12, 24_000, (random) => bodyOf(spellArray(ordersOf(random, oddOrder), random)));
    expect(tally.taken).toBeGreaterThan(100);
    expect(tally.refused).toBeGreaterThan(10_000);
  });

  it("and refuses what they refuse, when bytes are damaged", () => {
    const tally = run(13, 24_000, (random) => damage(bodyOf(spellArray(ordersOf(random, validOrder), random)), random));
    expect(tally.taken).toBeGreaterThan(300);
    expect(tally.refused).toBeGreaterThan(10_000);
  });

  it("for the documented spelling with one byte changed, at every byte to every other", () => {
    const text =
      '[{"AmountRequest":200000,"PartnerCode":"TEST","PartnerIdentification":1234,"OrderID":12132131,"TypeRequest":"payment"}]';
    expect(agree(bodyOf(text), 0, 1)).toBe(true);
    const body = bodyOf(text);
    for (let at = 0; at < body.length; at++) {
      for (let byte = 0; byte < 256; byte += 1 + ((at + byte) % 3)) {
        const changed = Uint8Array.from(body);
        changed[at] = byte;
        agree(changed, 0, 2);
      }
      agree(body.subarray(0, at), 0, 3);
    }
  });
});

it("a payment and a recharge have exactly these bytes", () => {
  const body =
    '[{"AmountRequest":200000,"PartnerCode":"TEST","PartnerIdentification":1234,"OrderID":12132131,"TypeRequest":"payment"},' +
    '{"AmountRequest":18446744073709551615,"PartnerCode":"TEST","PartnerIdentification":0,"OrderID":0,"TypeRequest":"recharge"}]';
  expect(scanOrders(bodyOf(body), 0)?.get(0)?.records).toBe(
    // type 5, lengths 8 4 0 4, fields AMOUNT, context 0, 5 units | partner 7 | currency 156, width 0 | 200000
    `0508040004010005${"07000000"}${"9c000000"}${"00000000006a0841"}` +
      `${Buffer.from("12132131main1234").toString("hex")}` +
      // type 2, lengths 1 4 0 1, 6 units | partner 7 | currency 156, width 1 | lower limb, upper limb
      `0201040001010006${"07000000"}${"9c000001"}${doubles(744073709551615, 18446)}${"30000000"}${"6d61696e"}${"30000000"}${"00000000"}`,
  );
});

function doubles(...values: number[]): string {
  return Buffer.from(new Float64Array(values).buffer).toString("hex");
}

function arrayOf(count: number, code: (n: number) => string): Uint8Array {
  const orders = Array.from({ length: count }, (_, n) => ({
    AmountRequest: 20_000,
    PartnerCode: code(n),
    PartnerIdentification: 1,
    OrderID: n,
    TypeRequest: "payment",
  }));
  return bodyOf(JSON.stringify(orders));
}

it("an array has at most 10,000 orders and 4 MiB", () => {
  const full = arrayOf(BUCKET_COMMANDS_MAX, () => "TEST");
  expect(scanOrders(full, 0)?.get(0)?.count).toBe(BUCKET_COMMANDS_MAX);
  const over = arrayOf(BUCKET_COMMANDS_MAX + 1, () => "TEST");
  expect(scanOrders(over, 0)).toBeUndefined();
  const codesOf = (body: Uint8Array) => explainOrders(body, { partners: PARTNERS, only: 0 }).map(({ code }) => code);
  expect(codesOf(over)).toEqual(["TOO_MANY_ORDERS"]);
  const scanner = new OrderScanner();
  const rings = { open: () => expect.fail("nothing is opened") };
  const long = Buffer.alloc(BODY_BYTES_MAX + 1, " ");
  expect(scanner.scan(long, long.length, { partners: PARTNERS, only: 0, rings })).toBe(REFUSED);
  expect(codesOf(long)).toEqual(["BODY_TOO_LARGE"]);
});

it("a partner that changed is asked for anew, and nine thousand partners are never taken for each other", () => {
  const codes = Array.from({ length: 9_000 }, (_, n) => (n % 2 === 0 ? `p${n}` : `a-longer-code-of-a-partner.${n}`));
  const known = new Map(codes.map((code, n) => [code, { ...SCOPES.get("TEST")!, partner: n + 1 }]));
  const asked: string[] = [];
  const partners = {
    version: 1,
    byCode: (code: string) => {
      asked.push(code);
      return known.get(code) ?? ("UNKNOWN_PARTNER" as const);
    },
  };
  const memory = new ArrayBuffer(1 << 21);
  const target = { bytes: new Uint8Array(memory), words: new Int32Array(memory), floats: new Float64Array(memory) };
  const scanner = new OrderScanner();
  const partnersOf = (body: Uint8Array): number[] => {
    const rings = { open: () => ({ ...target, start: 0, limit: 1 << 21 }) };
    const count = scanner.scan(body, body.length, { partners, only: 0, rings });
    const found: number[] = [];
    for (let at = 0; found.length < count; at += target.bytes[at + 7]! * 8) found.push(target.words[at / 4 + 2]!);
    return found;
  };
  // More than the table remembers: it starts anew in the middle.
  for (let round = 0; round < 2; round++) {
    expect(partnersOf(arrayOf(codes.length, (n) => codes[n]!))).toEqual(codes.map((_, n) => n + 1));
  }
  asked.length = 0;
  const two = arrayOf(4, (n) => codes[(n % 2) + 8_998]!);
  expect(partnersOf(two)).toEqual([8_999, 9_000, 8_999, 9_000]);
  expect(asked).toEqual([]);
  known.set(codes[8_999]!, { ...SCOPES.get("TEST")!, partner: 77 });
  partners.version++;
  expect(partnersOf(two)).toEqual([8_999, 77, 8_999, 77]);
  expect(asked).toEqual([codes[8_998], codes[8_999]]);
});

it("what `open` throws ends the scan, and leaves nothing that a later body could trip over", () => {
  const scanner = new OrderScanner();
  const memory = new ArrayBuffer(4096);
  const target = { bytes: new Uint8Array(memory), words: new Int32Array(memory), floats: new Float64Array(memory) };
  let opened: number[] = [];
  const open = (ring: number) => {
    opened.push(ring);
    if (ring === 1 && opened.length === 2) throw new Error("down");
    return { ...target, start: 0, limit: 4096 };
  };
  const body = arrayOf(4, (n) => (n % 2 === 0 ? "TEST" : "TEST1"));
  const scan = () => scanner.scan(body, body.length, { partners: PARTNERS, only: 0, rings: { open } });
  expect(scan).toThrow("down");
  opened = [];
  expect(scan).toThrow("down");
  opened = [9];
  expect(scan()).toBe(4);
  expect([opened, scanner.rings, scanner.countOf(0), scanner.countOf(1)]).toEqual([[9, 0, 1], [0, 1], 2, 2]);
});
