import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "./config.ts";

/** Where a secret could stand in a logged object. Nothing logs these on purpose; this is the net below. */
const SECRET_PATHS = ["authorization", "x-signature", "key", "secret", "digest", "sealed"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** The process's logger: JSON lines on standard output unless `destination` is given; secrets are censored. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, base: null, redact: { paths: SECRET_PATHS, censor: "[secret]" } };
  return destination === undefined ? pino(options) : pino(options, destination);
}
