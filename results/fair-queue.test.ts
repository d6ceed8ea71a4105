import { expect, test } from "vitest";
import { FairQueue } from "./fair-queue.ts";

/** Pieces of work that end when told; `begun` has their names in the order in which they began. */
function pieces(queue: FairQueue) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const add = (owner: number, name: string) =>
    queue.run(owner, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name;
    });
  const endOne = async () => {
    ends.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, add, endOne };
}

test("one piece runs at a time, owners in turn, each owner's in order", async () => {
  const { begun, add, endOne } = pieces(new FairQueue(10));
  const all = ["a1", "a2", "a3", "b1", "b2", "c1"].map((name) => add(name.charCodeAt(0), name));
  expect(begun).toEqual(["a1"]);
  for (let i = 1; i < all.length; i++) {
    await endOne();
    expect(begun).toHaveLength(i + 1);
  }
  await endOne();
  expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "b2"]);
  expect(await Promise.all(all)).toEqual(["a1", "a2", "a3", "b1", "b2", "c1"]);
  // Nothing of them is left: the next begins at once.
  void add(1, "d");
  expect(begun.at(-1)).toBe("d");
});

test("an owner with too much waiting is refused, others are not; a piece that fails makes room", async () => {
  const queue = new FairQueue(1);
  const { begun, add, endOne } = pieces(queue);
  const failing = queue.run(1, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("damaged");
  });
  const waiting = add(1, "a");
  await expect(add(1, "b")).rejects.toMatchObject({ code: "OVERLOADED" });
  const other = add(2, "c");
  await expect(failing).rejects.toThrow("damaged");
  await endOne();
  await endOne();
  expect(await Promise.all([waiting, other])).toEqual(["a", "c"]);
  expect(begun).toEqual(["a", "c"]);
});

test("closed, it refuses what waits and what comes; what is under way ends", async () => {
  const queue = new FairQueue(10);
  const { add, endOne } = pieces(queue);
  const [first, second] = [add(1, "a"), add(2, "b")];
  const refused = expect(second).rejects.toMatchObject({ code: "STOPPED" });
  queue.close();
  await refused;
  await expect(add(1, "c")).rejects.toMatchObject({ code: "STOPPED" });
  await endOne();
  expect(await first).toBe("a");
});
