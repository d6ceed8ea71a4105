import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { testGateway } from "../testing.ts";
import { type Binding, callerOf, TrustedAddresses } from "./caller.ts";

const loopback = new TrustedAddresses([]);

function request(remoteAddress: string, authorization?: string): FastifyRequest {
  return { raw: { socket: { remoteAddress } }, headers: { authorization } } as unknown as FastifyRequest;
}

test("loopback is trusted, and what is listed, in either notation of IPv4", () => {
  const trusted = new TrustedAddresses(["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"]);
  const known = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::9"];
  const unknown = ["10.2.0.1", "192.0.2.8", "::ffff:192.0.2.8", "2001:db9::1", "", "nonsense"];
  expect(known.filter((address) => !trusted.has(address))).toEqual([]);
  expect(unknown.filter((address) => trusted.has(address))).toEqual([]);
});

test("a bound facade takes a call without a key from trusted addresses only; a key that is sent always counts", async () => {
  const { deps, demo, other } = await testGateway();
  const guest = other("guest");
  const bound: Binding = { partner: "demo", trusted: loopback };
  const idOf = (from: string, key?: string) => callerOf(deps, bound, request(from, key), { write: true }).id;
  expect(idOf("127.0.0.1")).toBe("demo");
  expect(idOf("127.0.0.1", guest.headers.authorization)).toBe("guest");
  expect(idOf("192.0.2.7", demo.headers.authorization)).toBe("demo");
  expect(() => idOf("192.0.2.7")).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
  expect(() => idOf("127.0.0.1", "Bearer wrong")).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
});

test("without a binding every call needs a key; a suspended partner reads, but does not write", async () => {
  const { deps, registry } = await testGateway();
  const call = (partner: string | undefined, write: boolean) => () =>
    callerOf(deps, { partner, trusted: loopback }, request("127.0.0.1"), { write });
  expect(call(undefined, false)).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
  expect(call("nobody", false)).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  registry.changePartner("demo", { status: "suspended" });
  expect(call("demo", false)().id).toBe("demo");
  expect(call("demo", true)).toThrow(expect.objectContaining({ code: "PARTNER_SUSPENDED" }));
});
