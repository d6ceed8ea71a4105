import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigError } from "../config.ts";
import { lockDataFolder, OWNER_FILE } from "../data-lock.ts";
import { ApiError, type ErrorCode } from "../errors.ts";
import { temporaryFolder } from "../testing.ts";
import {
  CREDENTIALS_FILE,
  digestOf,
  REGISTRY_FILE,
  Registry,
  type RegistryOptions,
  updateCredentialsUrl,
} from "./index.ts";

function open(data: string, options: Partial<RegistryOptions> = {}) {
  const opened = Registry.open({ data, groups: ["g0"], adminKeyDigests: [], url: "http://127.0.0.1:8080", ...options });
  onTestFinished(() => {
    try {
      opened.registry.close();
    } catch {
      // Closed by the test itself.
    }
  });
  return opened;
}

/** Closes and opens again, as a restart does. */
function reopen(data: string, registry: Registry, options: Partial<RegistryOptions> = {}): Registry {
  registry.close();
  return open(data, options).registry;
}

function codeOf(action: () => unknown): ErrorCode | "none" {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return (error as ApiError).code;
  }
  return "none";
}

describe("a first start", () => {
  it("makes partner demo, with keys that work and stand in credentials.json for the owner only", () => {
    const data = temporaryFolder();
    const { registry, credentials } = open(data);
    const file = join(data, CREDENTIALS_FILE);
    const written = JSON.parse(readFileSync(file, "utf8"));
    expect(written).toEqual(credentials);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(written.partner.key).toMatch(/^rk_live_[A-Za-z0-9_-]{43}$/);
    expect(written.admin.key).toMatch(/^ra_live_[A-Za-z0-9_-]{43}$/);
    expect(registry.principalOf(digestOf(written.partner.key))).toMatchObject({
      kind: "partner",
      partner: { index: 1, id: "demo", group: { name: "g0", index: 0 }, currency: { code: "CNY" }, strict: false },
    });
    expect(registry.principalOf(digestOf(written.admin.key))?.kind).toBe("admin");
  });

  it("happens once: a restart knows the same keys and makes no new ones", () => {
    const data = temporaryFolder();
    const { registry, credentials } = open(data);
    registry.close();
    const again = open(data);
    expect(again.credentials).toBeUndefined();
    expect(again.registry.principalOf(digestOf(credentials!.partner.key))?.kind).toBe("partner");
    expect(again.registry.principalOf(digestOf(credentials!.admin!.key))?.kind).toBe("admin");
  });

  it("keeps no key in the registry's file, only digests", () => {
    const data = temporaryFolder();
    const { registry, credentials } = open(data);
    registry.close();
    const bytes = readFileSync(join(data, REGISTRY_FILE)).toString("latin1");
    expect(bytes).not.toContain(credentials!.partner.key);
    expect(bytes).not.toContain(credentials!.admin!.key);
    expect(bytes).toContain(digestOf(credentials!.partner.key));
    expect(statSync(join(data, REGISTRY_FILE)).mode & 0o777).toBe(0o600);
  });

  it("is possible in a folder whose lock is held, for the lock leaves one known file", () => {
    const data = temporaryFolder();
    const lock = lockDataFolder(data);
    onTestFinished(() => lock.release());
    expect(readdirSync(data)).toEqual([OWNER_FILE]);
    expect(open(data).credentials).toBeDefined();
  });

  it("that was cut before its commit starts anew", () => {
    const data = temporaryFolder();
    new DatabaseSync(join(data, REGISTRY_FILE)).close();
    writeFileSync(join(data, CREDENTIALS_FILE), "{}");
    const { registry, credentials } = open(data);
    expect(registry.principalOf(digestOf(credentials!.partner.key))?.kind).toBe("partner");
  });

  it("is refused where there is data but no registry, for indexes would be given again", () => {
    const data = temporaryFolder();
    open(data).registry.close();
    writeFileSync(join(data, "g0"), "");
    rmSync(join(data, REGISTRY_FILE));
    expect(() => open(data)).toThrow(/has g0 but no registry\.db/);
    expect(existsSync(join(data, REGISTRY_FILE))).toBe(false);
    // An empty one is none, whoever made it.
    writeFileSync(join(data, REGISTRY_FILE), "");
    expect(() => open(data)).toThrow(/has g0 but no registry\.db with content/);
  });
});

describe("a restart", () => {
  it("keeps partners with their indexes, settings and keys", () => {
    const data = temporaryFolder();
    const { registry } = open(data, { groups: ["g0", "g1"] });
    const settings = { group: "g1", currency: "JPY", strict: true, minAmount: "5", maxAmount: "500" };
    const { partner, key } = registry.addPartner("shop", settings);
    const again = reopen(data, registry, { groups: ["g0", "g1"] });
    expect(again.partner("shop")).toEqual(partner);
    expect(again.partnerByIndex(2)).toEqual(partner);
    expect(partner).toMatchObject({
      index: 2,
      group: { index: 1 },
      maxAmount: { text: "500", money: { hi: 0, lo: 500 } },
    });
    expect(again.principalOf(digestOf(key.key))).toMatchObject({ partner: { id: "shop" }, keyId: key.keyId });
  });

  it("keeps a group's index whatever order the groups are named in, and gives a new one the next", () => {
    const data = temporaryFolder();
    const { registry } = open(data, { groups: ["b", "a"] });
    const again = reopen(data, registry, { groups: ["c", "a", "b"] });
    expect(["b", "a", "c"].map((name) => again.group(name)?.index)).toEqual([0, 1, 2]);
  });

  it("never gives a group's index again when the group is left out and comes back", () => {
    const data = temporaryFolder();
    const { registry } = open(data, { groups: ["g0", "g1"] });
    const without = reopen(data, registry, { groups: ["g0", "g2"] });
    const back = reopen(data, without, { groups: ["g0", "g1"] });
    expect(["g0", "g1", "g2"].map((name) => back.group(name)?.index)).toEqual([0, 1, 2]);
  });

  it("is refused with one plain sentence when a partner's group is not served", () => {
    const data = temporaryFolder();
    const { registry } = open(data, { groups: ["g0", "g1"] });
    registry.addPartner("shop", { group: "g1" });
    registry.close();
    expect(() => open(data)).toThrow(ConfigError);
    expect(() => open(data)).toThrow(/^Partner shop has its accounts in group g1, which RINGFENCE_GROUPS=g0 does not/);
  });

  it("keeps registered currencies, and partners that count in them", () => {
    const data = temporaryFolder();
    const { registry } = open(data);
    registry.addCurrency({ code: "POINTS", scale: 0 });
    registry.addCurrency({ code: "TOKEN18", scale: 18 });
    registry.addPartner("shop", { currency: "TOKEN18", minAmount: "0.000000000000000001" });
    const again = reopen(data, registry);
    expect(again.currencies.byCode("TOKEN18")).toEqual({ code: "TOKEN18", index: 1001, scale: 18 });
    expect(again.partner("shop")?.minAmount?.money).toEqual({ hi: 0, lo: 1 });
    expect(again.addCurrency({ code: "NEXT", scale: 2 }).index).toBe(1002);
  });

  it("keeps revoked keys revoked", () => {
    const data = temporaryFolder();
    const { registry, credentials } = open(data);
    const { keyId } = registry.partnerKeys("demo")[0]!;
    registry.addPartnerKey("demo");
    registry.revokePartnerKey("demo", keyId);
    const again = reopen(data, registry);
    expect(again.principalOf(digestOf(credentials!.partner.key))).toBeUndefined();
    expect(again.partnerKeys("demo")).toHaveLength(1);
  });

  it("of a registry of another format is refused", () => {
    const data = temporaryFolder();
    open(data).registry.close();
    const database = new DatabaseSync(join(data, REGISTRY_FILE));
    database.exec("PRAGMA user_version = 9");
    database.close();
    expect(() => open(data)).toThrow(/has format 9/);
  });

  it("brings a registry of format 1 to the present one, with all that is in it", () => {
    const data = temporaryFolder();
    copyFileSync(new URL("testdata/registry-1.db", import.meta.url), join(data, REGISTRY_FILE));
    const registry = open(data).registry;
    expect(registry.partner("shop")).toMatchObject({ index: 2, strict: true, status: "suspended", signed: "optional" });
    expect(registry.partner("shop")?.minAmount?.text).toBe("0.50");
    expect(registry.principalOf(digestOf("rk_live_old"))).toMatchObject({ kind: "partner", partner: { id: "shop" } });
    registry.changePartner("shop", { status: "active" });
    expect(registry.addPartner("third", {}).partner.index).toBe(3);
    expect(registry.journalOf("g0")).toBeUndefined();
    registry.noteJournal("g0", "00ff");
    const again = reopen(data, registry);
    expect(again.journalOf("g0")).toBe("00ff");
    expect([again.partner("shop")?.status, again.partner("third")?.index]).toEqual(["active", 3]);
  });

  it("with a damaged registry is refused, not answered with an empty one", () => {
    const data = temporaryFolder();
    open(data).registry.close();
    writeFileSync(join(data, REGISTRY_FILE), "damaged ".repeat(1000));
    expect(() => open(data)).toThrow(ConfigError);
  });
});

describe("keys", () => {
  it("of a partner are two at most, so that one can follow the other", () => {
    const { registry } = open(temporaryFolder());
    const second = registry.addPartnerKey("demo");
    expect(codeOf(() => registry.addPartnerKey("demo"))).toBe("CONFLICT");
    registry.revokePartnerKey("demo", second.keyId);
    expect(codeOf(() => registry.addPartnerKey("demo"))).toBe("none");
  });

  it("are revoked by their own partner's name only", () => {
    const { registry } = open(temporaryFolder());
    const { key } = registry.addPartner("shop", {});
    expect(codeOf(() => registry.revokePartnerKey("demo", key.keyId))).toBe("NOT_FOUND");
    expect(registry.principalOf(digestOf(key.key))?.kind).toBe("partner");
  });

  it("of the admin rotate, and the last one cannot be revoked", () => {
    const { registry, credentials } = open(temporaryFolder());
    const [first] = registry.adminKeys();
    expect(codeOf(() => registry.revokeAdminKey(first!.keyId))).toBe("CONFLICT");
    const next = registry.addAdminKey();
    registry.revokeAdminKey(first!.keyId);
    expect(registry.principalOf(digestOf(credentials!.admin!.key))).toBeUndefined();
    expect(registry.principalOf(digestOf(next.key))?.kind).toBe("admin");
  });

  it("of the admin come from the environment alone when it has digests", () => {
    const data = temporaryFolder();
    const { registry, credentials } = open(data);
    const configured = reopen(data, registry, { adminKeyDigests: [digestOf("ra_live_mine")] });
    expect(configured.principalOf(digestOf(credentials!.admin!.key))).toBeUndefined();
    expect(configured.principalOf(digestOf("ra_live_mine"))?.kind).toBe("admin");
    expect(codeOf(() => configured.addAdminKey())).toBe("CONFLICT");
  });

  it("of the admin are not made on a first start whose environment has a digest", () => {
    const { credentials } = open(temporaryFolder(), { adminKeyDigests: [digestOf("ra_live_mine")] });
    expect(credentials).not.toHaveProperty("admin");
  });

  it("of a service are told apart by version, wherever the clock was when they were made", () => {
    const data = temporaryFolder();
    let nowMs = 1_000_000_000;
    const now = () => nowMs;
    const { registry } = open(data, { now });
    registry.addService("ledger");
    nowMs -= 3_600_000;
    const { secret } = registry.addService("ledger");
    const before = registry.principalOf(digestOf(secret));
    expect(reopen(data, registry, { now }).principalOf(digestOf(secret))).toEqual(before);
  });

  it("of a service have two live versions, and a version is never used again", () => {
    const data = temporaryFolder();
    const { registry } = open(data);
    expect(registry.addService("ledger").version).toBe(1);
    expect(registry.addService("ledger").version).toBe(2);
    expect(codeOf(() => registry.addService("ledger"))).toBe("CONFLICT");
    registry.revokeService("ledger", 2);
    const again = reopen(data, registry);
    const third = again.addService("ledger");
    expect(third.version).toBe(3);
    expect(again.principalOf(digestOf(third.secret))).toMatchObject({ kind: "service", id: "ledger", version: 3 });
  });
});

describe("changes", () => {
  const invalid: [string, Parameters<Registry["addPartner"]>[1]][] = [
    ["an unknown group", { group: "g9" }],
    ["an unknown currency", { currency: "ZZZ" }],
    ["more places than the currency has", { minAmount: "0.001" }],
    ["a bound of zero", { minAmount: "0.00" }],
    ["a signed bound", { maxAmount: "-5" }],
    ["bounds the wrong way round", { minAmount: "5", maxAmount: "4.99" }],
  ];
  it.each(invalid)("with %s are refused, and leave nothing", (_, change) => {
    const { registry } = open(temporaryFolder());
    const { version } = registry;
    expect(codeOf(() => registry.addPartner("shop", change))).toBe("INVALID_BODY");
    expect([registry.partner("shop"), registry.version]).toEqual([undefined, version]);
    expect(registry.addPartner("shop", {}).partner.index).toBe(2);
  });

  it("of the default currency are refused when a bound would not be exact in it", () => {
    const { registry } = open(temporaryFolder());
    registry.changePartner("demo", { minAmount: "0.50" });
    expect(codeOf(() => registry.changePartner("demo", { currency: "JPY" }))).toBe("INVALID_BODY");
    expect(registry.changePartner("demo", { currency: "JPY", minAmount: null }).minAmount).toBeUndefined();
  });

  it("cannot move a partner to another group, where its accounts are not", () => {
    const { registry } = open(temporaryFolder(), { groups: ["g0", "g1"] });
    expect(codeOf(() => registry.changePartner("demo", { group: "g1" }))).toBe("CONFLICT");
    expect(codeOf(() => registry.changePartner("demo", { group: "g0" }))).toBe("none");
  });

  it("raise the version, and are seen through keys at once", () => {
    const { registry, credentials } = open(temporaryFolder());
    const { version } = registry;
    registry.changePartner("demo", { status: "suspended" });
    expect(registry.version).toBeGreaterThan(version);
    const principal = registry.principalOf(digestOf(credentials!.partner.key));
    expect(principal).toMatchObject({ partner: { status: "suspended" } });
  });

  it("take an id, and a currency's code, once", () => {
    const { registry } = open(temporaryFolder());
    registry.addCurrency({ code: "POINTS", scale: 0 });
    expect(codeOf(() => registry.addPartner("demo", {}))).toBe("CONFLICT");
    expect(codeOf(() => registry.addCurrency({ code: "POINTS", scale: 2 }))).toBe("CONFLICT");
    expect(codeOf(() => registry.addCurrency({ code: "USD", scale: 3 }))).toBe("CONFLICT");
  });
});

describe("the credentials file", () => {
  it("follows the url, keeps its keys and its mode, and does not come back once it is removed", () => {
    const data = temporaryFolder();
    const { credentials } = open(data);
    const file = join(data, CREDENTIALS_FILE);
    updateCredentialsUrl(data, "http://127.0.0.1:9999");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ ...credentials, url: "http://127.0.0.1:9999" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    rmSync(file);
    updateCredentialsUrl(data, "http://127.0.0.1:8080");
    expect(() => statSync(file)).toThrow();
  });
});
