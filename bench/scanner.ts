/**
 * Micro-benchmark of the scanners of commands and of request-balance's orders against `JSON.parse` alone, in alternating rounds of one run. Checks its own
 * result before it prints: the count, the records' sum of amounts, and identical bytes in every round.
 *
 *   node bench/scanner.ts [rounds]
 */
import { createHash } from "node:crypto";
import { COMMAND_HEAD_BYTES } from "../engine/index.ts";
import { CommandScanner, OrderScanner, type RecordTarget, type ScanContext } from "../gateway/index.ts";

const COMMANDS = 20;
const BODIES = 500;
const PASSES = 10;
const ROUNDS = Number(process.argv[2] ?? 9);

const CNY = { index: 1, scale: 2, code: "CNY" };
const context: ScanContext = {
  partner: 7,
  currency: CNY,
  strict: false,
  currencies: { byCode: (code) => (code === "CNY" ? CNY : undefined) },
};

interface Shape {
  readonly name: string;
  command(n: number): object;
  readonly space?: number;
  /** A bare array of orders. */
  readonly isOrders?: true;
}

const SHAPES: readonly Shape[] = [
  { name: "orders of two partners, in turn", command: order, isOrders: true },
  { name: "credit, compact", command: credit },
  { name: "credit, indented", command: credit, space: 1 },
  {
    name: "transfer with currency, memo, issued",
    command: (n) => ({
      ...credit(n),
      type: "transfer",
      to: `acc-${pad(n % 99, 7)}`,
      currency: "CNY",
      memo: "invoice 2026-11",
      issued: "2026-11-20T13:35:00.125Z",
    }),
  },
];

function credit(n: number): { id: string; type: string; account: string; amount: string } {
  return {
    id: `ord-${pad(n, 16)}`,
    type: "credit",
    account: `acc-${pad(n % 1000, 7)}`,
    amount: `10.${pad(n % 100, 2)}`,
  };
}

/** As request-balance's callers send them, with the credits' amounts. */
function order(n: number): object {
  return {
    AmountRequest: 1000 + (n % 100),
    PartnerCode: n % 2 === 0 ? "TEST" : "TEST1",
    PartnerIdentification: 1234,
    OrderID: 1_000_000_000_000_000 + n,
    TypeRequest: n % 4 < 2 ? "payment" : "recharge",
  };
}

function pad(n: number, digits: number): string {
  return String(n).padStart(digits, "0");
}

function makeBodies(shape: Shape): Buffer[] {
  return Array.from({ length: BODIES }, (_, body) => {
    const commands = Array.from({ length: COMMANDS }, (_, i) => shape.command(body * COMMANDS + i));
    return Buffer.from(JSON.stringify(shape.isOrders ? commands : { commands }, null, shape.space));
  });
}

function makeTarget(): RecordTarget {
  const memory = new SharedArrayBuffer(1 << 20);
  const views = { bytes: new Uint8Array(memory), words: new Int32Array(memory), floats: new Float64Array(memory) };
  return { ...views, start: 4096, limit: memory.byteLength };
}

const scanner = new CommandScanner();
const orderScanner = new OrderScanner();
const target = makeTarget();
const orders = {
  partners: {
    version: 1,
    byCode: (code: string) => ({ partner: code.length, currency: 1, strict: false, ring: 0 }),
  },
  only: 0,
  rings: { open: () => target },
};

/** Nanoseconds a command for PASSES passes over the bodies. */
function timeOf(bodies: readonly Buffer[], work: (body: Buffer) => unknown): number {
  const begin = process.hrtime.bigint();
  for (let pass = 0; pass < PASSES; pass++) for (const body of bodies) work(body);
  return Number(process.hrtime.bigint() - begin) / (PASSES * bodies.length * COMMANDS);
}

/** Scans a body into the target; returns the byte behind the records. */
type Scan = (body: Buffer) => number;

const scanCommands: Scan = (body) => {
  if (scanner.scan(body, body.length, context, target) !== COMMANDS) throw new Error("a body was refused");
  return scanner.end;
};

const scanOrders: Scan = (body) => {
  if (orderScanner.scan(body, body.length, orders) !== COMMANDS) throw new Error("a body was refused");
  return target.start + orderScanner.bytesOf(0);
};

function parseOne(body: Buffer): void {
  const parsed = JSON.parse(body.toString("utf8"));
  if ((parsed.commands ?? parsed).length !== COMMANDS) throw new Error("a body lost commands");
}

/** Hash of all records, after checking that the amounts sum to what the shapes' amounts sum to. */
function check(bodies: readonly Buffer[], scan: Scan): string {
  const hash = createHash("sha256");
  let sum = 0;
  for (const body of bodies) {
    const end = scan(body);
    for (let at = target.start; at < end; at += target.bytes[at + 7]! * 8) {
      sum += target.floats[(at + COMMAND_HEAD_BYTES) / 8]!;
    }
    hash.update(target.bytes.subarray(target.start, end));
  }
  let expected = 0;
  for (let n = 0; n < BODIES * COMMANDS; n++) expected += 1000 + (n % 100);
  if (sum !== expected) throw new Error(`the amounts sum to ${sum}, not to ${expected}`);
  return hash.digest("hex");
}

/** Bytes of heap a command, collections aside: nothing but the buckets' own small change may be allocated. */
function heapBytes(bodies: readonly Buffer[], scan: Scan): number {
  const before = process.memoryUsage().heapUsed;
  for (const body of bodies) scan(body);
  return Math.max(0, process.memoryUsage().heapUsed - before) / (bodies.length * COMMANDS);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function run(shape: Shape): void {
  const bodies = makeBodies(shape);
  const work = shape.isOrders ? scanOrders : scanCommands;
  const before = check(bodies, work);
  const scans: number[] = [];
  const ratios: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const scan = timeOf(bodies, work);
    const parse = timeOf(bodies, parseOne);
    if (round < 0) continue; // the first two rounds compile
    scans.push(scan);
    ratios.push(parse / scan);
  }
  const heap = heapBytes(bodies, work);
  if (check(bodies, work) !== before) throw new Error("the records differ between rounds");
  const bytes = bodies[0]!.length / COMMANDS;
  const rate = (1000 / median(scans)).toFixed(1);
  const range = `${Math.min(...scans).toFixed(0)} to ${Math.max(...scans).toFixed(0)}`;
  console.log(
    `${shape.name}: ${rate} M commands/s, ${median(scans).toFixed(0)} ns (${range}) for ${bytes.toFixed(0)} bytes; ` +
      `JSON.parse takes ${median(ratios).toFixed(1)} times as long; ${heap.toFixed(1)} bytes of heap a command`,
  );
}

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}; ${COMMANDS} commands a body, median of ${ROUNDS} rounds`,
);
for (const shape of SHAPES) run(shape);
