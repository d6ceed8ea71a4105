/** Settings of the results benchmark. */
import { type Environment, integer, SettingError } from "../environment.ts";

/** Rows in the order in which they run: the stores read the topic that `publish` has filled. */
export const ROW_IDS = ["publish", "sqlite", "redis", "sql", "mixed"] as const;
export type RowId = (typeof ROW_IDS)[number];

export const HELP = `Measures results on their way out: into Kafka, and into each store, from a backlog that is there before the clock starts.

  make benchmark-results [NAME=value …]      node bench/results.ts [row …]

publish      journal to topic, acknowledged by the broker
sqlite       journal to the embedded store
redis, sql   topic to Redis, topic to MariaDB, as \`ringfence store\` does it
mixed        service, broker and the three stores together under a moderate load; its lags by the second

RESULTS      results in the backlog; 1000000
ACCOUNTS     accounts that they are spread over; 50000
FRAME        commands a frame of the journal; 2000
ROUNDS       rounds of each row; 5
RATE         commands a second of the mixed run; 20000
DURATION     seconds of its load; 15
BROKER       host:port of a broker to use instead of one of its own; then its processor time is not known
DATA         folder on a disk for journals, topics and stores; bench/out

The first fifth of a backlog warms up and is not measured. Each round begins with a new topic, an empty store, a new consumer group.
Writes bench/out/results.json. Exits 1 when a check fails.`;

export interface ResultsSettings {
  readonly rows: readonly RowId[];
  readonly results: number;
  readonly accounts: number;
  readonly frame: number;
  readonly rounds: number;
  readonly rate: number;
  readonly seconds: number;
  /** Undefined: a broker of its own. */
  readonly broker: string | undefined;
}

/** Reads the settings. Throws SettingError with one line that says what is wrong. */
export function readResultsSettings(rows: readonly string[], environment: Environment): ResultsSettings {
  const unknown = rows.find((row) => !ROW_IDS.includes(row as RowId));
  if (unknown !== undefined) throw new SettingError(`there is no row ${unknown}; rows are ${ROW_IDS.join(", ")}`);
  const read = (name: string, unless: number, min: number, max: number) =>
    integer(environment, name, { unless, min, max });
  return {
    rows: rows.length === 0 ? ROW_IDS : ROW_IDS.filter((id) => rows.includes(id)),
    results: read("RESULTS", 1_000_000, 1000, 1e8),
    accounts: read("ACCOUNTS", 50_000, 1, 1e7),
    frame: read("FRAME", 2000, 1, 10_000),
    rounds: read("ROUNDS", 5, 1, 1000),
    rate: read("RATE", 20_000, 100, 1e6),
    seconds: read("DURATION", 15, 1, 3600),
    broker: environment.BROKER || undefined,
  };
}
