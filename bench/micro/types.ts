/** The common form of a micro-benchmark. */
import type { Environment } from "../environment.ts";

/** One line of the table: what was measured, in what unit, once a round. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** One a round, not empty. */
  readonly values: readonly number[];
}

export interface RowContext {
  readonly environment: Environment;
  /** An empty folder on a disk, removed afterwards. */
  readonly folder: string;
}

/** A micro-benchmark. It checks its own result: what is wrong is thrown, and no figure is shown. */
export interface Row {
  /** Name on the command line. */
  readonly id: string;
  /** What is measured, in one line. */
  readonly title: string;
  /** What the figures leave out. */
  readonly excluded: string;
  run(context: RowContext): Promise<readonly Figure[]> | readonly Figure[];
}

/** A benchmark's own result is wrong: its figures mean nothing. */
export class CheckError extends Error {
  override name = "CheckError";
}

/** States what a benchmark's result must be. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new CheckError(what);
}
