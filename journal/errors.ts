/** What was found where the journal is not what it must be: everything an operator needs to decide. */
export interface DamageReport {
  /** A stable word for programs; `table` carries its letter, see FORMAT.md. */
  readonly kind:
    | "table"
    | "missing-segment"
    | "duplicate-segment"
    | "renamed-segment"
    | "foreign-segment"
    | "segment-header"
    | "snapshot"
    | "frame";
  /** Letter of the recovery table; absent for other kinds. */
  readonly letter?: string;
  /** File name inside the journal folder. */
  readonly file: string;
  /** Bytes from the file's start. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
  /** Last sequence that was read and found valid before the damage; 0 if none. */
  readonly lastSequence: number;
  /** A valid frame that stands behind the damage. */
  readonly validAfter?: { readonly file: string; readonly offset: number };
  /** True if the cut may be accepted by the operator (`acceptCut`). */
  readonly acceptable: boolean;
}

/** The journal or a snapshot is damaged: the group must not start. The message is one sentence, `report` the detail. */
export class DamageError extends Error {
  override name = "DamageError";
  readonly report: DamageReport;

  constructor(report: DamageReport) {
    super(`${report.file} at byte ${report.offset}: expected ${report.expected}, found ${report.found}.`);
    this.report = report;
  }
}

/** A call failed, or came after a failure. `code` is the system's (`ENOSPC`, `EIO`, …), `DEAD`, `NO_SPACE` or `TRIMMED`. */
export class JournalError extends Error {
  override name = "JournalError";
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** The error itself if it is one of the journal's or an invariant, else a JournalError with the system's code. */
  static from(error: unknown, what: string): Error {
    if (error instanceof DamageError || error instanceof JournalError) return error;
    const code = errorCode(error);
    if (error instanceof Error && code === "UNKNOWN") return error;
    return new JournalError(code, `${what}: ${errorText(error)}`, error);
  }
}

/** The system's code of a failed file call, or `UNKNOWN`. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? "UNKNOWN";
}

/** True if a file is not there, or not any more: what a reader beside the owner of a folder must expect of retention. */
export function isGone(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}

/** One line about any thrown value. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
