import { describe, expect, it } from "vitest";
import { TYPE } from "../../engine/record.ts";
import { explain, type ScanContext } from "./index.ts";
import { damage, oddCommand, type Random, seeded, spell, validCommand } from "./testing/generate.ts";
import { expectedOf } from "./testing/oracle.ts";
import { bodyOf, CONTEXT, scanOf } from "./testing/scan.ts";

const CONTEXTS: readonly ScanContext[] = [
  CONTEXT,
  { ...CONTEXT, strict: true, currency: { index: 4, scale: 18, code: "ETH" }, partner: 0xffff_ffff },
  { ...CONTEXT, minAmount: { hi: 0, lo: 500 }, maxAmount: { hi: 3, lo: 250 } },
  { ...CONTEXT, types: (1 << TYPE.capture) | (1 << TYPE.release) },
];

/** Compares scan, oracle and explainer on one body; true if it was taken. */
function agree(body: Uint8Array, context: ScanContext, garbage: number): boolean {
  const scanned = scanOf(body, context, garbage);
  const expected = expectedOf(body, context);
  const errors = explain(body, context);
  const same =
    scanned === undefined || expected === undefined
      ? scanned === expected
      : scanned.count === expected.count &&
        scanned.atomic === expected.atomic &&
        Buffer.compare(scanned.records, expected.records) === 0;
  if (!same || (scanned === undefined) !== errors.length > 0) {
    expect.fail(
      `they differ on ${JSON.stringify(Buffer.from(body).toString("latin1"))}: scan ${JSON.stringify(scanned)}, ` +
        `oracle ${JSON.stringify(expected)}, explain ${JSON.stringify(errors)}`,
    );
  }
  return scanned !== undefined;
}

function commandsOf(random: Random, make: (random: Random) => ReturnType<typeof validCommand>) {
  return Array.from({ length: 1 + random(3) }, () => make(random));
}

function run(seed: number, rounds: number, make: (random: Random) => Uint8Array): { taken: number; refused: number } {
  const random = seeded(seed);
  const tally = { taken: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const context = CONTEXTS[random(7)] ?? CONTEXT;
    if (agree(make(random), context, 1 + random(255))) tally.taken++;
    else tally.refused++;
  }
  return tally;
}

function atomicOf(random: Random): boolean | undefined {
  return [undefined, true, false][random(3)];
}

describe("scan gives the records that JSON.parse, a plain validator and a plain encoder give", () => {
  it("for valid bodies in any order of keys, white space and escapes", () => {
    const tally = run(1, 36_000, (random) => bodyOf(spell(commandsOf(random, validCommand), atomicOf(random), random)));
    expect(tally.taken).toBeGreaterThan(23_000); // the others break the bounds of the third context or the types of the fourth
  });

  it("and refuses what they refuse, when a field is missing, foreign, doubled or odd", () => {
    const tally = run(2, 36_000, (random) => bodyOf(spell(commandsOf(random, oddCommand), atomicOf(random), random)));
    expect(tally.taken).toBeGreaterThan(1_500);
    expect(tally.refused).toBeGreaterThan(20_000);
  });

  it("and refuses what they refuse, when bytes are damaged", () => {
    const tally = run(3, 36_000, (random) =>
      damage(bodyOf(spell(commandsOf(random, validCommand), atomicOf(random), random)), random),
    );
    expect(tally.taken).toBeGreaterThan(1_000);
    expect(tally.refused).toBeGreaterThan(20_000);
  });
});

it("bodies that differ in spelling only give identical bytes", () => {
  const random = seeded(4);
  for (let round = 0; round < 3_000; round++) {
    const commands = commandsOf(random, validCommand);
    const atomic = atomicOf(random);
    const first = scanOf(bodyOf(spell(commands, atomic, random)), CONTEXT, 0xff);
    const second = scanOf(bodyOf(spell(commands, atomic, random)), CONTEXT, 1 + random(200));
    expect(Buffer.compare(first!.records, second!.records)).toBe(0);
  }
});
