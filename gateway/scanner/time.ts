/** RFC 3339 times in UTC, from their digits. */
import { BYTE } from "./bytes.ts";
import { SCAN_MEMORY } from "./memory.ts";

// Local copies, see bytes.ts.
const { MINUS, DOT, COLON, DIGIT_0, UPPER_T, UPPER_Z } = BYTE;
const bytes = new Uint8Array(SCAN_MEMORY);

const DAY_MS = 86_400_000;
/** Days of a common year before each month, and at [12] all of them. */
const DAYS_BEFORE = Int32Array.of(0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365);
/** Leap days of the calendar before 1970. */
const LEAP_DAYS_BEFORE_1970 = 477;

/** Stands for two digits that are none: above 9999 in either half of a year, and above every other bound. */
const NO_DIGITS = 100_000;

/** [0]: milliseconds since 1970 of the time read last. A float64 that is returned would be an object on the heap. */
const timeRead = new Float64Array(1);
export const TIME_READ = timeRead;

/**
 * Reads `YYYY-MM-DDTHH:MM:SS(.f{1,9})?Z` in `length` bytes at `at` of the scan memory into TIME_READ; false for anything
 * else. Years 1970 to 9999, real dates only, no leap second (no number of milliseconds stands for it). Places behind the
 * third are cut off, not rounded: microseconds are what many clients write, and a time must never come out later than
 * it was.
 */
export function readTime(at: number, length: number): boolean {
  if (length < 20 || length > 30 || !isPunctuated(at, at + length - 1)) return false;
  const days = daysSince1970(pairAt(at) * 100 + pairAt(at + 2), pairAt(at + 5), pairAt(at + 8));
  const hour = pairAt(at + 11);
  const minute = pairAt(at + 14);
  const second = pairAt(at + 17);
  const fractionMs = readFraction(at + 19, at + length - 1);
  if (days < 0 || hour > 23 || minute > 59 || second > 59 || fractionMs < 0) return false;
  timeRead[0] = days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000 + fractionMs;
  return true;
}

function isPunctuated(at: number, last: number): boolean {
  const dashes = bytes[at + 4] === MINUS && bytes[at + 7] === MINUS;
  const colons = bytes[at + 13] === COLON && bytes[at + 16] === COLON;
  return dashes && bytes[at + 10] === UPPER_T && colons && bytes[last] === UPPER_Z;
}

/** The number written as two digits, or NO_DIGITS. */
function pairAt(at: number): number {
  const tens = bytes[at]! - DIGIT_0;
  const ones = bytes[at + 1]! - DIGIT_0;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

/** Milliseconds of `.f{1,9}` or of nothing between the two positions, or -1. */
function readFraction(from: number, to: number): number {
  if (from === to) return 0;
  if (bytes[from] !== DOT || to === from + 1) return -1;
  let ms = 0;
  for (let at = from + 1; at < to; at++) {
    const digit = bytes[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    if (at <= from + 3) ms = ms * 10 + digit;
  }
  for (let places = to - from - 1; places < 3; places++) ms *= 10;
  return ms;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar from then to 9999, or -1 if there is no such date. */
function daysSince1970(year: number, month: number, day: number): number {
  if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1) return -1;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const before = DAYS_BEFORE[month - 1]!;
  if (day > DAYS_BEFORE[month]! - before + (isLeap && month === 2 ? 1 : 0)) return -1;
  const last = year - 1;
  const leapDays = ((last / 4) | 0) - ((last / 100) | 0) + ((last / 400) | 0) - LEAP_DAYS_BEFORE_1970;
  return (year - 1970) * 365 + leapDays + before + (isLeap && month > 2 ? 1 : 0) + day - 1;
}
