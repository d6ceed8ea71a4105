/** RFC 3339 times in UTC, from their digits. */
import { BYTE } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";

const { MINUS, DOT, COLON, DIGIT_0, UPPER_T, UPPER_Z } = BYTE;
const bytes = new Uint8Array(SCAN_MEMORY);

/** What `readTime` returns for anything but a time. */
export const NOT_A_TIME = -1;

const DAY_MS = 86_400_000;
/** Days of a common year before each month, and at [12] all of them. */
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365] as const;

/**
 * Milliseconds since 1970 of `YYYY-MM-DDTHH:MM:SS(.f{1,9})?Z` in `length` bytes at `at` in the scan memory, or NOT_A_TIME. Years 1970 to
 * 9999, real dates only, no leap second (no number of milliseconds stands for it). Places behind the third are cut
 * off, not rounded: microseconds are what many clients write, and a time must never come out later than it was.
 */
export function readTime(at: number, length: number): number {
  if (length < 20 || length > 30 || !isPunctuated(at, at + length - 1)) return NOT_A_TIME;
  const year = pairAt(at) * 100 + pairAt(at + 2);
  const month = pairAt(at + 5);
  const day = pairAt(at + 8);
  const days = daysSince1970(year, month, day);
  const hour = pairAt(at + 11);
  const minute = pairAt(at + 14);
  const second = pairAt(at + 17);
  const fractionMs = readFraction(at + 19, at + length - 1);
  // NaN, from a byte that is no digit, fails every one of these.
  if (!(days >= 0 && hour <= 23 && minute <= 59 && second <= 59 && fractionMs >= 0)) return NOT_A_TIME;
  return days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000 + fractionMs;
}

function isPunctuated(at: number, last: number): boolean {
  const dashes = bytes[at + 4] === MINUS && bytes[at + 7] === MINUS;
  const colons = bytes[at + 13] === COLON && bytes[at + 16] === COLON;
  return dashes && bytes[at + 10] === UPPER_T && colons && bytes[last] === UPPER_Z;
}

/** The number written as two digits, or NaN. */
function pairAt(at: number): number {
  const tens = bytes[at]! - DIGIT_0;
  const ones = bytes[at + 1]! - DIGIT_0;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Milliseconds of `.f{1,9}` or of nothing between the two positions, or NaN. */
function readFraction(from: number, to: number): number {
  if (from === to) return 0;
  if (bytes[from] !== DOT || to === from + 1) return Number.NaN;
  let ms = 0;
  let unit = 100;
  for (let at = from + 1; at < to; at++) {
    const digit = bytes[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (unit >= 1) ms += digit * unit;
    unit /= 10;
  }
  return ms;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar from then on, or NaN if there is no such date. */
function daysSince1970(year: number, month: number, day: number): number {
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const leapDay = isLeap && month === 2 ? 1 : 0;
  if (!(day <= DAYS_BEFORE[month]! - DAYS_BEFORE[month - 1]! + leapDay)) return Number.NaN;
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  return (year - 1970) * 365 + leapDays + DAYS_BEFORE[month - 1]! + (isLeap && month > 2 ? 1 : 0) + day - 1;
}
