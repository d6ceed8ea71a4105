import { setTimeout as sleep } from "node:timers/promises";
import { snapshotAccounts } from "../../results/index.ts";
import type { Store } from "../../stores/index.ts";
import { Follower } from "../store/follower.ts";
import { damageLines, verifyReadable } from "./readable.ts";
import { EXIT, type Terminal } from "./terminal.ts";

export interface RebuildCommand {
  readonly store: Store;
  readonly group: string;
  readonly directory: string;
  /** Begins with the newest snapshot, though the journal may reach back further. */
  readonly isFromSnapshot: boolean;
}

/** Forgets a group and fills the store again from its files, up to where the journal can be read. */
export async function rebuildAndPrint(command: RebuildCommand, terminal: Terminal): Promise<number> {
  const { store, group, directory, isFromSnapshot } = command;
  const { result, through } = await verifyReadable(directory, { group });
  if (!result.ok) {
    for (const line of damageLines(result)) terminal.err(`${group}: ${line}`);
    return EXIT.damaged;
  }
  await store.reset(group);
  if (isFromSnapshot) await seed(command, through);
  const note = ({ text }: { readonly text: string }) => terminal.err(`${group}: ${text}`);
  const follower = new Follower({ group, directory, store, note });
  const endMs = performance.now() + RETRY_MS_MAX;
  for (;;) {
    while (await follower.step(through, performance.now()));
    if (follower.status.state !== "retrying" || performance.now() > endMs) break;
    await sleep(follower.waitMs(performance.now()));
  }
  follower.close();
  const { state, watermark, reason } = follower.status;
  if (state !== "following" || watermark !== through) {
    terminal.err(
      `${group}: rebuilt up to sequence ${watermark} of ${through} only: ${reason ?? "more could not be read"}.`,
    );
    return EXIT.damaged;
  }
  await terminal.out(`${group}: rebuilt up to sequence ${watermark}.`);
  return EXIT.done;
}

/** Milliseconds after which a call that failed is not tried again. */
const RETRY_MS_MAX = 10_000;

async function seed({ store, group, directory }: RebuildCommand, through: number): Promise<void> {
  const found = snapshotAccounts(directory);
  if (found === undefined || found.sequence > through) return;
  const { sequence, epoch, journal, accounts } = found;
  const balances = function* () {
    for (const account of accounts) yield { ...account, updatedAtMs: 0 };
  };
  await store.seed(group, { sequence, epoch, journal }, balances());
}
