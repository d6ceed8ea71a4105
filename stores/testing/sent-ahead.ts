/** What a store must do that sends a batch to its server before the one ahead of it is answered. */
import { expect, test } from "vitest";
import type { Store } from "../store.ts";
import type { Subject } from "./conformance.ts";
import { batchOf } from "./history.ts";
import { credits } from "./results.ts";

export interface SentAhead extends Subject {
  /** Makes the server refuse alice's entry 4, until the returned function was called. */
  obstruct(): Promise<() => Promise<unknown>>;
}

/** Sequences of alice's entries, oldest first. */
async function entriesOf(store: Store): Promise<number[]> {
  const alice = { group: "g0", partner: "p1", currency: "CNY", account: "alice" };
  const found = await store.entries({ ...alice, limit: 100 });
  return found!.entries.map(({ sequence }) => sequence).toReversed();
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Entries 1 to 3, 4 and 5, 6 to 9. */
const threeBatches = () => [batchOf(credits(1, 3)), batchOf(credits(4, 2)), batchOf(credits(6, 4))] as const;

export function sentAhead({ fresh, again, obstruct }: SentAhead): void {
  test("each batch takes effect once, in order, before anybody was told so", async () => {
    const store = await fresh();
    const [one, two, three] = threeBatches();
    await store.apply(one);
    expect([store.stage!(two), store.stage!(three)]).toEqual([true, true]);
    await expect.poll(() => store.watermark("g0")).toMatchObject({ sequence: 9 });
    expect((await store.apply(two)).sequence).toBe(5);
    expect((await store.apply(three)).sequence).toBe(9);
    expect((await store.watermark("g0")).sequence).toBe(9);
    expect(await entriesOf(store)).toEqual(upTo(9));
  });

  test("a batch whose forerunner is not there takes no effect until it is", async () => {
    const store = await fresh();
    const [one, two, three] = threeBatches();
    await store.apply(one);
    const free = await obstruct();
    store.stage!(two);
    store.stage!(three);
    await expect(store.apply(two)).rejects.toThrow();
    expect((await store.watermark("g0")).sequence).toBe(3);
    await free();
    expect((await store.apply(two)).sequence).toBe(5);
    expect((await store.watermark("g0")).sequence).toBe(5);
    expect((await store.apply(three)).sequence).toBe(9);
    expect(await entriesOf(store)).toEqual(upTo(9));
  });

  test("what another process wrote meanwhile is passed over, and the rest applied", async () => {
    const store = await fresh();
    const [one, two, three] = threeBatches();
    await store.apply(one);
    await (await again(store)).apply(batchOf(credits(4, 3)));
    store.stage!(two);
    store.stage!(three);
    expect((await store.apply(two)).sequence).toBe(6);
    expect((await store.apply(three)).sequence).toBe(9);
    expect(await entriesOf(store)).toEqual(upTo(9));
  });

  test("closing waits for what was sent", async () => {
    const store = await fresh();
    const [one, two] = threeBatches();
    await store.apply(one);
    store.stage!(two);
    await store.close();
    expect((await (await again(store)).watermark("g0")).sequence).toBe(5);
  });
}
