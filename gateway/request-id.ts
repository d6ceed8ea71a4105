import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const GIVEN = /^[A-Za-z0-9._:-]{1,64}$/;
const PREFIX = randomBytes(9).toString("base64url");
let made = 0;

/**
 * The client's `X-Request-Id` if it is 1 to 64 bytes of `[A-Za-z0-9._:-]`, else a new one: a prefix of the process and a
 * count, because every request makes one and a random UUID costs more than the rest of routing.
 */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers["x-request-id"];
  if (typeof given === "string" && GIVEN.test(given)) return given;
  return `${PREFIX}.${(made++).toString(36)}`;
}
