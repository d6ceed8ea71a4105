/** Signed requests: `X-Signature: t=<unix seconds>,v1=<hex>`, an HMAC-SHA256 over `t.METHOD.path?query.sha256hex(body)`. */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../errors.ts";
import { SIGNATURE_TOLERANCE_S } from "../limits.ts";
import type { Partner, Registry } from "../registry/index.ts";

const HEADER = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/;

/** True if the request must carry a good signature: its partner asks for it, or it has one, for what is sent is never ignored. */
export function needsSignature(partner: Partner, headers: IncomingHttpHeaders): boolean {
  return partner.signed === "required" || headers["x-signature"] !== undefined;
}

/** Checks a cold route's request, once its body is read. Throws SIGNATURE_INVALID. */
export function checkSigned(registry: Registry, partner: Partner, { raw, headers, rawBody }: FastifyRequest): void {
  if (needsSignature(partner, headers)) checkSignature(registry, partner, raw, rawBody ?? new Uint8Array(0));
}

/**
 * Checks the signature of a request over its whole `body`, empty where it has none. Throws SIGNATURE_INVALID. A request that is sent
 * again within the tolerance passes again, and has no second effect, for its ids are the same.
 */
export function checkSignature(registry: Registry, partner: Partner, request: IncomingMessage, body: Uint8Array): void {
  const header = request.headers["x-signature"];
  if (header === undefined) throw new ApiError("SIGNATURE_INVALID", "This partner's requests must be signed.");
  const [, time = "", given = ""] =
    HEADER.exec(String(header)) ?? refuse("X-Signature is t=<unix seconds>,v1=<64 hex digits>.");
  const ageS = Date.now() / 1000 - Number(time);
  if (Math.abs(ageS) > SIGNATURE_TOLERANCE_S) {
    refuse(`The signature's time is more than ${SIGNATURE_TOLERANCE_S} s ${ageS > 0 ? "ago" : "ahead"}.`);
  }
  const text = `${time}.${request.method}.${request.url}.${hash("sha256", body, "hex")}`;
  const proof = Buffer.from(given, "hex");
  // All secrets are tried, each compared in constant time: how long it takes tells nothing.
  let isGood = false;
  for (const { key } of registry.signingSecrets(partner)) {
    const expected = createHmac("sha256", key).update(text).digest();
    if (timingSafeEqual(expected, proof)) isGood = true;
  }
  if (!isGood) refuse("The signature is not one of this partner's over this request.");
}

function refuse(why: string): never {
  throw new ApiError("SIGNATURE_INVALID", `${why} Nothing was taken.`);
}
