import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { Machine } from "./machine.ts";
import { MachineSubject } from "./model/subject.ts";
import { CaseRun, parseTable } from "./model/table.ts";

const table = readFileSync(new URL("./rules.table.txt", import.meta.url), "utf8");

describe("the rules, by the machine", () => {
  it.each(parseTable(table).map((one) => [one.title, one] as const))("%s", (_, one) => {
    const machine = new Machine({ horizonCommands: 10_000, seed: 7 });
    new CaseRun(new MachineSubject(machine)).run(one);
    machine.checkInvariants();
  });
});
