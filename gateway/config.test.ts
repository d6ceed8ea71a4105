import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, isLoopback, readSettings, urlOf } from "./config.ts";
import { temporaryFolder } from "./testing.ts";

const DIGEST = "a".repeat(64);

function refusal(environment: Record<string, string>): string {
  try {
    readSettings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return "accepted";
}

describe("settings", () => {
  it("serve with no configuration, on loopback, with one listener", () => {
    expect(readSettings({})).toEqual({
      listener: { host: "127.0.0.1", port: 8080 },
      adminListener: undefined,
      data: resolve("data"),
      groups: ["g0"],
      store: "sqlite",
      redis: undefined,
      sql: undefined,
      logLevel: "info",
      adminKeyDigests: [],
      horizonCommands: 16_000_000,
      memoryAhead: false,
      snapshotCommands: 20_000_000,
      segmentBytes: 64 << 20,
      retainSegments: undefined,
      kafka: undefined,
      facades: {
        onePassPartner: undefined,
        walletPartner: undefined,
        deductPartner: undefined,
        addresses: [],
        hosts: [],
      },
      edge: { rateLimit: undefined, inFlight: 16_384, requestTimeoutMs: 30_000 },
      tls: undefined,
      masterKeys: [],
      onePass: { fund: undefined, inFlightMax: 500, perSecond: 100 },
      services: { auth: true, rotationMs: undefined, overlapMs: 7 * 86_400_000 },
      accountsMax: 66_108_864,
      minFreeBytes: 512 << 20,
    });
  });

  it("are frozen, lists too", () => {
    const settings = readSettings({});
    expect([settings, settings.groups, settings.listener, settings.adminKeyDigests].every(Object.isFrozen)).toBe(true);
  });

  it("ignore variables of others", () => {
    expect(readSettings({ PATH: "/bin", HOST: "0.0.0.0" }).listener.host).toBe("127.0.0.1");
  });

  const accepted: [string, string, (settings: ReturnType<typeof readSettings>) => unknown, unknown][] = [
    ["PORT", "0", (s) => s.listener.port, 0],
    ["PORT", "65535", (s) => s.listener.port, 65_535],
    ["HOST", "::1", (s) => s.listener.host, "::1"],
    ["GROUPS", "g0, g1,eu-west_2", (s) => s.groups, ["g0", "g1", "eu-west_2"]],
    ["LOG_LEVEL", "silent", (s) => s.logLevel, "silent"],
    ["STORE", "off", (s) => s.store, "off"],
    ["RATE_LIMIT", "off", (s) => s.edge.rateLimit, undefined],
    ["RATE_LIMIT", "100", (s) => s.edge.rateLimit, { perSecond: 100, burst: 100 }],
    ["IN_FLIGHT", "10", (s) => s.edge.inFlight, 10],
    ["REQUEST_TIMEOUT_MS", "500", (s) => s.edge.requestTimeoutMs, 500],
    ["FACADE_HOSTS", "Gateway.internal, b", (s) => s.facades.hosts, ["gateway.internal", "b"]],
    ["MASTER_KEY", "ab".repeat(32), (s) => s.masterKeys.map((key) => key.export().toString("hex")), ["ab".repeat(32)]],
    [
      "MASTER_KEY",
      `${Buffer.alloc(32, 1).toString("base64")},${"AB".repeat(32)}`,
      (s) => s.masterKeys.map((key) => key.export().toString("hex")),
      ["01".repeat(32), "ab".repeat(32)],
    ],
    ["MEMORY_AHEAD", "on", (s) => s.memoryAhead, true],
    ["SNAPSHOT_COMMANDS", "off", (s) => s.snapshotCommands, undefined],
    ["SNAPSHOT_COMMANDS", "1000", (s) => s.snapshotCommands, 1000],
    ["SEGMENT_MB", "16", (s) => s.segmentBytes, 16 << 20],
    ["RETAIN_SEGMENTS", "3", (s) => s.retainSegments, 3],
    ["ACCOUNTS_MAX", "1", (s) => s.accountsMax, 1],
    ["MIN_FREE_MB", "0", (s) => s.minFreeBytes, 0],
    [
      "KAFKA",
      "k1:9092, [::1]:9093",
      (s) => s.kafka,
      { brokers: ["k1:9092", "[::1]:9093"], topic: "ringfence.results", security: {} },
    ],
    ["HORIZON", "5", (s) => s.horizonCommands, 5],
    [
      "ADMIN_KEY_SHA256",
      `${DIGEST.toUpperCase()},${"b".repeat(64)}`,
      (s) => s.adminKeyDigests,
      [DIGEST, "b".repeat(64)],
    ],
    ["SERVICE_AUTH", "off", (s) => s.services.auth, false],
    ["SERVICE_ROTATION_DAYS", "90", (s) => s.services.rotationMs, 90 * 86_400_000],
    ["SERVICE_OVERLAP_DAYS", "1", (s) => s.services.overlapMs, 86_400_000],
    ["ADMIN_PORT", "9000", (s) => s.adminListener, { host: "127.0.0.1", port: 9000 }],
  ];
  it.each(accepted)("take RINGFENCE_%s=%s", (variable, value, pick, expected) => {
    expect(pick(readSettings({ [`RINGFENCE_${variable}`]: value }))).toEqual(expected);
  });

  const refused: [string, string, string][] = [
    ["PORT", "80a", "whole number"],
    ["PORT", "65536", "from 0 to 65535"],
    ["PORT", "-1", "whole number"],
    ["PORT", "", "empty"],
    ["HOST", "300.1.1.1", "IP address"],
    ["KAFKA", "localhost", "host:port"],
    ["KAFKA", "k1:9092,", "host:port"],
    ["KAFKA", "k1:0", "whole number"],
    ["KAFKA", "http://k1:9092", "host name"],
    ["KAFKA_TOPIC", "a b", "topic's name"],
    ["KAFKA_TLS", "yes", "`on` or `off`"],
    ["KAFKA_CA_FILE", "/ca.pem", "RINGFENCE_KAFKA_TLS=on"],
    ["KAFKA_SASL", "gssapi", "`plain`"],
    ["KAFKA_SASL", "plain", "RINGFENCE_KAFKA_USER and RINGFENCE_KAFKA_PASSWORD_FILE"],
    ["KAFKA_USER", "me", "needs RINGFENCE_KAFKA_SASL"],
    ["KAFKA_PASSWORD_FILE", "/password", "needs RINGFENCE_KAFKA_SASL"],
    ["HOST", "a b", "host name"],
    ["GROUPS", "g0,,g1", "group's name"],
    ["GROUPS", "G0", "group's name"],
    ["GROUPS", "../x", "group's name"],
    ["GROUPS", "g0,g0", "twice"],
    ["GROUPS", Array.from({ length: 65 }, (_, i) => `g${i}`).join(","), "more than 64"],
    ["REDIS", "http://127.0.0.1", "begins with redis://"],
    ["SQL", "127.0.0.1:3306", "begins with mysql://"],
    ["STORE", "mysql", "must be `sqlite` or `off`"],
    ["RATE_LIMIT", "0", "from 1"],
    ["RATE_LIMIT", "1.5", "from 1 to 1000000, or `off`"],
    ["RATE_BURST", "5", "RINGFENCE_RATE_LIMIT, which is off"],
    ["IN_FLIGHT", "0", "from 1"],
    ["REQUEST_TIMEOUT_MS", "99", "from 100"],
    ["FACADE_HOSTS", "a,,b", "host name"],
    ["TLS_CERT", "/a.pem", "TLS_KEY is missing"],
    ["TLS_KEY", "/a.pem", "TLS_CERT is missing"],
    ["MASTER_KEY", "x", "32 bytes in hex or base64"],
    ["MASTER_KEY", `${"a".repeat(64)},${"b".repeat(64)},${"c".repeat(64)}`, "or two of them"],
    ["LOG_LEVEL", "loud", "one of fatal"],
    ["HORIZON", "0", "from 1"],
    ["HORIZON", "1e6", "whole number"],
    ["SEGMENT_MB", "8", "from 16"],
    ["RETAIN_SEGMENTS", "0", "from 1"],
    ["MEMORY_AHEAD", "yes", "`on` or `off`"],
    ["SNAPSHOT_COMMANDS", "never", "or `off`"],
    ["RETAIN_SEGMENTS", "off", "or `all`"],
    ["MIN_FREE_MB", "0.5", "whole number"],
    ["SERVICE_AUTH", "no", "must be `on` or `off`"],
    ["SERVICE_ROTATION_DAYS", "0", "from 1"],
    ["SERVICE_OVERLAP_DAYS", "off", "whole number"],
    ["toString", "x", "not a setting"],
    ["PROT", "8080", "not a setting"],
  ];
  it.each(refused)("refuse RINGFENCE_%s=%s in one line that names it", (variable, value, why) => {
    const message = refusal({ [`RINGFENCE_${variable}`]: value });
    // Where one of a pair is missing, it is the missing one that is named.
    expect(message).toContain(variable.startsWith("TLS_") ? "RINGFENCE_TLS_" : `RINGFENCE_${variable}`);
    expect(message).toContain(why);
    expect(message).not.toContain("\n");
  });

  it("refuse a bad master key without repeating it", () => {
    expect(refusal({ RINGFENCE_MASTER_KEY: "5ecret" })).not.toContain("5ecret");
  });

  it("take a burst beside a rate limit", () => {
    const { edge } = readSettings({ RINGFENCE_RATE_LIMIT: "10", RINGFENCE_RATE_BURST: "50" });
    expect(edge.rateLimit).toEqual({ perSecond: 10, burst: 50 });
  });

  it("take TLS and credentials for Kafka, by the files that hold them", () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const settings = {
      RINGFENCE_KAFKA: "k1:9092",
      RINGFENCE_KAFKA_TLS: "on",
      RINGFENCE_KAFKA_CA_FILE: file("ca.pem", "-----BEGIN CERTIFICATE-----\n"),
      RINGFENCE_KAFKA_SASL: "scram-sha-512",
      RINGFENCE_KAFKA_USER: "ringfence",
      RINGFENCE_KAFKA_PASSWORD_FILE: file("password", "geheim\n"),
    };
    expect(readSettings(settings).kafka?.security).toEqual({
      tls: { caFile: join(folder, "ca.pem") },
      sasl: { mechanism: "scram-sha-512", user: "ringfence", passwordFile: join(folder, "password") },
    });
    expect(readSettings({ RINGFENCE_KAFKA: "k1:9092", RINGFENCE_KAFKA_TLS: "on" }).kafka?.security).toEqual({
      tls: {},
    });
    const wrong: [Record<string, string>, string][] = [
      [{ RINGFENCE_KAFKA_CA_FILE: file("no.pem", "geheim") }, "no certificate in PEM form"],
      [{ RINGFENCE_KAFKA_CA_FILE: join(folder, "nothing") }, "cannot be read (ENOENT)"],
      [{ RINGFENCE_KAFKA_PASSWORD_FILE: file("empty", "\n") }, "is empty"],
      [{ RINGFENCE_KAFKA_PASSWORD_FILE: folder }, "cannot be read (EISDIR)"],
    ];
    for (const [change, why] of wrong) {
      const message = refusal({ ...settings, ...change });
      expect(message).toContain(Object.keys(change)[0]);
      expect(message).toContain(why);
      expect(message).not.toContain("geheim");
    }
  });

  it("refuse a bad admin digest without repeating it, for it may be the key itself", () => {
    const message = refusal({ RINGFENCE_ADMIN_KEY_SHA256: "ra_live_secret" });
    expect(message).toContain("RINGFENCE_ADMIN_KEY_SHA256");
    expect(message).not.toContain("ra_live_secret");
  });
});

it.each([
  ["127.0.0.1", "http://127.0.0.1:80"],
  ["0.0.0.0", "http://127.0.0.1:80"],
  ["::", "http://[::1]:80"],
  ["fe80::1", "http://[fe80::1]:80"],
  ["gateway.example", "http://gateway.example:80"],
])("a listener on %s is reached at %s", (host, url) => {
  expect(urlOf({ host, port: 80 })).toBe(url);
});

describe("off loopback", () => {
  it.each(["0.0.0.0", "::", "10.0.0.1", "gateway.example"])("host %s needs the admin key's digest", (host) => {
    expect(refusal({ RINGFENCE_HOST: host })).toContain("RINGFENCE_ADMIN_KEY_SHA256 is missing");
  });

  it("an admin listener off loopback needs it too", () => {
    expect(refusal({ RINGFENCE_ADMIN_HOST: "0.0.0.0" })).toContain("RINGFENCE_ADMIN_KEY_SHA256 is missing");
  });

  it("admin moves to a listener of its own", () => {
    const settings = readSettings({ RINGFENCE_HOST: "0.0.0.0", RINGFENCE_ADMIN_KEY_SHA256: DIGEST });
    expect(settings.adminListener).toEqual({ host: "127.0.0.1", port: 8081 });
  });

  it.each(["0.0.0.0", "10.0.0.1"])("host %s needs secrets of services: switching them off is refused", (host) => {
    const message = refusal({
      RINGFENCE_HOST: host,
      RINGFENCE_ADMIN_KEY_SHA256: DIGEST,
      RINGFENCE_SERVICE_AUTH: "off",
    });
    expect(message).toBe(
      `RINGFENCE_SERVICE_AUTH=off is refused: ${host} is not a loopback address, and off loopback orders need a secret.`,
    );
  });

  it("both listeners on one port are refused", () => {
    const message = refusal({
      RINGFENCE_HOST: "0.0.0.0",
      RINGFENCE_PORT: "8081",
      RINGFENCE_ADMIN_KEY_SHA256: DIGEST,
    });
    expect(message).toContain("RINGFENCE_ADMIN_PORT=8081");
  });

  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["LOCALHOST", true],
    ["::1", true],
    ["127.example.org", false],
    ["0.0.0.0", false],
    ["::", false],
  ])("%s is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
