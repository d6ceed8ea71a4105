/** Requests that stay open: how many a partner may have, and how all of them end at shutdown. */
import type { ServerResponse } from "node:http";
import { ApiError } from "./errors.ts";
import { STREAMS_PER_PARTNER_MAX } from "./limits.ts";

export class Streams {
  readonly #open = new Set<AbortController>();
  readonly #byPartner = new Map<number, number>();

  /**
   * Opens one for `partner` (an index). The signal aborts when the response is closed, by either side, or at shutdown; the
   * place is free again when the response closes. Throws RATE_LIMITED when the partner has STREAMS_PER_PARTNER_MAX.
   */
  open(partner: number, response: ServerResponse): AbortSignal {
    const count = this.#byPartner.get(partner) ?? 0;
    if (count >= STREAMS_PER_PARTNER_MAX) {
      throw new ApiError("RATE_LIMITED", `The partner has ${STREAMS_PER_PARTNER_MAX} open streams; close one first.`);
    }
    const controller = new AbortController();
    this.#open.add(controller);
    this.#byPartner.set(partner, count + 1);
    response.once("close", () => {
      controller.abort();
      this.#open.delete(controller);
      this.#release(partner);
    });
    return controller.signal;
  }

  /** Ends all: waits stop, and event streams are closed. */
  abortAll(): void {
    for (const controller of this.#open) controller.abort();
  }

  #release(partner: number): void {
    const rest = (this.#byPartner.get(partner) ?? 1) - 1;
    if (rest === 0) this.#byPartner.delete(partner);
    else this.#byPartner.set(partner, rest);
  }
}
