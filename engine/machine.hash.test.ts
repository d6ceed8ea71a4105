import { describe, expect, it } from "vitest";
import { Machine } from "./machine.ts";
import { MachineSubject } from "./model/subject.ts";
import { parseStep } from "./model/table.ts";

/** The state hash after the lines, one frame; A line in braces is an atomic bucket, `;` between. */
function hashAfter(lines: readonly string[], seed = 1): string {
  const machine = new Machine({ horizonCommands: 100, seed });
  const subject = new MachineSubject(machine);
  subject.frame(1000);
  for (const [number, line] of lines.entries()) {
    const isAtomic = line.startsWith("{");
    const steps = line.replace(/[{}]/g, "").trim().split(/ *; */);
    const commands = steps.map((step) => ({
      ...parseStep(step, `line-${number}`),
      ...(isAtomic ? { atomic: true } : {}),
    }));
    const last = commands.pop()!;
    subject.bucket([...commands, isAtomic ? { ...last, bucketEnd: true } : last], isAtomic);
  }
  machine.checkInvariants();
  return machine.stateHash();
}

const refusals = (count: number) =>
  Array.from({ length: count }, (_, index) => `debit nobody 1.00 id=refused-${index}`);

describe("the state hash", () => {
  const before = [
    "credit alice 10.00 id=k1",
    "hold alice 1.00 id=h1 expires=60",
    "hold alice 2.00 id=h2",
    "credit bob 5.00 id=k2",
  ];

  it("is after an atomic bucket that was taken back what it is after as many refusals", () => {
    const steps = [
      "credit carol 1.00 id=a1",
      "capture h1 0.50 to=dora id=a2",
      "release h2 id=a3",
      "hold alice 3.00 id=a4 expires=5",
      "capture a4 1.00 id=a5",
      "transfer alice bob 1.00 id=a6",
      "reverse k2 id=a7",
      "freeze bob id=a8",
      "limits alice max=100.00 id=a9",
      "capture h1 id=a10",
      "debit nobody 1.00 id=a11",
    ];
    for (let kept = 1; kept <= steps.length; kept++) {
      const failing = steps.slice(-kept);
      expect(hashAfter([...before, `{ ${failing.join("; ")} }`])).toBe(hashAfter([...before, ...refusals(kept)]));
    }
  });

  it("does not depend on the order in which accounts were opened, nor on the seed of the indices", () => {
    const forth = hashAfter(["credit alice 1.00 id=k1", "credit bob 2.00 id=k2", "credit carol 3.00 id=k3"]);
    const back = hashAfter(["credit carol 3.00 id=k3", "credit bob 2.00 id=k2", "credit alice 1.00 id=k1"], 99);
    expect(forth).toBe(back);
  });

  it("forgets a hold that was given back whole", () => {
    const held = ["credit alice 1.00 id=k1", "hold alice 1.00 id=h1", "release h1 id=k2"];
    const frozen = ["credit alice 1.00 id=k1", "freeze alice id=k2", "unfreeze alice id=k3"];
    expect(hashAfter(held)).toBe(hashAfter(frozen));
  });

  it.each([
    ["a balance", "credit alice 1.00", "credit alice 1.01"],
    ["a name", "credit alice 1.00", "credit alicf 1.00"],
    ["the end of a long name", `credit ${"x".repeat(64)} 1.00`, `credit ${"x".repeat(63)}y 1.00`],
    ["a currency", "credit alice 100", "credit alice 100 currency=JPY"],
    ["a partner", "credit alice 1.00", "credit alice 1.00 partner=2"],
    ["a floor", "open alice", "open alice min=-1.00"],
    ["a ceiling", "open alice", "open alice max=0"],
    ["a status", "freeze bob", "unfreeze bob"],
    ["a hold's id", "hold bob 1.00 id=h1", "hold bob 1.00 id=h2"],
    ["a hold's time", "hold bob 1.00 id=h1 expires=1", "hold bob 1.00 id=h1 expires=2"],
    ["a sequence", "debit nobody 1.00", "{ debit nobody 1.00 ; debit nobody 1.00 id=k3 }"],
  ])("differs with %s", (_, one, other) => {
    const start = ["credit bob 5.00 id=start"];
    expect(hashAfter([...start, one])).not.toBe(hashAfter([...start, other]));
  });
});
