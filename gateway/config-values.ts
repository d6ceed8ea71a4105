/** How the text of a setting becomes a value, and what a wrong one is told. Each throws ConfigError with one plain line. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { GROUPS_MAX } from "./limits.ts";

/** A setting or the data folder forbids the start; the message is one plain line for the operator. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const PREFIX = "RINGFENCE_";

export function refuse(variable: string, value: string, why: string): never {
  throw new ConfigError(`${PREFIX}${variable}=${JSON.stringify(value)} is refused: ${why}.`);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** `word`: what may stand there instead of a number, for the refusal. */
export function integer(variable: string, value: string, { min, max }: Range, word?: string): number {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  const or = word === undefined ? "" : `, or \`${word}\``;
  return refuse(variable, value, `it must be a whole number from ${min} to ${max}${or}`);
}

/** As `integer`; undefined for `word`. */
export function integerOr(word: string, variable: string, value: string, range: Range): number | undefined {
  return value === word ? undefined : integer(variable, value, range, word);
}

export function host(variable: string, value: string): string {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value) && !/^[0-9.]+$/.test(value);
  if (isIP(value) !== 0 || isName) return value;
  return refuse(variable, value, "it must be an IP address or a host name");
}

export function groups(value: string): readonly string[] {
  const names = value.split(",").map((name) => name.trim());
  for (const name of names) {
    // Lower case only: a group's name is a folder's name, and some file systems do not tell case.
    if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) {
      refuse("GROUPS", value, "a group's name is 1 to 32 of a-z, 0-9, _ and -, and begins with a letter or digit");
    }
  }
  if (new Set(names).size !== names.length) refuse("GROUPS", value, "a group is named twice");
  if (names.length > GROUPS_MAX) refuse("GROUPS", value, `more than ${GROUPS_MAX} groups`);
  return Object.freeze(names);
}

export function brokers(value: string): readonly string[] {
  const list = value.split(",").map((broker) => broker.trim());
  for (const broker of list) {
    const [, name = "", port = ""] = /^(?:(.+):)?([^:]*)$/.exec(broker) ?? [];
    const address = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
    if (address === "" || !/^[0-9]{1,5}$/.test(port)) {
      refuse("KAFKA", value, "it must be host:port, or several with commas between");
    }
    host("KAFKA", address);
    integer("KAFKA", port, { min: 1, max: 65_535 });
  }
  return Object.freeze(list);
}

export function topic(value: string): string {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(value) && value !== "." && value !== "..") return value;
  return refuse("KAFKA_TOPIC", value, "a topic's name is 1 to 249 of A-Z, a-z, 0-9, ., _ and -");
}

export function logLevel(value: string): LogLevel {
  return (
    LOG_LEVELS.find((level) => level === value) ??
    refuse("LOG_LEVEL", value, `it must be one of ${LOG_LEVELS.join(", ")}`)
  );
}

export function digests(value: string): readonly string[] {
  const list = value.split(",").map((digest) => digest.trim().toLowerCase());
  if (list.length <= 2 && list.every((digest) => /^[0-9a-f]{64}$/.test(digest))) return Object.freeze(list);
  // The value is not repeated: someone may have put the key itself there.
  throw new ConfigError(
    `${PREFIX}ADMIN_KEY_SHA256 is refused: it must be the SHA-256 digest of an admin key in 64 hex digits, or two of them with a comma between.`,
  );
}

/** The url of a database. It is not repeated in a refusal: it may hold a password. */
export function url(variable: string, value: string, schemes: readonly string[]): string {
  if (schemes.some((scheme) => value.startsWith(scheme)) && URL.canParse(value)) return value;
  throw new ConfigError(`${PREFIX}${variable} is refused: it must be a url that begins with ${schemes.join(" or ")}.`);
}

export function partner(variable: string, value: string): string {
  if (/^[A-Za-z0-9._:-]{1,64}$/.test(value)) return value;
  return refuse(variable, value, "a partner's id is 1 to 64 of A-Z, a-z, 0-9, ., _, : and -");
}

export function addresses(value: string): readonly string[] {
  const list = value.split(",").map((one) => one.trim());
  for (const one of list) {
    const [address = "", prefix, ...rest] = one.split("/");
    const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
    const isPrefix = prefix === undefined || (/^(0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= bits);
    if (bits < 0 || !isPrefix || rest.length > 0) {
      refuse("FACADE_ADDRESSES", value, "it must be IP addresses or subnets such as 10.1.0.0/16, with commas between");
    }
  }
  return Object.freeze(list);
}

export function hostNames(value: string): readonly string[] {
  const list = value.split(",").map((one) => one.trim().toLowerCase());
  for (const one of list) host("FACADE_HOSTS", one);
  return Object.freeze(list);
}

export function file(variable: string, value: string): string {
  return value.includes("\0") ? refuse(variable, value, "a path has no zero byte") : resolve(value);
}

export function masterKeys(value: string): readonly KeyObject[] {
  const bytes = value.split(",").map((text) => keyBytes(text.trim()));
  const isGood = bytes.length <= 2 && bytes.every((one) => one.byteLength === 32);
  // The value is not repeated, for it is a secret.
  if (!isGood) {
    throw new ConfigError(
      `${PREFIX}MASTER_KEY is refused: it must be 32 bytes in hex or base64, or two of them with a comma between, the new one first.`,
    );
  }
  return Object.freeze(bytes.map((one) => createSecretKey(one)));
}

function keyBytes(text: string): Buffer {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : Buffer.alloc(0);
}

/** Where the third party's calls are, if only its origin is given. */
const FUND_PATH = "/thirdpart/onePass";

export function fundUrl(value: string): string {
  const given = new URL(url("ONEPASS_FUND_URL", value, ["http://", "https://"]));
  if (given.search !== "" || given.hash !== "" || given.username !== "") {
    throw new ConfigError(`${PREFIX}ONEPASS_FUND_URL is refused: it must be an origin, or one with a path.`);
  }
  return given.origin + (given.pathname === "/" ? FUND_PATH : given.pathname.replace(/\/$/, ""));
}

/** What is sent as a header. It is not repeated: it may be a secret. */
export function headerText(variable: string, value: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(value)) return value;
  throw new ConfigError(`${PREFIX}${variable} is refused: it must be 1 to 512 visible ASCII characters.`);
}
