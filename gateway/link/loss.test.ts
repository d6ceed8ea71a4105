/** What a group answered before its thread died, and who waits when it does; through a real group. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startGroup } from "../e2e/groups.ts";
import { runInGroup } from "../e2e/threads.ts";
import { readAccounts, readCommand } from "./reads.ts";

/** This thread does nothing for so long, as a long collection of garbage would have it. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("answers that a group gave before its thread died are handed out, and it serves again", async () => {
  const { link } = await startGroup();
  await runInGroup("g0", 'setTimeout(() => { throw new Error("a bug"); }, 300);');
  // More than are taken in one slice; all are answered, and the thread is dead, before this thread looks.
  const reads = Array.from({ length: 100 }, () => readAccounts(link, 0, 0, ["nobody"]));
  standStill(800);
  expect(await Promise.all(reads)).toEqual(reads.map(() => [undefined]));
  while (!link.isServing) await sleep(20);
  expect(await readAccounts(link, 0, 0, ["nobody"])).toEqual([undefined]);
});

test("an answer that cannot be rendered is its reader's fault alone", async () => {
  const { link, commands, partner } = await startGroup();
  await commands.submit(partner, [{ id: "a", type: "credit", account: "alice", amount: "1.00" }]);
  const broken = readCommand(link, partner.index, "a", () => {
    throw new Error("a name is missing");
  });
  const other = readCommand(link, partner.index, "a", ({ sequence }) => sequence);
  await expect(broken).rejects.toThrow("a name is missing");
  expect(await other).toBeGreaterThan(0);
});
