/** The ids of commands that facades make: from the caller's `Idempotency-Key`, or random. */
import { createHash, randomBytes } from "node:crypto";
import { ID_BYTES_MAX } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";

const ID = new RegExp(`^[A-Za-z0-9._:-]{1,${ID_BYTES_MAX}}$`);

/** True for what names an account or a command: 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** The id of the command that a call becomes. */
export interface CallId {
  readonly id: string;
  /** Made from the caller's key, so that the same call can be sent again. */
  readonly isKeyed: boolean;
}

/**
 * The command's id: `<prefix>k.<key>` where that is an id, else `<prefix>h.<SHA-256 of the key's bytes in base64url>`, so that no two
 * keys meet; without a key `<prefix>r.<128 random bits>`. What the call does is no part of it: one key stands for one command, and
 * used for another call it is ID_REUSED. `prefix` is an id of at most 16 characters, one a facade. Throws INVALID_REQUEST for an
 * empty key.
 */
export function callIdOf(prefix: string, key: string | readonly string[] | undefined): CallId {
  if (key === undefined) return { id: `${prefix}r.${randomBytes(16).toString("base64url")}`, isKeyed: false };
  const text = typeof key === "string" ? key : key.join(", ");
  if (text === "")
    throw new ApiError("INVALID_REQUEST", "The header Idempotency-Key is empty; leave it out, or give a key.");
  const plain = `${prefix}k.${text}`;
  if (isId(plain)) return { id: plain, isKeyed: true };
  // Header values come as Latin-1: one character a byte.
  const digest = createHash("sha256").update(text, "latin1").digest("base64url");
  return { id: `${prefix}h.${digest}`, isKeyed: true };
}
