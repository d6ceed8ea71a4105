/** Settings of rows: those of the environment, over those of the row, over those of a small form. */
import { type Environment, SettingError } from "../environment.ts";
import { type BenchmarkRow, benchmarkRow } from "./table.ts";

/** What makes a row that row; to vary it, `make benchmark` without ROW takes them all. */
const GIVEN_BY_ROWS = ["BUCKET", "CONNECTIONS", "GENERATOR", "RATE", "BODY"] as const;

/** Nine, for a claim is the median of nine pairs at least. */
const FULL: Environment = { PAIRS: "9", ROUNDS: "9" };

/** Shows that everything works, and about how it goes; no claim. */
const QUICK: Environment = {
  PAIRS: "3",
  ROUNDS: "3",
  DURATION: "1",
  WARMUP: "0",
  REQUESTS: "20000",
  ACCOUNTS: "100000",
  COMMANDS: "1500000",
  HORIZON: "1000000",
  IDS: "1000000",
};

export const ROWS_HELP = `PAIRS        alternating pairs of runs; 9
ROUNDS       rounds of the rows without pairs; 9
QUICK        1: a small form of every row, for a look; its figures are no claim
DURATION, ACCOUNTS, COMMANDS, HORIZON, IDS, DATA, TARGET, KEY, SERVICE   as without ROW and in bench/micro.ts --help`;

export function isQuick(environment: Environment): boolean {
  return environment.QUICK === "1";
}

/** The row's settings. An empty variable counts as not set: make passes those. */
export function settingsOf(row: BenchmarkRow, environment: Environment): Environment {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const defaults = isQuick(environment) ? { ...FULL, ...QUICK } : { ...FULL, ...row.defaults };
  return { ...defaults, ...given, ...(row.part.kind === "http" ? row.part.settings : {}) };
}

/** The rows named, with commas or spaces between. Throws SettingError for an unknown one, or a setting that rows give. */
export function rowsOf(text: string, environment: Environment): BenchmarkRow[] {
  refuseGiven(environment);
  const ids = text.split(/[\s,]+/).filter((id) => id !== "");
  return [...new Set(ids)].map((id) => {
    const row = benchmarkRow(id);
    if (row === undefined) throw new SettingError(`ROW=${id} is refused: there is no such row; see --help`);
    return row;
  });
}

/** Throws SettingError when a setting is set that the rows give. */
export function refuseGiven(environment: Environment): void {
  const set = GIVEN_BY_ROWS.find((name) => environment[name]);
  if (set === undefined) return;
  throw new SettingError(`${set}=${environment[set]} is refused: it is a part of the rows; leave it out, or ROW`);
}
