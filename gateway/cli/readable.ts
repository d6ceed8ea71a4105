/** How far a journal can be read, also while a server writes to it. */
import { setTimeout as sleep } from "node:timers/promises";
import { isGone, type VerifyOptions, type VerifyResult, verify } from "../../journal/index.ts";

/** Time in which a server at work moves its journal on: many frames' worth. */
const SETTLE_MS = 300;

/** Attempts, as a segment may be deleted or begun while the folder is read. */
const TRIES = 3;

export interface Readable {
  readonly result: VerifyResult;
  /** The last sequence that stands in a valid frame. */
  readonly through: number;
}

/**
 * Verifies a folder without knowing its durable sequence. A frame in the making looks like damage at the end; it is told from
 * real damage by looking again: what is in use has moved on, and then is judged up to where it stood before.
 */
export async function verifyReadable(directory: string, options: VerifyOptions): Promise<Readable> {
  let before = attempt(directory, options);
  for (let tries = 1; ; tries++) {
    if (before.ok && (before.end !== "torn" || tries > 1)) return { result: before, through: before.sequence };
    await sleep(SETTLE_MS);
    const now = attempt(directory, options);
    if (!before.ok && !now.ok) {
      const isStill = tries === TRIES || placeOf(now) === placeOf(before);
      if (isStill) return { result: now, through: now.report.lastSequence };
      const through = before.report.lastSequence;
      const result = through === 0 ? now : attempt(directory, { ...options, through });
      if (result.ok) return { result, through };
    }
    before = now;
  }
}

function placeOf({ report }: Extract<VerifyResult, { ok: false }>): string {
  return `${report.file}/${report.offset}/${report.lastSequence}`;
}

/** Once more where a file went away between listing and reading. */
function attempt(directory: string, options: VerifyOptions): VerifyResult {
  try {
    return verify(directory, options);
  } catch (error) {
    if (!isGone(error)) throw error;
    return verify(directory, options);
  }
}

/** Lines that tell an operator what is damaged and what to do. */
export function damageLines({ message, report }: Extract<VerifyResult, { ok: false }>): string[] {
  const { letter, lastSequence, validAfter, acceptable } = report;
  return [
    message,
    lastSequence === 0 ? "No sequence was read before it." : `The last sequence before it is ${lastSequence}.`,
    ...(validAfter === undefined
      ? []
      : [`A valid frame stands behind it, in ${validAfter.file} at byte ${validAfter.offset}.`]),
    ...(letter === undefined ? [] : [`This is case ${letter} of the recovery table in journal/FORMAT.md.`]),
    acceptable
      ? "It is at the end of the journal, so an operator may accept that it is cut."
      : "It cannot be cut; restore the file from a copy.",
  ];
}
