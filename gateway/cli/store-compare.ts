import { accountsOf, InsideBucketError, replay } from "../../results/index.ts";
import { compareBalances, type Store } from "../../stores/index.ts";
import { damageLines, verifyReadable } from "./readable.ts";
import { EXIT, type Terminal } from "./terminal.ts";

export interface CompareCommand {
  readonly store: Store;
  readonly group: string;
  readonly directory: string;
}

/** Times that a store which moved on meanwhile is looked at again. */
const TRIES = 3;

/** Differences printed; more of them say no more. */
const LINES_MAX = 1000;

/** Holds a store's balances against a replay of the journal up to its watermark. Exit code 1 when they differ. */
export async function compareAndPrint(
  { store, group, directory }: CompareCommand,
  terminal: Terminal,
): Promise<number> {
  const fail = (...lines: string[]) => {
    for (const line of lines) terminal.err(`${group}: ${line}`);
    return EXIT.damaged;
  };
  const { result, through } = await verifyReadable(directory, { group, snapshots: false });
  if (!result.ok) return fail(...damageLines(result));
  for (let tries = 1; tries <= TRIES; tries++) {
    const { sequence } = await store.watermark(group);
    // What a service wrote since is durable, too: `through` is only where the reading began.
    const end = sequence > through ? (await verifyReadable(directory, { group, snapshots: false })).through : through;
    if (sequence > end) return fail(`the store has sequence ${sequence}, but the journal ends with ${end}.`);
    const expected = expectedAt(directory, sequence, end);
    if (typeof expected === "string") return fail(expected);
    const { compared, differences } = await compareBalances(store, group, expected);
    if ((await store.watermark(group)).sequence !== sequence) continue;
    for (const line of differences.slice(0, LINES_MAX)) await terminal.out(`${group}: ${line}`);
    if (differences.length > 0) return fail(`${differences.length} accounts differ after sequence ${sequence}.`);
    await terminal.out(`${group}: equal after sequence ${sequence}: ${compared} accounts.`);
    return EXIT.done;
  }
  return fail("the store moved on while it was compared; stop what writes it, or try when less goes on.");
}

/** The engine's accounts after a sequence, or why they are not known. */
function expectedAt(directory: string, sequence: number, through: number) {
  try {
    const { machine, fault, trimmed } = replay({ directory, through, at: { sequence } });
    if (trimmed !== undefined) return `the files reach back to the state after sequence ${trimmed} only.`;
    if (fault !== undefined) return fault;
    return accountsOf(machine);
  } catch (error) {
    if (!(error instanceof InsideBucketError)) throw error;
    return `the store stands inside an atomic bucket, at sequence ${sequence}; compare again when it has moved on.`;
  }
}
