/** Rows as text: what LOAD DATA reads, and what a statement of many rows says. */
import { escape as escaped } from "mysql2";

/** A column's value; a decimal is text. */
export type Value = string | number | null;

/** What needs no escaping: names, decimals, times. */
const PLAIN = /^[A-Za-z0-9@._: -]*$/;

/** A value as SQL. */
export function sqlText(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(value);
  return PLAIN.test(value) ? `'${value}'` : escaped(value);
}

const NEEDS_ESCAPE = /[\\\t\n\r\0]/;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0" };

/** A value as a field of a line, as LOAD DATA reads it unless told otherwise. */
export function fieldText(value: Value): string {
  if (value === null) return "\\N";
  if (typeof value === "number") return String(value);
  return NEEDS_ESCAPE.test(value) ? value.replace(/[\\\t\n\r\0]/g, (sign) => ESCAPES[sign]!) : value;
}

/** `2026-11-20 08:00:00.000` for an RFC 3339 time in UTC or for ms since 1970. */
export function timeText(at: string | number): string {
  const text = typeof at === "string" && at.length === 24 ? at : new Date(at).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)}`;
}
