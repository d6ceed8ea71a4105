/** Runs a scan for tests: over a target full of garbage, from a body that lies anywhere in its buffer. */
import { CommandScanner, explain, FULL, type ScanContext } from "../index.ts";
import { SCALES } from "./generate.ts";

/** Room for the longest body of the tests, and for its records. */
const TARGET_BYTES = 2 << 20;
const START = 64;

const CODES = Object.keys(SCALES);
const CURRENCIES = new Map(CODES.map((code, i) => [code, { index: i + 1, scale: SCALES[code]!, code }]));

export const CONTEXT: ScanContext = {
  partner: 41,
  currency: CURRENCIES.get("CNY")!,
  strict: false,
  currencies: { byCode: (code) => CURRENCIES.get(code) },
};

const scanner = new CommandScanner();
const memory = new SharedArrayBuffer(TARGET_BYTES);
const views = { bytes: new Uint8Array(memory), words: new Int32Array(memory), floats: new Float64Array(memory) };
const carrier = Buffer.alloc(TARGET_BYTES, 0x5c);

export interface Scanned {
  readonly count: number;
  readonly atomic: boolean;
  readonly records: Uint8Array;
}

/** Records of a body, or undefined if it is refused. Throws if the target is too small or touched outside. */
export function scanOf(body: Uint8Array, context: ScanContext, garbage = 0xa5): Scanned | undefined {
  views.bytes.fill(garbage, 0, START + body.length * 2 + 128);
  const offset = 1 + (garbage % 7);
  carrier.set(body, offset);
  const view = carrier.subarray(offset, offset + body.length + 3);
  const target = { ...views, start: START, limit: TARGET_BYTES };
  const count = scanner.scan(view, body.length, context, target);
  if (count === FULL) throw new Error("the target is too small for this test");
  if (views.bytes.subarray(0, START).some((byte) => byte !== garbage))
    throw new Error("bytes before the start changed");
  if (count < 0) return undefined;
  if (views.bytes[scanner.end] !== garbage) throw new Error("a byte behind the end changed");
  return { count, atomic: scanner.atomic, records: views.bytes.slice(START, scanner.end) };
}

export function bodyOf(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** The first errors of a body as `pointer code`, one a line. */
export function errorsOf(body: Uint8Array, context: ScanContext = CONTEXT): string[] {
  return explain(body, context).map(({ pointer, code }) => `${pointer} ${code}`);
}
