/** What running a row gives. */
import type { Environment } from "../environment.ts";

/** One line of a plot; for `dots` the points are not joined. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly PlotLine[];
  readonly isDots?: boolean;
  /** `percentiles`: x is a percentile, drawn by the number of its nines. */
  readonly xScale?: "linear" | "percentiles";
  readonly yScale?: "linear" | "log";
}

export interface Measurement {
  /** In the row's unit. */
  readonly value: number;
  /** The value of each pair or round. */
  readonly runs: readonly number[];
  /** False where a condition of the goal beside the value does not hold. */
  readonly isElseMet?: boolean;
  /** What else was found, for people. */
  readonly notes: readonly string[];
  readonly excluded: string;
  readonly plots: readonly Plot[];
}

export interface RowContext {
  /** Settings, those of the row among them. */
  readonly environment: Environment;
  /** Shows that `part` (0 to 1) of the row is done, and what is under way. */
  readonly onStep: (part: number, what: string) => void;
}

/** Runs a row. Rejects with CannotRunError, or with CheckFailedError, or as the row broke. */
export type RunRow = (context: RowContext) => Promise<Measurement>;

/** The row cannot run here; the message is one plain sentence. */
export class CannotRunError extends Error {
  override name = "CannotRunError";
}

/** What was measured is not what was promised, so there is no figure. */
export class CheckFailedError extends Error {
  override name = "CheckFailedError";
}
