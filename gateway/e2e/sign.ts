/** Signs requests for tests. */
import { createHash, createHmac } from "node:crypto";

export interface Signed {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** Seconds from now. */
  readonly offset?: number;
}

/** `X-Signature` as a client in any language makes it, from the contract alone. */
export function signature(secret: string, { method, path, body = "", offset = 0 }: Signed): string {
  const time = Math.floor(Date.now() / 1000) + offset;
  const digest = createHash("sha256").update(body).digest("hex");
  const proof = createHmac("sha256", secret).update(`${time}.${method}.${path}.${digest}`).digest("hex");
  return `t=${time},v1=${proof}`;
}
