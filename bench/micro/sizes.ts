/** Sizes of the micro-benchmarks, from environment variables; the defaults are those of the figures that are quoted. */
import { type Environment, integer } from "../environment.ts";

export const SIZES_HELP = `ACCOUNTS   accounts; 1,000,000
COMMANDS   commands, of all rounds together or of the prepared journal; by row 4 to 18 million
ROUNDS     rounds measured after the warm-up; 5
BUCKET     commands a bucket; 20
HORIZON    commands remembered by id; a million for in-process and two-groups, 2 for apply, 16 else
IDS        commands before the snapshot of restart and snapshot-stall; 16 million
DATA       folder on a disk for journals; bench/out`;

export interface Sizes {
  readonly accounts: number;
  readonly commands: number;
  readonly rounds: number;
  readonly bucket: number;
  readonly horizon: number;
  /** Commands taken before anything is measured, remembered all. */
  readonly ids: number;
}

const COUNT = { min: 1, max: 2 ** 31 };

/** Reads the sizes; `unless` are a row's own defaults. */
export function readSizes(
  environment: Environment,
  unless: { readonly commands: number; readonly horizon: number },
): Sizes {
  const read = (name: string, value: number, max = COUNT.max) =>
    integer(environment, name, { unless: value, min: COUNT.min, max });
  return {
    accounts: read("ACCOUNTS", 1_000_000),
    commands: read("COMMANDS", unless.commands),
    rounds: read("ROUNDS", 5, 1000),
    bucket: read("BUCKET", 20, 10_000),
    horizon: read("HORIZON", unless.horizon),
    ids: read("IDS", 16_000_000),
  };
}
