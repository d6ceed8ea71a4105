/** Settings of the HTTP benchmark. */
import { BUCKET_COMMANDS_MAX } from "../../engine/index.ts";
import { type Environment, integer, SettingError } from "../environment.ts";
import { ORDERS_MAX } from "./bodies.ts";
import { SHAPES, type ShapeName } from "./shapes.ts";

export const HTTP_HELP = `Drives the service with buckets of commands, and a null server with the same, and prints both and their ratio.

  make benchmark [NAME=value …]      node bench/main.ts

REQUESTS     requests a side and pair; 100000, fewer for buckets above 20 (autocannon only)
CONNECTIONS  connections, each with one request under way; 64, for open 256
BUCKET       commands a request; 20
STORE        sqlite, as the service is delivered, or off: its embedded store, which follows while it is driven; sqlite
MEMORY       ahead: the memory of remembered commands is mapped before the clock starts (RINGFENCE_MEMORY_AHEAD=on), as in a service
             that has run for a while; or grow: it is mapped while the service is driven; ahead
BODY         commands, or orders: the array of POST /balance/request-balance; commands
ACCOUNTS     accounts that the commands are spread over; 1000
PAIRS        alternating pairs of runs, service and null server; 1. The ratio is the median over pairs: use 9 for a claim
GENERATOR    autocannon; wrk where it is installed; open: an open loop, RATE requests a second whether or not answers come
RATE         requests a second (open only); 5000, or half: of what the service takes in a closed loop
DURATION     seconds a side and pair (wrk and open); 5
WARMUP       0: no warm-up, a tenth of a run on each side
TARGET       url of another server that takes the same body; then no server is started and no journal is checked
KEY          the key that TARGET wants as Bearer
NULL         1: measure the null server beside TARGET too
SERVICE      1: measure our own service in the same run as TARGET, and the null server
DATA         folder on a disk in which the fresh data folder is made; bench/out

Exits 1 when a check fails: an acknowledged command that is not in the journal, a trial balance that is not zero, an answer
other than 202.`;

export interface HttpSettings {
  readonly requests: number;
  readonly connections: number;
  readonly bucket: number;
  readonly shape: ShapeName;
  readonly accounts: number;
  readonly pairs: number;
  readonly generator: GeneratorName;
  /** Requests a second of the open loop. */
  readonly rate: number | "half";
  /** Seconds of a run by wrk or the open loop. */
  readonly duration: number;
  readonly hasWarmUp: boolean;
  /** Another server to drive. */
  readonly target: { readonly url: string; readonly key: string } | undefined;
  /** Our own service is started and driven; else `target` alone. */
  readonly withService: boolean;
  readonly withNull: boolean;
  /** The embedded store of our own service, which takes processor time while it follows. */
  readonly store: "sqlite" | "off";
  /** Whether our own service has its memory before it is driven. */
  readonly memory: "ahead" | "grow";
}

const GENERATORS = ["autocannon", "wrk", "open"] as const;
export type GeneratorName = (typeof GENERATORS)[number];

/** Commands a side when BUCKET is large: enough for seconds of load. */
const COMMANDS_DEFAULT = 2_000_000;

/** Reads the settings. Throws SettingError with one line that says what is wrong. */
export function readHttpSettings(environment: Environment): HttpSettings {
  const shape = choice(environment, "BODY", ["commands", "orders"]);
  const most = shape === "orders" ? ORDERS_MAX : BUCKET_COMMANDS_MAX;
  const bucket = integer(environment, "BUCKET", { unless: 20, min: 1, max: most });
  const generator = choice(environment, "GENERATOR", GENERATORS);
  // The open loop needs a free connection at each planned time, or it would wait for answers as a closed one does.
  const many = generator === "open" ? 256 : 64;
  const connections = integer(environment, "CONNECTIONS", { unless: many, min: 1, max: 9999 });
  const unless = Math.max(connections, Math.min(100_000, Math.floor(COMMANDS_DEFAULT / bucket)));
  const target = environment.TARGET
    ? { url: urlOf(environment.TARGET, SHAPES[shape].path), key: environment.KEY ?? "" }
    : undefined;
  if (generator === "open" && target?.url.startsWith("https:")) {
    throw new SettingError(`TARGET=${environment.TARGET} is refused: the open loop speaks http only`);
  }
  const withService = target === undefined || environment.SERVICE === "1";
  return {
    requests: integer(environment, "REQUESTS", { unless, min: connections, max: 1e9 }),
    connections,
    bucket,
    shape,
    accounts: integer(environment, "ACCOUNTS", { unless: 1000, min: 1, max: 9_999_999 }),
    pairs: integer(environment, "PAIRS", { unless: 1, min: 1, max: 300 }),
    generator,
    rate: environment.RATE === "half" ? "half" : integer(environment, "RATE", { unless: 5000, min: 1, max: 1e6 }),
    duration: integer(environment, "DURATION", { unless: 5, min: 1, max: 3600 }),
    hasWarmUp: environment.WARMUP !== "0",
    target,
    withService,
    withNull: withService || environment.NULL === "1",
    store: choice(environment, "STORE", ["sqlite", "off"]),
    memory: choice(environment, "MEMORY", ["ahead", "grow"]),
  };
}

/** One of `names`, the first of them unless given. */
function choice<T extends string>(environment: Environment, name: string, names: readonly [T, ...T[]]): T {
  const text = environment[name] || names[0];
  const found = names.find((one) => one === text);
  if (found !== undefined) return found;
  throw new SettingError(`${name}=${text} is refused: it must be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`);
}

/** The url with the path of the route, unless it has a path already. */
function urlOf(text: string, path: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new SettingError(`TARGET=${text} is refused: it must be a url that begins with http:// or https://`);
  }
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = path;
  return url.href;
}
