/** Settings from the environment: read once, validated whole, frozen. */
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { ACCOUNTS_TAKEN_MAX, HORIZON_COMMANDS_DEFAULT } from "../engine/index.ts";
import { SEGMENT_BYTES_MAX } from "../journal/index.ts";
import {
  addresses,
  brokers,
  ConfigError,
  digests,
  file,
  fundUrl,
  groups,
  headerText,
  host,
  hostNames,
  integer,
  integerOr,
  type LogLevel,
  logLevel,
  masterKeys,
  PREFIX,
  partner,
  refuse,
  topic,
  url,
} from "./config-values.ts";
import type { FundSettings } from "./facades/one-pass/jobs/types.ts";
import { IN_FLIGHT_DEFAULT as ONEPASS_IN_FLIGHT_DEFAULT, RATE_DEFAULT } from "./facades/one-pass/limits.ts";
import { type KafkaSettings, saslMechanism, securityOf } from "./kafka-settings.ts";
import { IN_FLIGHT_DEFAULT, REQUEST_TIMEOUT_MS } from "./limits.ts";

export { ConfigError, type LogLevel } from "./config-values.ts";

export interface Listener {
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number;
}

/** Partners that facades are bound to; undefined: their calls need a partner's key. */
export interface FacadeSettings {
  readonly onePassPartner: string | undefined;
  readonly walletPartner: string | undefined;
  readonly deductPartner: string | undefined;
  /** Addresses or subnets, beside loopback, from which a bound facade takes calls without a key. */
  readonly addresses: readonly string[];
  /** Host names, beside addresses and localhost, by which a call without a key may name the service. Lower case. */
  readonly hosts: readonly string[];
}

export interface RateLimit {
  /** Tokens that come back a second, above 0. */
  readonly perSecond: number;
  /** Tokens of a full bucket, at least 1: so many requests may come at once. */
  readonly burst: number;
}

export interface EdgeSettings {
  /** Undefined: requests are not counted by partner or address. */
  readonly rateLimit: RateLimit | undefined;
  /** Requests under way at most. */
  readonly inFlight: number;
  /** Milliseconds in which a whole request must have come. */
  readonly requestTimeoutMs: number;
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's certificate, and behind it those of its issuers. */
  readonly certificate: string;
  readonly key: string;
}

/** One-Pass's own settings. */
export interface OnePassSettings {
  /** The third party that batches draw from; undefined: none, and batchPay is refused. */
  readonly fund: FundSettings | undefined;
  /** Requests in flight at a time, and a second from one address; undefined: any number. */
  readonly inFlightMax: number | undefined;
  readonly perSecond: number | undefined;
}

/** Secrets of internal services. */
export interface ServiceSettings {
  /** False: request-balance takes orders without a key; only where partners are served on loopback. */
  readonly auth: boolean;
  /** Age at which a service's newest secret is due to be replaced, ms; undefined: secrets do not age. */
  readonly rotationMs: number | undefined;
  /** How long an older secret works beside its successor, ms; counts where secrets age. */
  readonly overlapMs: number;
}

export interface Settings {
  readonly listener: Listener;
  /** Where admin, metrics and docs are served; undefined: on the one listener, which is then on loopback. */
  readonly adminListener: Listener | undefined;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Names, at least one, without repeats; the first takes the partners that name no group. */
  readonly groups: readonly string[];
  /** The embedded store: `sqlite` keeps entries in the data folder. */
  readonly store: "sqlite" | "off";
  /** Urls of the stores that processes of their own write; given here, `/v1/admin/stores` shows how far they are. */
  readonly redis: string | undefined;
  readonly sql: string | undefined;
  readonly logLevel: LogLevel;
  /** Lower-case hex SHA-256 digests; when there are any, they alone admit an admin. */
  readonly adminKeyDigests: readonly string[];
  /** Commands that a group remembers by id. */
  readonly horizonCommands: number;
  /** The memory of remembered commands is mapped after the start, in the background, instead of as they come. */
  readonly memoryAhead: boolean;
  /** Commands between two snapshots of a group; undefined: only at shutdown and on demand. */
  readonly snapshotCommands: number | undefined;
  readonly segmentBytes: number;
  /** Sealed segments kept; undefined: all. */
  readonly retainSegments: number | undefined;
  /** Where results are published; undefined: they stay in the journal, which serves them. */
  readonly kafka: KafkaSettings | undefined;
  readonly facades: FacadeSettings;
  readonly edge: EdgeSettings;
  /** Files of certificate and key; undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Keys of 32 bytes under which signing secrets are kept: the first seals, all open. */
  readonly masterKeys: readonly KeyObject[];
  readonly onePass: OnePassSettings;
  readonly services: ServiceSettings;
  /** Accounts of a group from which on its commands are refused with GROUP_FULL. */
  readonly accountsMax: number;
  /** Commands are refused with DISK_FULL while the disk has fewer free bytes. */
  readonly minFreeBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 1 << 20;
const DAY_MS = 86_400_000;

const daysMs = (days: number | undefined): number | undefined => days && days * DAY_MS;

/** Variable (without prefix) → how its text becomes a value. The list of what may be set. */
const PARSERS = {
  HOST: (value: string) => host("HOST", value),
  PORT: (value: string) => integer("PORT", value, { min: 0, max: 65_535 }),
  DATA: (value: string) => (value.includes("\0") ? refuse("DATA", value, "a path has no zero byte") : resolve(value)),
  GROUPS: groups,
  KAFKA: brokers,
  KAFKA_TOPIC: topic,
  KAFKA_TLS: (value: string) =>
    value === "on" || value === "off" ? value === "on" : refuse("KAFKA_TLS", value, "it must be `on` or `off`"),
  KAFKA_CA_FILE: (value: string) => resolve(value),
  KAFKA_SASL: (value: string) =>
    value === "off"
      ? undefined
      : (saslMechanism(value) ??
        refuse("KAFKA_SASL", value, "it must be `plain`, `scram-sha-256`, `scram-sha-512` or `off`")),
  KAFKA_USER: (value: string) => value,
  KAFKA_PASSWORD_FILE: (value: string) => resolve(value),
  STORE: (value: string) =>
    value === "sqlite" || value === "off" ? value : refuse("STORE", value, "it must be `sqlite` or `off`"),
  REDIS: (value: string) => url("REDIS", value, ["redis://", "rediss://"]),
  SQL: (value: string) => url("SQL", value, ["mysql://"]),
  LOG_LEVEL: logLevel,
  RATE_LIMIT: (value: string) => integerOr("off", "RATE_LIMIT", value, { min: 1, max: 1e6 }),
  RATE_BURST: (value: string) => integer("RATE_BURST", value, { min: 1, max: 1e6 }),
  IN_FLIGHT: (value: string) => integer("IN_FLIGHT", value, { min: 1, max: 1e6 }),
  REQUEST_TIMEOUT_MS: (value: string) => integer("REQUEST_TIMEOUT_MS", value, { min: 100, max: 600_000 }),
  TLS_CERT: (value: string) => file("TLS_CERT", value),
  TLS_KEY: (value: string) => file("TLS_KEY", value),
  MASTER_KEY: masterKeys,
  ONEPASS_PARTNER: (value: string) => partner("ONEPASS_PARTNER", value),
  WALLET_PARTNER: (value: string) => partner("WALLET_PARTNER", value),
  DEDUCT_PARTNER: (value: string) => partner("DEDUCT_PARTNER", value),
  FACADE_ADDRESSES: addresses,
  FACADE_HOSTS: hostNames,
  ONEPASS_FUND_URL: fundUrl,
  ONEPASS_FUND_ID: (value: string) => headerText("ONEPASS_FUND_ID", value),
  ONEPASS_FUND_TOKEN: (value: string) => headerText("ONEPASS_FUND_TOKEN", value),
  ONEPASS_FUND_TIMEOUT_MS: (value: string) => integer("ONEPASS_FUND_TIMEOUT_MS", value, { min: 10, max: 600_000 }),
  ONEPASS_IN_FLIGHT: (value: string) => integerOr("off", "ONEPASS_IN_FLIGHT", value, { min: 1, max: 65_536 }),
  ONEPASS_RATE: (value: string) => integerOr("off", "ONEPASS_RATE", value, { min: 1, max: 1_000_000 }),
  SERVICE_AUTH: (value: string) =>
    value === "on" || value === "off" ? value === "on" : refuse("SERVICE_AUTH", value, "it must be `on` or `off`"),
  SERVICE_ROTATION_DAYS: (value: string) =>
    daysMs(integerOr("off", "SERVICE_ROTATION_DAYS", value, { min: 1, max: 3650 })),
  SERVICE_OVERLAP_DAYS: (value: string) => integer("SERVICE_OVERLAP_DAYS", value, { min: 1, max: 3650 }) * DAY_MS,
  ADMIN_HOST: (value: string) => host("ADMIN_HOST", value),
  ADMIN_PORT: (value: string) => integer("ADMIN_PORT", value, { min: 0, max: 65_535 }),
  ADMIN_KEY_SHA256: digests,
  HORIZON: (value: string) => integer("HORIZON", value, { min: 1, max: 1e9 }),
  MEMORY_AHEAD: (value: string) =>
    value === "on" || value === "off" ? value === "on" : refuse("MEMORY_AHEAD", value, "it must be `on` or `off`"),
  SNAPSHOT_COMMANDS: (value: string) => integerOr("off", "SNAPSHOT_COMMANDS", value, { min: 1, max: 1e12 }),
  // A segment must take the largest frame, 8 MiB and its header, so 16 is the least.
  SEGMENT_MB: (value: string) => integer("SEGMENT_MB", value, { min: 16, max: SEGMENT_BYTES_MAX / MIB }) * MIB,
  RETAIN_SEGMENTS: (value: string) => integerOr("all", "RETAIN_SEGMENTS", value, { min: 1, max: 1e9 }),
  ACCOUNTS_MAX: (value: string) => integer("ACCOUNTS_MAX", value, { min: 1, max: ACCOUNTS_TAKEN_MAX }),
  MIN_FREE_MB: (value: string) => integer("MIN_FREE_MB", value, { min: 0, max: 1e9 }) * MIB,
} as const;

type Variable = keyof typeof PARSERS;

const DEFAULTS: { readonly [name in Variable]?: string } = {
  HOST: "127.0.0.1",
  PORT: "8080",
  DATA: "./data",
  GROUPS: "g0",
  KAFKA_TOPIC: "ringfence.results",
  KAFKA_TLS: "off",
  KAFKA_SASL: "off",
  STORE: "sqlite",
  LOG_LEVEL: "info",
  RATE_LIMIT: "off",
  IN_FLIGHT: String(IN_FLIGHT_DEFAULT),
  REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS),
  SERVICE_AUTH: "on",
  SERVICE_ROTATION_DAYS: "off",
  SERVICE_OVERLAP_DAYS: "7",
  ADMIN_HOST: "127.0.0.1",
  ADMIN_PORT: "8081",
  HORIZON: String(HORIZON_COMMANDS_DEFAULT),
  MEMORY_AHEAD: "off",
  SNAPSHOT_COMMANDS: "20000000",
  SEGMENT_MB: "64",
  RETAIN_SEGMENTS: "all",
  ACCOUNTS_MAX: String(ACCOUNTS_TAKEN_MAX),
  MIN_FREE_MB: "512",
  ONEPASS_FUND_ID: "ringfence",
  ONEPASS_FUND_TIMEOUT_MS: "3000",
  ONEPASS_IN_FLIGHT: String(ONEPASS_IN_FLIGHT_DEFAULT),
  ONEPASS_RATE: String(RATE_DEFAULT),
};

/** True for 127.0.0.0/8, ::1 and localhost: what only this machine reaches. */
export function isLoopback(address: string): boolean {
  const name = address.toLowerCase();
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** Where clients on this machine reach a listener; a wildcard address is reached over loopback. */
export function urlOf({ host: address, port }: Listener): string {
  if (address === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (address === "::") return `http://[::1]:${port}`;
  return isIP(address) === 6 ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

/** An unset variable takes its default; an empty one counts as set, for it is most often a mistake in a script. */
function value<T>(environment: Environment, variable: Variable, parse: (text: string) => T): T | undefined {
  const text = environment[PREFIX + variable] ?? DEFAULTS[variable];
  if (text === undefined) return undefined;
  if (text === "") refuse(variable, text, "it is empty; unset it to have the default");
  return parse(text);
}

function refuseUnknown(environment: Environment): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(PREFIX) || Object.hasOwn(PARSERS, name.slice(PREFIX.length))) continue;
    const known = Object.keys(PARSERS).map((variable) => PREFIX + variable);
    throw new ConfigError(`${name} is not a setting of this version. Known are ${known.join(", ")}.`);
  }
}

function required<T>(found: T | undefined): T {
  if (found === undefined) throw new Error("a setting without a default was required");
  return found;
}

type Read = <V extends Variable>(variable: V) => ReturnType<(typeof PARSERS)[V]> | undefined;

const readerOf =
  (environment: Environment): Read =>
  (variable) =>
    value(environment, variable, PARSERS[variable] as (text: string) => ReturnType<(typeof PARSERS)[typeof variable]>);

/** Where results are published, and how that is reached; undefined without RINGFENCE_KAFKA. Throws ConfigError. */
export function readKafka(environment: Environment): KafkaSettings | undefined {
  refuseUnknown(environment);
  const read = readerOf(environment);
  const found = read("KAFKA");
  const topic = required(read("KAFKA_TOPIC"));
  const security = securityOf({
    tls: required(read("KAFKA_TLS")),
    caFile: read("KAFKA_CA_FILE"),
    mechanism: read("KAFKA_SASL"),
    user: read("KAFKA_USER"),
    passwordFile: read("KAFKA_PASSWORD_FILE"),
  });
  if ("refused" in security) {
    const [variable, why] = security.refused;
    return refuse(variable, environment[PREFIX + variable] ?? "", why);
  }
  return found === undefined ? undefined : Object.freeze({ brokers: found, topic, security: Object.freeze(security) });
}

/** Reads settings from `environment`. Throws ConfigError with one line that names the variable and the reason. */
export function readSettings(environment: Environment): Settings {
  refuseUnknown(environment);
  const read = readerOf(environment);
  const listener = { host: required(read("HOST")), port: required(read("PORT")) };
  const admin = { host: required(read("ADMIN_HOST")), port: required(read("ADMIN_PORT")) };
  const apart =
    !isLoopback(listener.host) ||
    [`${PREFIX}ADMIN_HOST`, `${PREFIX}ADMIN_PORT`].some((name) => environment[name] !== undefined);
  const settings: Settings = {
    listener: Object.freeze(listener),
    adminListener: apart ? Object.freeze(admin) : undefined,
    data: required(read("DATA")),
    groups: required(read("GROUPS")),
    store: required(read("STORE")),
    redis: read("REDIS"),
    sql: read("SQL"),
    logLevel: required(read("LOG_LEVEL")),
    adminKeyDigests: read("ADMIN_KEY_SHA256") ?? Object.freeze([]),
    horizonCommands: required(read("HORIZON")),
    memoryAhead: required(read("MEMORY_AHEAD")),
    snapshotCommands: read("SNAPSHOT_COMMANDS"),
    segmentBytes: required(read("SEGMENT_MB")),
    retainSegments: read("RETAIN_SEGMENTS"),
    kafka: readKafka(environment),
    facades: Object.freeze({
      onePassPartner: read("ONEPASS_PARTNER"),
      walletPartner: read("WALLET_PARTNER"),
      deductPartner: read("DEDUCT_PARTNER"),
      addresses: read("FACADE_ADDRESSES") ?? Object.freeze([]),
      hosts: read("FACADE_HOSTS") ?? Object.freeze([]),
    }),
    edge: Object.freeze({
      rateLimit: rateLimit(read("RATE_LIMIT"), read("RATE_BURST")),
      inFlight: required(read("IN_FLIGHT")),
      requestTimeoutMs: required(read("REQUEST_TIMEOUT_MS")),
    }),
    tls: tlsFiles(read("TLS_CERT"), read("TLS_KEY")),
    masterKeys: read("MASTER_KEY") ?? Object.freeze([]),
    onePass: Object.freeze({
      fund: fundSettings(read("ONEPASS_FUND_URL"), {
        participant: required(read("ONEPASS_FUND_ID")),
        token: read("ONEPASS_FUND_TOKEN"),
        timeoutMs: required(read("ONEPASS_FUND_TIMEOUT_MS")),
      }),
      inFlightMax: read("ONEPASS_IN_FLIGHT"),
      perSecond: read("ONEPASS_RATE"),
    }),
    services: Object.freeze({
      auth: required(read("SERVICE_AUTH")),
      rotationMs: read("SERVICE_ROTATION_DAYS"),
      overlapMs: required(read("SERVICE_OVERLAP_DAYS")),
    }),
    accountsMax: required(read("ACCOUNTS_MAX")),
    minFreeBytes: required(read("MIN_FREE_MB")),
  };
  checkListeners(settings);
  checkServiceAuth(settings);
  return Object.freeze(settings);
}

/** A bucket takes a second's requests unless it is given another size. */
function rateLimit(perSecond: number | undefined, burst: number | undefined): EdgeSettings["rateLimit"] {
  if (perSecond !== undefined) return Object.freeze({ perSecond, burst: burst ?? perSecond });
  if (burst === undefined) return undefined;
  throw new ConfigError(
    `${PREFIX}RATE_BURST is refused: it says how many requests may come at once within ${PREFIX}RATE_LIMIT, which is off.`,
  );
}

function tlsFiles(certificate: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (certificate !== undefined && key !== undefined) return Object.freeze({ certificate, key });
  if (certificate === undefined && key === undefined) return undefined;
  const missing = certificate === undefined ? "TLS_CERT" : "TLS_KEY";
  throw new ConfigError(`${PREFIX}${missing} is missing: TLS needs both a certificate and its key.`);
}

function fundSettings(fund: string | undefined, rest: Omit<FundSettings, "url">): FundSettings | undefined {
  return fund === undefined ? undefined : Object.freeze({ url: fund, ...rest });
}

function checkListeners({ listener, adminListener, adminKeyDigests }: Settings): void {
  const exposed = [listener, adminListener].find((one) => one !== undefined && !isLoopback(one.host));
  if (exposed !== undefined && adminKeyDigests.length === 0) {
    throw new ConfigError(
      `${PREFIX}ADMIN_KEY_SHA256 is missing: ${exposed.host} is not a loopback address, and off loopback the admin key's SHA-256 digest must be given.`,
    );
  }
  if (adminListener === undefined || listener.port === 0 || listener.port !== adminListener.port) return;
  const wildcard = [listener.host, adminListener.host].some((one) => one === "0.0.0.0" || one === "::");
  if (wildcard || listener.host === adminListener.host) {
    throw new ConfigError(
      `${PREFIX}ADMIN_PORT=${adminListener.port} is refused: it is RINGFENCE_PORT too; give them different ports.`,
    );
  }
}

function checkServiceAuth({ listener, services }: Settings): void {
  if (services.auth || isLoopback(listener.host)) return;
  throw new ConfigError(
    `${PREFIX}SERVICE_AUTH=off is refused: ${listener.host} is not a loopback address, and off loopback orders need a secret.`,
  );
}
