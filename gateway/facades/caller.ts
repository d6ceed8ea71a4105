/** Whose accounts a facade's call means: those of the key, or of the partner that the facade is bound to. */
import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import type { GatewayDeps } from "../app-type.ts";
import { checkSigned } from "../edge/signature.ts";
import { ApiError } from "../errors.ts";
import type { Partner } from "../registry/index.ts";

/** Headers by which a proxy says that a call comes from elsewhere; its own address then says nothing. */
const PROXY_HEADERS = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/** Addresses from which a bound facade takes calls without a key: loopback, and those that the operator lists. */
export class TrustedAddresses {
  readonly #list = new BlockList();
  readonly #hosts: readonly string[];

  /**
   * `listed`: addresses or subnets such as `10.1.0.0/16`, valid as `readSettings` checks them. `hosts`: names, in lower case, by which
   * callers may name the service beside addresses and `localhost`.
   */
  constructor(listed: readonly string[], hosts: readonly string[] = []) {
    this.#hosts = ["localhost", ...hosts];
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

  /**
   * Why a call from a trusted address may still be somebody else's; undefined when it may not. A browser on that machine runs pages
   * of strangers: they cannot leave out `Origin` and `Sec-Fetch-Site` (cross-site request forgery), and where a stranger's name
   * was made to lead here (DNS rebinding), `Host` has that name. A proxy on that machine passes on calls of anybody.
   */
  whyNotOurs({ host = "localhost", ...headers }: IncomingHttpHeaders): string | undefined {
    const site = headers["sec-fetch-site"] ?? "none";
    if (headers.origin !== undefined || site !== "none") return "A call from a web page needs a key.";
    const proxy = PROXY_HEADERS.find((name) => headers[name] !== undefined);
    if (proxy !== undefined) return `A call by way of a proxy (${proxy}) needs a key.`;
    const name = host.replace(/:[0-9]*$/, "").toLowerCase();
    const address = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
    if (isIP(address) !== 0 || this.#hosts.includes(name)) return undefined;
    return "A call without a key must name the service by its address, by localhost, or by a name in RINGFENCE_FACADE_HOSTS.";
  }
}

export interface Binding {
  /** Id of the partner that the facade is bound to; undefined: every call needs a key. */
  readonly partner: string | undefined;
  readonly trusted: TrustedAddresses;
}

/**
 * The partner of a call that reads (`write: false`) or changes balances. A key that is sent always counts. Throws UNAUTHENTICATED,
 * FORBIDDEN, PARTNER_SUSPENDED, SIGNATURE_INVALID, RATE_LIMITED, OVERLOADED. To be called once
 * a request; sets `request.partner`. A route that takes the body from Fastify must check the signature itself.
 */
export function callerOf(
  deps: Pick<GatewayDeps, "authenticator" | "registry" | "edge">,
  binding: Binding,
  request: FastifyRequest,
  { write }: { readonly write: boolean },
): Partner {
  const partner = partnerOf(deps, binding, request, write);
  request.partner = partner;
  // Before the body is read the scope's own hook checks the signature, as soon as it is.
  if (request.rawBody !== undefined) checkSigned(deps.registry, partner, request);
  deps.edge.inFlight.assign(request.raw, partner.index);
  return partner;
}

function partnerOf(
  { authenticator, registry }: Pick<GatewayDeps, "authenticator" | "registry">,
  { partner: bound, trusted }: Binding,
  { raw: { socket }, headers }: FastifyRequest,
  write: boolean,
): Partner {
  const { authorization } = headers;
  const isBound = bound !== undefined && authorization === undefined && trusted.has(socket.remoteAddress ?? "");
  if (!isBound) {
    return write ? authenticator.writingPartner(socket, authorization) : authenticator.partner(socket, authorization);
  }
  const foreign = trusted.whyNotOurs(headers);
  if (foreign !== undefined) throw new ApiError("FORBIDDEN", foreign);
  const partner = registry.partner(bound);
  if (partner === undefined)
    throw new ApiError("FORBIDDEN", `The facade is bound to ${bound}, which is no partner yet.`);
  authenticator.charge(partner);
  if (write && partner.status !== "active") throw new ApiError("PARTNER_SUSPENDED");
  return partner;
}
