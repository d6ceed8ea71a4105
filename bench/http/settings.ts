/** Settings of the HTTP benchmark. */
import { BUCKET_COMMANDS_MAX } from "../../engine/index.ts";
import { type Environment, integer, SettingError } from "../environment.ts";

export const HELP = `Drives the service with buckets of commands, and a null server with the same, and prints both and their ratio.

  make benchmark [NAME=value …]      node bench/main.ts

REQUESTS     requests a side and pair; 100000, fewer for buckets above 20 (autocannon only)
CONNECTIONS  connections, each with one request under way; 64
BUCKET       commands a request; 20
ACCOUNTS     accounts that the commands are spread over; 1000
PAIRS        alternating pairs of runs, service and null server; 1. The ratio is the median over pairs: use 9 for a claim
GENERATOR    autocannon, or wrk where it is installed
DURATION     seconds a side and pair (wrk only); 5
TARGET       url of another server that takes the same body; then no server is started and no journal is checked
KEY          the key that TARGET wants as Bearer
NULL         1: measure the null server beside TARGET too
DATA         folder on a disk in which the fresh data folder is made; bench/out

Exits 1 when a check fails: an acknowledged command that is not in the journal, a trial balance that is not zero, an answer
other than 202.`;

export interface HttpSettings {
  readonly requests: number;
  readonly connections: number;
  readonly bucket: number;
  readonly accounts: number;
  readonly pairs: number;
  readonly generator: "autocannon" | "wrk";
  /** Seconds of a run by wrk. */
  readonly duration: number;
  /** Undefined: our own service is started. */
  readonly target: { readonly url: string; readonly key: string } | undefined;
  readonly withNull: boolean;
}

/** Commands a side when BUCKET is large: enough for seconds of load. */
const COMMANDS_DEFAULT = 2_000_000;

/** Reads the settings. Throws SettingError with one line that says what is wrong. */
export function readHttpSettings(environment: Environment): HttpSettings {
  const bucket = integer(environment, "BUCKET", { unless: 20, min: 1, max: BUCKET_COMMANDS_MAX });
  const connections = integer(environment, "CONNECTIONS", { unless: 64, min: 1, max: 9999 });
  const unless = Math.max(connections, Math.min(100_000, Math.floor(COMMANDS_DEFAULT / bucket)));
  const generator = environment.GENERATOR || "autocannon";
  if (generator !== "autocannon" && generator !== "wrk") {
    throw new SettingError(`GENERATOR=${generator} is refused: it must be autocannon or wrk`);
  }
  const target = environment.TARGET ? { url: urlOf(environment.TARGET), key: environment.KEY ?? "" } : undefined;
  return {
    requests: integer(environment, "REQUESTS", { unless, min: connections, max: 1e9 }),
    connections,
    bucket,
    accounts: integer(environment, "ACCOUNTS", { unless: 1000, min: 1, max: 9_999_999 }),
    pairs: integer(environment, "PAIRS", { unless: 1, min: 1, max: 400 }),
    generator,
    duration: integer(environment, "DURATION", { unless: 5, min: 1, max: 3600 }),
    target,
    withNull: target === undefined || environment.NULL === "1",
  };
}

/** The url with the path of the command route, unless it has a path already. */
function urlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new SettingError(`TARGET=${text} is refused: it must be a url that begins with http:// or https://`);
  }
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = "/v1/commands";
  return url.href;
}
