/** Which requests are let in: so many in flight, and so many a second from one address. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../errors.ts";
import { ADDRESSES_MAX } from "./limits.ts";

export interface AdmissionSettings {
  /** Requests in flight at a time; undefined: any number. */
  readonly inFlightMax: number | undefined;
  /** Requests a second of one address, and as many at once; undefined: any number. */
  readonly perSecond: number | undefined;
}

/** Requests that an address may still make, as of a time. */
interface Allowance {
  left: number;
  atMs: number;
}

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #addresses = new Map<string, Allowance>();
  #inFlight = 0;

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  /** Takes a request from its address's allowance. Throws RATE_LIMITED. */
  charge(request: FastifyRequest): void {
    const { perSecond } = this.#settings;
    if (perSecond !== undefined) this.#spend(request.raw.socket.remoteAddress ?? "", perSecond, performance.now());
  }

  /**
   * Counts a request in until its reply is out or its connection gone. To be called once it is known who calls, for a body that never
   * ends holds its place. Throws OVERLOADED.
   */
  enter(reply: FastifyReply): void {
    const { inFlightMax } = this.#settings;
    if (inFlightMax !== undefined && this.#inFlight >= inFlightMax) {
      throw new ApiError("OVERLOADED", "Too many requests are in flight; nothing was taken.");
    }
    this.#inFlight++;
    reply.raw.once("close", () => this.#inFlight--);
  }

  #spend(address: string, perSecond: number, nowMs: number): void {
    const allowance = this.#addresses.get(address) ?? { left: perSecond, atMs: nowMs };
    allowance.left = Math.min(perSecond, allowance.left + ((nowMs - allowance.atMs) * perSecond) / 1000);
    allowance.atMs = nowMs;
    this.#addresses.delete(address);
    // Last in the map is the latest seen; the one unseen for longest has its whole allowance again, or soon.
    this.#addresses.set(address, allowance);
    if (this.#addresses.size > ADDRESSES_MAX) this.#addresses.delete(this.#addresses.keys().next().value ?? "");
    if (allowance.left < 1) throw new ApiError("RATE_LIMITED");
    allowance.left--;
  }
}
