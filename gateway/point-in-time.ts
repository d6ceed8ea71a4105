import { ApiError } from "./errors.ts";
import type { PointInTime } from "./group.ts";

const SEQUENCE = /^(0|[1-9][0-9]{0,14})$/;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/i;

/**
 * Reads `?at=`: digits are a sequence, anything else an RFC 3339 time in UTC, cut to milliseconds. Throws INVALID_REQUEST for
 * neither, and for days that no calendar has.
 */
export function parsePointInTime(text: string): PointInTime {
  if (SEQUENCE.test(text)) return { sequence: Number(text) };
  const match = TIME.exec(text);
  const seconds = match?.[1]?.toUpperCase() ?? "";
  const timeMs = Date.parse(`${seconds}Z`);
  // Written again and compared, because a parser may take 30 February for 2 March.
  if (Number.isNaN(timeMs) || !new Date(timeMs).toISOString().startsWith(seconds)) {
    throw new ApiError(
      "INVALID_REQUEST",
      "`at` must be a sequence or an RFC 3339 time in UTC, as 2026-11-20T08:00:00Z.",
    );
  }
  return { timeMs: timeMs + Math.trunc(Number(`0${match?.[2] ?? ""}`) * 1000) };
}
