/** Orders for the differential test: bodies, a registry, the oracle, and a scan over targets full of garbage. */
import { FULL, OrderScanner, type OrderScope, type PartnerRefusal } from "../index.ts";
import { type Command, type Field, NASTY_VALUES, type Random, shuffle } from "./generate.ts";
import {
  bigOf,
  check,
  type Fields,
  isPlainObject,
  Literal,
  layOut,
  limbs,
  nameOf,
  parseStrictly,
  Refused,
} from "./oracle.ts";

const LONG = "P.-_:x".repeat(10);

/** Partners by code: in three rings, with and without bounds. */
export const SCOPES: ReadonlyMap<string, OrderScope> = new Map<string, OrderScope>([
  ["TEST", { partner: 7, currency: 156, strict: false, ring: 0 }],
  ["TEST1", { partner: 8, currency: 156, strict: true, ring: 1 }],
  ["A", { partner: 0xffff_ffff, currency: 65_535, strict: false, ring: 2 }],
  [
    "BOUNDED",
    { partner: 9, currency: 1, strict: false, ring: 0, minAmount: { hi: 0, lo: 10_001 }, maxAmount: { hi: 2, lo: 4 } },
  ],
  [LONG, { partner: 10, currency: 2, strict: false, ring: 1 }],
]);
const CODES = [...SCOPES.keys()];

export const PARTNERS = {
  version: 1,
  byCode: (code: string): OrderScope | PartnerRefusal =>
    SCOPES.get(code) ?? (code === "SUSPENDED" ? "PARTNER_SUSPENDED" : "UNKNOWN_PARTNER"),
};

const U64_MAX = 2n ** 64n - 1n;

/** An order that must be taken, unless its amount is outside its partner's bounds. */
export function validOrder(random: Random): Command {
  const code = CODES[random(CODES.length)]!;
  const amount = code === "BOUNDED" && random(8) > 0 ? BigInt(10_001 + random(2 ** 31)) : integer(random) || 1n;
  const fields: Command = [
    ["AmountRequest", { json: String(amount) }],
    ["PartnerCode", code],
    ["PartnerIdentification", { json: String(integer(random)) }],
    ["OrderID", { json: String(integer(random)) }],
    ["TypeRequest", random(2) === 0 ? "payment" : "recharge"],
  ];
  return random(2) === 0 ? fields : shuffle(fields, random);
}

/** Values that are wrong for some field, and right for another. */
const NASTY: readonly Field[1][] = [
  ...NASTY_VALUES.map((json) => ({ json })),
  ...[
    "18446744073709551615",
    "18446744073709551616",
    "18446744073709551620",
    "99999999999999999999",
    "00",
    "1e3",
    "1.0",
  ].map((json) => ({ json })),
  ...[
    "SUSPENDED",
    "TEST2",
    "TES",
    "test",
    "payment ",
    "Payment",
    "refund",
    "recharge1",
    'payment"x',
    LONG.slice(1),
    "200000",
  ],
];
const KEYS = [
  "AmountRequest",
  "PartnerCode",
  "OrderID",
  "TypeRequest",
  "PartnerI",
  "orderID",
  "PartnerIdentificatioN",
  'OrderID":1',
  "",
  "__proto__",
];

/** An order with one field dropped, added, doubled or replaced: mostly wrong, sometimes not. */
export function oddOrder(random: Random): Command {
  const order = validOrder(random);
  const at = random(order.length);
  const nasty = NASTY[random(NASTY.length)]!;
  const choice = random(6);
  if (choice === 0) order.splice(at, 1);
  else if (choice === 1) order.push([KEYS[random(KEYS.length)]!, nasty]);
  else if (choice === 2) order.push(order[at]!);
  else order[at] = [order[at]![0], nasty];
  return order;
}

/** 0 to 2^64 - 1, of any length, the ends more often than chance has it. */
function integer(random: Random): bigint {
  const edge = [0n, 1n, 999_999_999_999_999n, 10n ** 15n, 2n ** 53n + 1n, 2n ** 63n, U64_MAX - 1n, U64_MAX][random(24)];
  if (edge !== undefined) return edge;
  const digits = 1 + random(20);
  const text = `${1 + random(9)}${Array.from({ length: digits - 1 }, () => random(10)).join("")}`;
  const value = BigInt(text);
  return value <= U64_MAX ? value : value % U64_MAX;
}

/** Ring -> its count and records. */
export type Shares = ReadonlyMap<number, { readonly count: number; readonly records: string }>;

/** What the scanner must write, from the rules and without its code; undefined if the body must be refused. */
export function expectedOrders(body: Uint8Array, only: number): Shares | undefined {
  try {
    const root = parseStrictly(body);
    check(Array.isArray(root) && root.length > 0 && root.length <= 10_000);
    const shares = new Map<number, Buffer[]>();
    for (const order of root as unknown[]) {
      const { ring, record } = encodeOrder(order, only);
      shares.set(ring, [...(shares.get(ring) ?? []), record]);
    }
    return new Map([...shares].map(([ring, list]) => [ring, shareOf(list.length, Buffer.concat(list))]));
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const shareOf = (count: number, records: Uint8Array) => ({ count, records: Buffer.from(records).toString("hex") });

function encodeOrder(order: unknown, only: number): { ring: number; record: Buffer } {
  check(isPlainObject(order));
  const keys = "AmountRequest,OrderID,PartnerCode,PartnerIdentification,TypeRequest";
  check(Object.keys(order).sort().join(",") === keys);
  const { PartnerCode, TypeRequest } = order as Fields;
  const scope = SCOPES.get(nameOf(PartnerCode));
  check(scope !== undefined && (only === 0 || scope.partner === only));
  check(TypeRequest === "payment" || TypeRequest === "recharge");
  const amount = BigInt(u64(order.AmountRequest));
  check(amount > 0n);
  check(scope.minAmount === undefined || amount >= bigOf(scope.minAmount));
  check(scope.maxAmount === undefined || amount <= bigOf(scope.maxAmount));
  const [lo, hi] = limbs(amount);
  const record = layOut({
    type: TypeRequest === "payment" ? 5 : 2,
    fields: 1,
    contextBits: scope.strict ? 4 : 0,
    width: hi === 0 ? 0 : 1,
    partner: scope.partner,
    currency: scope.currency,
    numbers: hi === 0 ? [lo] : [lo, hi],
    texts: [u64(order.OrderID), "main", "", u64(order.PartnerIdentification)].map((text) => Buffer.from(text)),
  });
  return { ring: scope.ring, record };
}

function u64(value: unknown): string {
  check(value instanceof Literal && /^(0|[1-9][0-9]{0,19})$/.test(value.text) && BigInt(value.text) <= U64_MAX);
  return value.text;
}

const TARGET_BYTES = 1 << 21;
const START = 128;
const memories = Array.from({ length: 3 }, () => new SharedArrayBuffer(TARGET_BYTES));
const targets = memories.map((memory) => ({
  bytes: new Uint8Array(memory),
  words: new Int32Array(memory),
  floats: new Float64Array(memory),
  start: START,
  limit: TARGET_BYTES,
}));
const scanner = new OrderScanner();
const carrier = Buffer.alloc(TARGET_BYTES, 0x5c);

/** What the scanner wrote, or undefined if it refused. Throws if a ring is opened twice or a byte outside is touched. */
export function scanOrders(body: Uint8Array, only: number, garbage = 0xa5): Shares | undefined {
  for (const { bytes } of targets) bytes.fill(garbage, 0, START + body.length + 64);
  const offset = 1 + (garbage % 7);
  carrier.set(body, offset);
  const opened = new Set<number>();
  const rings = {
    open: (ring: number, bytes: number) => {
      if (opened.has(ring) || bytes !== body.length) throw new Error("a ring was opened twice, or for another length");
      opened.add(ring);
      return targets[ring]!;
    },
  };
  const view = carrier.subarray(offset, offset + body.length + 3);
  const count = scanner.scan(view, body.length, { partners: PARTNERS, only, rings });
  if (count === FULL) throw new Error("a target is too small for this test");
  for (const { bytes } of targets) {
    if (bytes.subarray(0, START).some((byte) => byte !== garbage)) throw new Error("bytes before the start changed");
    if (bytes[START + body.length] !== garbage) throw new Error("records are longer than their text");
  }
  if (count < 0) return undefined;
  const shares = scanner.rings.map((ring) => {
    const records = targets[ring]!.bytes.slice(START, START + scanner.bytesOf(ring));
    return [ring, shareOf(scanner.countOf(ring), records)] as const;
  });
  if (shares.reduce((sum, [, share]) => sum + share.count, 0) !== count) throw new Error("the counts do not add up");
  return new Map(shares);
}
