/** How many requests are under way, of all and of each partner: the bound on what a flood can make the process hold. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { assert } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";

/** Index of the partner that an entered request counts for; 0 before it is known, undefined outside the counted routes. */
const PARTNER = Symbol("partner of a request under way");
type Counted = IncomingMessage & { [PARTNER]?: number };

/** Of all requests that may be under way, the part that one partner may have: the rest is left to the others. */
const PARTNER_SHARE = 0.75;

/**
 * A request is under way from `enter` until its response is closed: answered and handed to the system, or its connection gone. Node
 * closes every response of a connection that breaks, those behind others on it too (a test says so), so nothing leaks.
 */
export class InFlight {
  readonly #max: number;
  readonly #partnerMax: number;
  #total = 0;
  #byPartner = new Int32Array(64);
  /** One listener for all responses: a closure a request would be garbage. */
  readonly #onClose: (this: ServerResponse) => void;

  constructor(max: number) {
    this.#max = max;
    this.#partnerMax = Math.max(1, Math.floor(max * PARTNER_SHARE));
    const leave = (request: Counted) => this.#leave(request);
    this.#onClose = function (this: ServerResponse) {
      leave(this.req);
    };
  }

  /** Requests under way. */
  get total(): number {
    return this.#total;
  }

  /** Counts a request. Throws OVERLOADED when too many are under way. */
  enter(response: ServerResponse): void {
    if (this.#total >= this.#max)
      throw new ApiError("OVERLOADED", "Too many requests are under way; nothing was taken.");
    this.#total++;
    (response.req as Counted)[PARTNER] = 0;
    // A response closes once; `once` would make two objects a request to see to it.
    response.on("close", this.#onClose);
  }

  /** Counts an entered request for the first partner that it is known to be from. Throws OVERLOADED when the partner has too many under way. */
  assign(request: IncomingMessage, partner: number): void {
    assert(partner > 0, `partner index ${partner}`);
    if ((request as Counted)[PARTNER] !== 0) return;
    if (partner >= this.#byPartner.length) this.#growTo(partner);
    if (this.#byPartner[partner]! >= this.#partnerMax) {
      throw new ApiError("OVERLOADED", "The partner has too many requests under way; nothing was taken.");
    }
    this.#byPartner[partner]!++;
    (request as Counted)[PARTNER] = partner;
  }

  #leave(request: Counted): void {
    this.#total--;
    const partner = request[PARTNER] ?? 0;
    if (partner !== 0) this.#byPartner[partner]!--;
    assert(this.#total >= 0, `${this.#total} requests under way`);
  }

  #growTo(partner: number): void {
    const larger = new Int32Array(Math.max(partner + 1, this.#byPartner.length * 2));
    larger.set(this.#byPartner);
    this.#byPartner = larger;
  }
}
