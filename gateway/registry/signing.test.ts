import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError } from "../config.ts";
import { temporaryFolder } from "../testing.ts";
import { REGISTRY_FILE, Registry, type RegistryOptions } from "./index.ts";
import { seal, unseal } from "./seal.ts";

const key = (byte: number) => createSecretKey(Buffer.alloc(32, byte));

function open(data: string, masterBytes: readonly number[]): Registry {
  const masterKeys = masterBytes.map(key);
  const options: RegistryOptions = { data, groups: ["g0"], adminKeyDigests: [], url: "http://a", masterKeys };
  const { registry } = Registry.open(options);
  onTestFinished(() => {
    try {
      registry.close();
    } catch {
      // Closed by the test itself.
    }
  });
  return registry;
}

/** A folder whose partner demo has a secret, sealed under the master key 1. */
function withSecret() {
  const data = temporaryFolder();
  const registry = open(data, [1]);
  const made = registry.addSigningSecret("demo");
  registry.close();
  return { data, ...made };
}

const textOf = (registry: Registry) =>
  registry.signingSecrets(registry.partner("demo")!).map((one) => one.key.export().toString());

describe("a sealed secret", () => {
  it("opens with its key at its place, and with no other key, at no other place, with no bit changed", () => {
    const sealed = seal(key(1), "rh_live_secret", "here");
    expect(unseal(key(1), sealed, "here")).toBe("rh_live_secret");
    expect(unseal(key(2), sealed, "here")).toBeUndefined();
    expect(unseal(key(1), sealed, "there")).toBeUndefined();
    const bytes = Buffer.from(sealed, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(unseal(key(1), changed.toString("base64url"), "here")).toBeUndefined();
    }
    expect(unseal(key(1), "", "here")).toBeUndefined();
  });

  it("is never sealed to the same text twice", () => {
    const texts = Array.from({ length: 100 }, () => seal(key(1), "same", "here"));
    expect(new Set(texts).size).toBe(100);
  });
});

describe("signing secrets", () => {
  it("survive a restart, and stand nowhere in the file in plain", () => {
    const { data, secret } = withSecret();
    expect(textOf(open(data, [1]))).toEqual([secret]);
    expect(readFileSync(join(data, REGISTRY_FILE)).includes(secret)).toBe(false);
  });

  it.each([
    [[], "RINGFENCE_MASTER_KEY is missing"],
    [[2], "RINGFENCE_MASTER_KEY does not open them"],
  ])("refuse a start with the master keys %j in one plain line", (masterBytes, why) => {
    const { data } = withSecret();
    expect(() => open(data, masterBytes)).toThrow(ConfigError);
    expect(() => open(data, masterBytes)).toThrow(why);
  });

  it("move to a new master key by one start with both, after which the old one opens nothing", () => {
    const { data, secret } = withSecret();
    const both = open(data, [2, 1]);
    expect(textOf(both)).toEqual([secret]);
    both.close();
    expect(() => open(data, [1])).toThrow(ConfigError);
    expect(textOf(open(data, [2]))).toEqual([secret]);
  });

  it("that were revoked are gone from the file, and ask for no master key", () => {
    const { data, secretId } = withSecret();
    const registry = open(data, [1]);
    registry.revokeSigningSecret("demo", secretId);
    registry.close();
    expect(textOf(open(data, []))).toEqual([]);
    const rows = new DatabaseSync(join(data, REGISTRY_FILE)).prepare("SELECT sealed FROM signing_secrets").all();
    expect(rows).toEqual([{ sealed: "" }]);
  });
});
