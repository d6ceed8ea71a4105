/** Money of One-Pass: whole cents, read from the digits of a literal and never from a float. */

/** Cents as a decimal with two places: 1448 is `14.48`. */
export function centsText(cents: number): string {
  const sign = cents < 0 ? "-" : "";
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Cents of a decimal such as `100.5` or `100.50`; undefined for other text, more than two places, or above 13 digits. */
export function parseCents(text: string): number | undefined {
  const match = /^(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}
