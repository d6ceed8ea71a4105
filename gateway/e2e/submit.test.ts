/** Buckets of the service's own making, through a real group. */
import { expect, test } from "vitest";
import { startGroup } from "./groups.ts";

test("a bucket's results come as objects, in order, rejected ones too", async () => {
  const { commands, partner } = await startGroup();
  const results = await commands.submit(partner, [
    { id: "s-1", type: "credit", account: "alice", amount: "10.00" },
    { id: "s-2", type: "debit", account: "alice", amount: "10.01" },
    { id: "s-3", type: "transfer", account: "alice", to: "bob", amount: "4" },
  ]);
  expect(results.map(({ id, code, available }) => [id, code, available])).toEqual([
    ["s-1", "OK", "10.00"],
    ["s-2", "INSUFFICIENT_BALANCE", "10.00"],
    ["s-3", "OK", "6.00"],
  ]);
});

test("an atomic bucket that fails changes nothing; a malformed one rejects with its faults", async () => {
  const { commands, partner } = await startGroup();
  const credit = { id: "a-1", type: "credit", account: "alice", amount: "1.00" };
  const debit = { id: "a-2", type: "debit", account: "alice", amount: "2.00" };
  const results = await commands.submit(partner, [credit, debit], { atomic: true });
  expect(results.map(({ code }) => code)).toEqual(["ATOMIC_ABORTED", "INSUFFICIENT_BALANCE"]);
  await expect(commands.submit(partner, [{ ...credit, amount: "1.005" }])).rejects.toMatchObject({
    code: "INVALID_BODY",
    errors: [{ pointer: "/commands/0/amount" }],
  });
});
