/** The simulator's own reading of money: it is the truth of tests, so it shares no code with what they test. */

/** Cents as a decimal with two places. */
export function centsText(cents: number): string {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * Whole cents of a decimal literal, `14.48`, `5` or `0.1`; undefined for anything else, or below `min` or above `max` (cents). Read from its
 * digits, because 14.48 as a float is not 14.48.
 */
export function centsOf(
  literal: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const match = /^([0-9]{1,13})(?:\.([0-9]{1,2}))?$/.exec(literal);
  if (match === null) return undefined;
  const cents = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return cents >= min && cents <= max ? cents : undefined;
}
