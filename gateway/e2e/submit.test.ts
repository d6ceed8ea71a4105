/** Buckets of the service's own making, through a real group. */
import { expect, onTestFinished, test } from "vitest";
import { readSettings } from "../config.ts";
import { Groups, namesOf } from "../groups.ts";
import { Submitter } from "../hot/submitter.ts";
import { createLogger } from "../logger.ts";
import { Registry } from "../registry/index.ts";
import { temporaryFolder } from "../testing.ts";

async function submitter() {
  const settings = readSettings({ RINGFENCE_DATA: temporaryFolder() });
  const { registry } = Registry.open({ ...settings, url: "http://127.0.0.1" });
  const groups = new Groups({
    settings,
    registry,
    log: createLogger("silent"),
    onDurable: () => {},
    publishing: () => undefined,
    verify: () => Promise.reject(new Error("nothing is verified here")),
  });
  await groups.start();
  onTestFinished(async () => {
    await groups.stop();
    registry.close();
  });
  const linkOf = (group: string) => groups.link(group);
  return {
    commands: new Submitter({ registry, linkOf, names: namesOf(registry) }),
    partner: registry.partner("demo")!,
  };
}

test("a bucket's results come as objects, in order, rejected ones too", async () => {
  const { commands, partner } = await submitter();
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
  const { commands, partner } = await submitter();
  const credit = { id: "a-1", type: "credit", account: "alice", amount: "1.00" };
  const debit = { id: "a-2", type: "debit", account: "alice", amount: "2.00" };
  const results = await commands.submit(partner, [credit, debit], { atomic: true });
  expect(results.map(({ code }) => code)).toEqual(["ATOMIC_ABORTED", "INSUFFICIENT_BALANCE"]);
  await expect(commands.submit(partner, [{ ...credit, amount: "1.005" }])).rejects.toMatchObject({
    code: "INVALID_BODY",
    errors: [{ pointer: "/commands/0/amount" }],
  });
});
