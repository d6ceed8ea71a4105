/** Whose accounts a facade's call means: those of the key, or of the partner that the facade is bound to. */
import { BlockList, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import type { GatewayDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import type { Partner } from "../registry/index.ts";

/** Addresses from which a bound facade takes calls without a key: loopback, and those that the operator lists. */
export class TrustedAddresses {
  readonly #list = new BlockList();

  /** `listed`: addresses or subnets such as `10.1.0.0/16`, valid as `readSettings` checks them. */
  constructor(listed: readonly string[]) {
    this.#list.addSubnet("127.0.0.0", 8);
    this.#list.addAddress("::1", "ipv6");
    for (const one of listed) {
      const [address = "", prefix] = one.split("/");
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    // An IPv4 peer of a socket that listens on `::` is written ::ffff:a.b.c.d.
    const plain = address.replace(/^::ffff:(?=[0-9.]+$)/, "");
    return this.#list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  }
}

export interface Binding {
  /** Id of the partner that the facade is bound to; undefined: every call needs a key. */
  readonly partner: string | undefined;
  readonly trusted: TrustedAddresses;
}

/**
 * The partner of a call that reads (`write: false`) or changes balances. A key that is sent always counts. Throws UNAUTHENTICATED,
 * FORBIDDEN, PARTNER_SUSPENDED.
 */
export function callerOf(
  { authenticator, registry }: Pick<GatewayDeps, "authenticator" | "registry">,
  { partner: bound, trusted }: Binding,
  request: FastifyRequest,
  { write }: { readonly write: boolean },
): Partner {
  const { socket } = request.raw;
  const { authorization } = request.headers;
  const isBound = bound !== undefined && authorization === undefined && trusted.has(socket.remoteAddress ?? "");
  if (!isBound) {
    return write ? authenticator.writingPartner(socket, authorization) : authenticator.partner(socket, authorization);
  }
  const partner = registry.partner(bound);
  if (partner === undefined)
    throw new ApiError("FORBIDDEN", `The facade is bound to ${bound}, which is no partner yet.`);
  if (write && partner.status !== "active") throw new ApiError("PARTNER_SUSPENDED");
  return partner;
}
