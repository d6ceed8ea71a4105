import { describe, expect, it } from "vitest";
import type { ApiError } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import { RateLimits } from "./rate-limits.ts";

/** Limits with a clock that the test moves. */
function limits(perSecond: number, burst: number, addressesMax = 1000) {
  const clock = { ms: 5000 };
  return { clock, limits: new RateLimits({ perSecond, burst }, { now: () => clock.ms, addressesMax }) };
}

/** Seconds to wait, 0 when it passes. */
function waitOf(charge: () => void): number {
  try {
    charge();
    return 0;
  } catch (error) {
    expect(error).toMatchObject({ code: "RATE_LIMITED" });
    return (error as ApiError).retryAfterSeconds!;
  }
}

const times = (count: number, charge: () => void) => Array.from({ length: count }, () => waitOf(charge));

describe("a bucket", () => {
  it("lets a burst through at once, then as many a second as the rate says, and saves no more than a burst", () => {
    const { clock, limits: edge } = limits(10, 3);
    const charge = () => edge.chargePartner(1);
    expect(times(4, charge)).toEqual([0, 0, 0, 1]);
    clock.ms += 99;
    expect(waitOf(charge)).toBe(1);
    clock.ms += 1;
    expect(times(2, charge)).toEqual([0, 1]);
    clock.ms += 3_600_000;
    expect(times(4, charge)).toEqual([0, 0, 0, 1]);
  });

  it("says in how many seconds a token is there, and has one then", () => {
    const { clock, limits: edge } = limits(0.25, 1);
    expect(times(2, () => edge.chargePartner(1))).toEqual([0, 4]);
    clock.ms += 4000;
    expect(waitOf(() => edge.chargePartner(1))).toBe(0);
  });

  it("is one for each partner, also for those with a high index", () => {
    const { limits: edge } = limits(1, 1);
    for (const index of [1, 2, 63, 64, 5000]) {
      expect(times(2, () => edge.chargePartner(index))).toEqual([0, 1]);
    }
  });

  it("of an address is full again when every charge was given back", () => {
    const { limits: edge } = limits(1, 2);
    for (let i = 0; i < 10; i++) {
      edge.chargeAddress("192.0.2.1");
      edge.refundAddress("192.0.2.1");
    }
    expect(times(3, () => edge.chargeAddress("192.0.2.1"))).toEqual([0, 0, 1]);
    expect(waitOf(() => edge.chargeAddress("192.0.2.2"))).toBe(0);
  });
});

it("addresses without number take no more memory than two generations, and one that keeps knocking is not forgotten", () => {
  const { limits: edge } = limits(0.001, 2, 100);
  expect(times(2, () => edge.chargeAddress("192.0.2.1"))).toEqual([0, 0]);
  for (let i = 0; i < 99; i++) edge.chargeAddress(`10.0.0.${i}`);
  expect(waitOf(() => edge.chargeAddress("192.0.2.1"))).toBeGreaterThan(0);
  for (let i = 0; i < 10_000; i++) edge.chargeAddress(`10.1.${i >> 8}.${i & 255}`);
  expect(edge.addresses).toBeLessThanOrEqual(200);
});

it("without a limit nothing is refused and nothing is kept", () => {
  const edge = new RateLimits(undefined);
  for (let i = 0; i < 1000; i++) {
    edge.chargePartner(1);
    edge.chargeAddress("192.0.2.1");
  }
  expect(edge.addresses).toBe(0);
});

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1"],
  ["2001:db8::", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  [undefined, ""],
])("the address %s is counted as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
