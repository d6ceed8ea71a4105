import type { VerifyResult } from "../../journal/index.ts";
import { damageLines, verifyReadable } from "./readable.ts";
import { EXIT, type Terminal } from "./terminal.ts";

/** Verifies each folder and prints a line for it; damage goes to the standard error, and makes the exit code 1. */
export async function verifyAndPrint(
  folders: readonly { readonly group: string; readonly directory: string }[],
  terminal: Terminal,
): Promise<number> {
  let code: number = EXIT.done;
  for (const { group, directory } of folders) {
    const { result } = await verifyReadable(directory, { group });
    const faults = faultsOf(result);
    if (result.ok) await terminal.out(`${group}: ${summary(result)}`);
    for (const fault of faults) terminal.err(`${group}: ${fault}`);
    if (faults.length > 0) code = EXIT.damaged;
  }
  return code;
}

function faultsOf(result: VerifyResult): string[] {
  if (!result.ok) return damageLines(result);
  return result.snapshots.flatMap(({ ok, message }) => (ok ? [] : [message ?? "a snapshot is damaged"]));
}

function summary({
  frames,
  segments,
  snapshots,
  firstSequence,
  sequence,
  end,
  chainHash,
}: Extract<VerifyResult, { ok: true }>) {
  const good = snapshots.filter(({ ok }) => ok).length;
  const torn = end === "torn" ? " An interrupted write stands at the end; the next start cuts it." : "";
  const found = [count(frames, "frame"), count(segments, "segment"), count(good, "snapshot")].join(", ");
  return `whole: ${found}, sequences ${firstSequence} to ${sequence}, chain hash ${chainHash}.${torn}`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
