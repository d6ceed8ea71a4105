/** Who asks: Bearer keys looked up by digest, remembered on the socket. */
import type { Socket } from "node:net";
import { ApiError } from "./errors.ts";
import { digestOf, type Partner, type Principal, type Registry, type ServicePrincipal } from "./registry/index.ts";

/** What was last proved on a socket. It holds as long as the header's text and the registry's version are the same. */
interface Proof {
  readonly header: string;
  readonly version: number;
  readonly principal: Principal;
}

const PROOF = Symbol("proof of authentication");
type ProvenSocket = Socket & { [PROOF]?: Proof };

/** Whom a request acts for, and the service that acts, if it is one. */
export interface Acting {
  readonly partner: Partner;
  readonly service?: ServicePrincipal;
}

/** The header in which a service names the partner that it acts for. */
export const PARTNER_HEADER = "x-ringfence-partner";

/** The header that tells a service to take its newer secret. */
export const SECRET_HEADER = "x-ringfence-secret";

/** What that header says to this service: undefined when it has the newest secret. */
export function secretNotice({ version, current }: ServicePrincipal): string | undefined {
  return version < current ? `outdated; current=${current}` : undefined;
}

const BEARER = /^Bearer +([A-Za-z0-9_-]{1,128}) *$/i;

export class Authenticator {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * Whom the `Authorization` header stands for; undefined without a valid key. A kept-alive connection sends the same header
   * again and again, so its proof is kept on the socket: a string comparison instead of a SHA-256 and a map lookup a
   * request. Any change of the registry (a key revoked, a partner suspended) makes all proofs stale at once.
   */
  principal(socket: Socket, header: string | undefined): Principal | undefined {
    if (header === undefined) return undefined;
    const proof = (socket as ProvenSocket)[PROOF];
    const { version } = this.#registry;
    if (proof !== undefined && proof.version === version && proof.header === header) return proof.principal;
    const key = BEARER.exec(header)?.[1];
    const principal = key === undefined ? undefined : this.#registry.principalOf(digestOf(key));
    if (principal !== undefined) (socket as ProvenSocket)[PROOF] = { header, version, principal };
    return principal;
  }

  /** The partner that asks. Throws UNAUTHENTICATED without a valid key, FORBIDDEN for a key of another kind. */
  partner(socket: Socket, header: string | undefined): Partner {
    const principal = this.#required(socket, header);
    if (principal.kind === "partner") return principal.partner;
    throw new ApiError("FORBIDDEN", "This route takes a partner's key.");
  }

  /** As `partner`, for what changes balances. Throws PARTNER_SUSPENDED too. */
  writingPartner(socket: Socket, header: string | undefined): Partner {
    const partner = this.partner(socket, header);
    if (partner.status === "active") return partner;
    throw new ApiError("PARTNER_SUSPENDED");
  }

  /**
   * As `partner`, for the routes on which a service may act for the partner that it names in `x-ringfence-partner`. With a partner's
   * key the header may say nothing else than the key. Throws NOT_FOUND for a partner that is not there.
   */
  acting(socket: Socket, header: string | undefined, named: string | string[] | undefined): Acting {
    const principal = this.#required(socket, header);
    if (principal.kind === "partner") {
      if (named === undefined || named === principal.partner.id) return principal;
      throw new ApiError("FORBIDDEN", "The key is not that of the partner that X-Ringfence-Partner names.");
    }
    if (principal.kind !== "service") throw new ApiError("FORBIDDEN", "This route takes a partner's key.");
    if (named === undefined) throw new ApiError("FORBIDDEN", "A service must name a partner in X-Ringfence-Partner.");
    const partner = this.#registry.partner(String(named));
    if (partner === undefined) throw new ApiError("NOT_FOUND", "There is no partner that X-Ringfence-Partner names.");
    return { partner, service: principal };
  }

  /** As `acting`, for what changes balances. Throws PARTNER_SUSPENDED too. */
  writing(socket: Socket, header: string | undefined, named: string | string[] | undefined): Acting {
    const acting = this.acting(socket, header, named);
    if (acting.partner.status === "active") return acting;
    throw new ApiError("PARTNER_SUSPENDED");
  }

  /**
   * Who sends orders: a service, which may for any partner, or a partner, which may for itself. Throws UNAUTHENTICATED, FORBIDDEN for an
   * admin's key, PARTNER_SUSPENDED.
   */
  ordering(socket: Socket, header: string | undefined): Exclude<Principal, { kind: "admin" }> {
    const principal = this.#required(socket, header);
    if (principal.kind === "admin") {
      throw new ApiError("FORBIDDEN", "This route takes a service's secret or a partner's key.");
    }
    if (principal.kind === "service" || principal.partner.status === "active") return principal;
    throw new ApiError("PARTNER_SUSPENDED");
  }

  /** Throws UNAUTHENTICATED without a valid key, FORBIDDEN for a key that is not an admin's. Returns the key's id. */
  admin(socket: Socket, header: string | undefined): string {
    const principal = this.#required(socket, header);
    if (principal.kind === "admin") return principal.keyId;
    throw new ApiError("FORBIDDEN", "This route takes an admin key.");
  }

  #required(socket: Socket, header: string | undefined): Principal {
    const principal = this.principal(socket, header);
    if (principal !== undefined) return principal;
    const why = header === undefined ? "Send `Authorization: Bearer <key>`." : "The key is not known or was revoked.";
    throw new ApiError("UNAUTHENTICATED", why);
  }
}
