import { expect, test } from "vitest";
import { Random } from "../../engine/model/random.ts";
import { readAmount, shownAmount } from "./amount.ts";
import { JsonNumber } from "./json.ts";

/** What an amount is worth in minor units of `scale`, by BigInt and without a word of the code under test; undefined: it is none. */
function worth(text: string, scale: number): bigint | undefined {
  const [whole, fraction, ...more] = text.split(".");
  const isDigits = (part: string | undefined) =>
    part !== undefined && part !== "" && [...part].every((c) => "0123456789".includes(c));
  if (more.length > 0 || !isDigits(whole) || (fraction !== undefined && !isDigits(fraction))) return undefined;
  if (whole!.length > 1 && whole!.startsWith("0")) return undefined;
  const places = Math.max(scale, 2);
  if ((fraction ?? "").length > places) return undefined;
  const fine = BigInt(whole! + (fraction ?? "").padEnd(places, "0"));
  const unit = 10n ** BigInt(places - scale);
  const minor = fine / unit;
  const isExact = fine % unit === 0n;
  return isExact && minor > 0n && minor < 10n ** 27n ? minor : undefined;
}

function readOrUndefined(text: string, scale: number, asNumber: boolean): string | undefined {
  try {
    return readAmount(asNumber ? new JsonNumber(text) : text, { field: "amount", scale });
  } catch (error) {
    expect(error).toMatchObject({ code: "INVALID_BODY", errors: [{ pointer: "/amount", code: "INVALID_AMOUNT" }] });
    return undefined;
  }
}

/** Texts near the grammar: mostly amounts, often with one character changed, added or taken out. */
function randomText(random: Random): string {
  const digits = (most: number) =>
    Array.from({ length: random.between(1, most) }, () => random.pick([..."0012345678999"])).join("");
  const whole = random.chance(0.2) ? "0" : digits(random.pick([1, 3, 9, 16, 28]));
  const text = random.chance(0.3)
    ? whole
    : `${whole}.${random.chance(0.3) ? "00" : digits(random.pick([1, 2, 3, 19]))}`;
  if (random.chance(0.7)) return text;
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick([..."0.-+eE, _\u0661\n", ""]) + text.slice(at + random.below(2));
}

test("60,000 random texts are read as BigInt reads them, or refused as it refuses them", () => {
  const random = new Random(20261120);
  let [taken, refused] = [0, 0];
  for (let round = 0; round < 60_000; round++) {
    const text = randomText(random);
    const scale = random.pick([0, 1, 2, 2, 2, 3, 4, 18]);
    const read = readOrUndefined(text, scale, random.chance(0.5));
    const expected = worth(text, scale);
    const got =
      read === undefined
        ? undefined
        : BigInt(read.replace(".", "") + "0".repeat(scale - (read.split(".")[1] ?? "").length));
    if (got !== expected) expect({ text, scale, got }).toEqual({ text, scale, got: expected });
    if (expected === undefined) refused++;
    else taken++;
  }
  expect(taken).toBeGreaterThan(15_000);
  expect(refused).toBeGreaterThan(15_000);
});

test("a shown amount has two places at least, and every digit", () => {
  const shown = ["0", "1000", "0.5", "-0.05", "1.234", "99999999999999999999999999.999"].map((text) =>
    JSON.stringify(shownAmount(text)),
  );
  expect(shown).toEqual(["0.00", "1000.00", "0.50", "-0.05", "1.234", "99999999999999999999999999.999"]);
});
