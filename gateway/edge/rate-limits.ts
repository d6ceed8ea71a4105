/** Requests a second, of a partner and of an address: token buckets, each kept as the one number that says when it is full again. */
import type { RateLimit } from "../config.ts";
import { ApiError } from "../errors.ts";
import { ADDRESSES_MAX } from "../limits.ts";
import { addressKey } from "./address-key.ts";

/**
 * One mechanism for hot and cold routes: whoever proved who it is pays with its partner's tokens, everybody else with those of its
 * address, so that a flood of one costs others nothing, and guessing keys is slowed down. Without a limit all of it is a comparison.
 *
 * A bucket is the time (of `now`, ms) at which it is full again (the "generic cell rate algorithm"): one float64 a partner, at its
 * index, and no timer that fills it.
 */
export class RateLimits {
  readonly #isOn: boolean;
  readonly #intervalMs: number;
  /** How far ahead of now a bucket's time may be when a token is taken. */
  readonly #toleranceMs: number;
  readonly #now: () => number;
  #partners = new Float64Array(64);
  /** Two generations: when the younger is full the older is dropped, so that memory stays bounded whoever knocks. */
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  readonly #addressesMax: number;

  /** `limit` undefined: nothing is limited. `now`: milliseconds that never go back. */
  constructor(
    limit: RateLimit | undefined,
    { now = () => performance.now(), addressesMax = ADDRESSES_MAX }: { now?: () => number; addressesMax?: number } = {},
  ) {
    this.#isOn = limit !== undefined;
    this.#intervalMs = 1000 / (limit?.perSecond ?? 1);
    this.#toleranceMs = this.#intervalMs * ((limit?.burst ?? 1) - 1);
    this.#now = now;
    this.#addressesMax = addressesMax;
  }

  /** Takes a token of the partner with this index. Throws RATE_LIMITED when it has none. */
  chargePartner(index: number): void {
    if (!this.#isOn) return;
    if (index >= this.#partners.length) this.#growTo(index);
    const now = this.#now();
    const fullAt = Math.max(this.#partners[index]!, now);
    if (fullAt - now > this.#toleranceMs) throw this.#refusal("The partner", fullAt - now);
    this.#partners[index] = fullAt + this.#intervalMs;
  }

  /** Takes a token of an address, for a request whose key is not proved yet. Throws RATE_LIMITED when it has none. */
  chargeAddress(address: string | undefined): void {
    if (!this.#isOn) return;
    const key = addressKey(address);
    const now = this.#now();
    const fullAt = Math.max(this.#young.get(key) ?? this.#old.get(key) ?? 0, now);
    if (fullAt - now > this.#toleranceMs) throw this.#refusal("This address", fullAt - now);
    this.#put(key, fullAt + this.#intervalMs);
  }

  /** Gives the token back: the request's key proved good, so that others behind the same address are not hindered. */
  refundAddress(address: string | undefined): void {
    if (!this.#isOn) return;
    const key = addressKey(address);
    const fullAt = this.#young.get(key);
    if (fullAt !== undefined) this.#put(key, fullAt - this.#intervalMs);
  }

  /** Addresses that are remembered; for tests of the bound. */
  get addresses(): number {
    return this.#young.size + this.#old.size;
  }

  #put(key: string, fullAt: number): void {
    if (this.#young.size >= this.#addressesMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, fullAt);
  }

  #growTo(index: number): void {
    const larger = new Float64Array(Math.max(index + 1, this.#partners.length * 2));
    larger.set(this.#partners);
    this.#partners = larger;
  }

  #refusal(whose: string, aheadMs: number): ApiError {
    const retryAfterSeconds = Math.max(1, Math.ceil((aheadMs - this.#toleranceMs) / 1000));
    return new ApiError("RATE_LIMITED", `${whose} sends too many requests; nothing was taken.`, { retryAfterSeconds });
  }
}
