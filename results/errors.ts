import type { ReaderFailure } from "./messages.ts";

/**
 * A question about the journal was not answered. `OVERLOADED`: too many wait, ask later. `RECOVERING`: how far the
 * group is durable was not told yet. `STOPPED`: the reading thread ended, ask
 * again. `DAMAGED`, `FAILED`: see messages.ts; for the operator.
 */
export class ResultsError extends Error {
  override name = "ResultsError";
  readonly code: ReaderFailure | "OVERLOADED" | "RECOVERING" | "STOPPED";

  constructor(code: ResultsError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
