import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Model } from "./model.ts";
import { CaseRun, parseTable } from "./table.ts";

const table = readFileSync(new URL("../rules.table.txt", import.meta.url), "utf8");
const cases = parseTable(table);

/** Larger than any case, so that only those that set a horizon forget. */
const HORIZON = 10_000;

describe("the rules, by the reference model", () => {
  it.each(cases.map((one) => [one.title, one] as const))("%s", (_, one) => {
    const model = new Model(HORIZON);
    new CaseRun(model).run(one);
    model.invariants();
  });
});

describe("the table itself", () => {
  const run = (text: string) => () => new CaseRun(new Model(HORIZON)).run(parseTable(`# case\n${text}`)[0]!);

  it("fails where an outcome is another", () => {
    expect(run("credit alice 1.00 -> OK alice=1.00/0 amount:1.00")).not.toThrow();
    expect(run("credit alice 1.00 -> OK alice=1.01/0")).toThrow("line 2: OK alice=1/0");
    expect(run("credit alice 1.00 -> OK")).toThrow("line 2");
    expect(run("credit alice 1.00 -> OK alice=1.00/0 amount:2.00")).toThrow("amount:1");
    expect(run("debit alice 1.00 -> OK (alice=-)")).toThrow("ACCOUNT_NOT_FOUND");
    expect(run("at 1 -> 1 expired")).toThrow("0 expired");
    expect(run("2 x debit alice 1.00 -> OK")).toThrow("ACCOUNT_NOT_FOUND");
  });

  it("refuses what it does not understand", () => {
    expect(run("pay alice 1.00 -> OK")).toThrow("no command type");
    expect(run("credit alice 1.001 -> OK")).toThrow("no amount");
    expect(run("credit alice 1 currency=XXX -> OK")).toThrow("no currency");
    expect(run("credit alice 1 -> OK alice=1/0 size:3")).toThrow("no detail");
    expect(run("{\ncredit alice 1 -> OK")).toThrow("not closed");
  });
});
