/** Keys: how they are made, and what of them is kept. */
import { hash, randomBytes } from "node:crypto";

const PREFIXES = Object.freeze({ partner: "rk_live_", admin: "ra_live_", service: "rs_live_", signing: "rh_live_" });

/** 32 random bytes behind a prefix that tells people, and scanners for leaked secrets, what they look at. */
export function makeSecret(kind: keyof typeof PREFIXES): string {
  return PREFIXES[kind] + randomBytes(32).toString("base64url");
}

/**
 * Lower-case hex SHA-256. A plain hash suffices because a key has 256 random bits: there is nothing to guess, so neither
 * salt nor slowness adds anything, and looking a digest up in a map tells an attacker nothing about the key.
 */
export function digestOf(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** The public name of a key, to revoke it by. */
export function makeKeyId(): string {
  return `key_${randomBytes(9).toString("base64url")}`;
}
