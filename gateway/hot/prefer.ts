import { ApiError } from "../errors.ts";
import { WAIT_SECONDS_MAX } from "../limits.ts";

/** Seconds after which a request without `Prefer: wait` is told that the outcome is unknown. */
const WAIT_SECONDS_DEFAULT = 10;

export interface Wait {
  readonly ms: number;
  /** The client wants the results, not only that they are taken. */
  readonly withResults: boolean;
}

const NONE: Wait = Object.freeze({ ms: WAIT_SECONDS_DEFAULT * 1000, withResults: false });

/** Reads `Prefer: wait=<seconds>` (RFC 7240); other preferences are ignored, as the standard asks. */
export function readPrefer(header: string | string[] | undefined): Wait {
  if (header === undefined) return NONE;
  for (const part of String(header).split(",")) {
    const preference = part.trim();
    if (!/^wait *(?:=|;|$)/i.test(preference)) continue;
    const seconds = /^wait\s*=\s*"?([0-9]{1,6})"?$/i.exec(preference)?.[1];
    if (seconds === undefined || Number(seconds) < 1 || Number(seconds) > WAIT_SECONDS_MAX) {
      throw new ApiError("INVALID_REQUEST", `Prefer: wait takes 1 to ${WAIT_SECONDS_MAX} whole seconds.`);
    }
    return { ms: Number(seconds) * 1000, withResults: true };
  }
  return NONE;
}
