/** What every store must do. Each store's own test runs this against the real thing. */
import { expect, test } from "vitest";
import type { Result } from "../message.ts";
import { type Balance, type Batch, type Entry, NOTHING, type Store } from "../store.ts";
import { balanceText, batchOf, history, JOURNAL, storeBalances } from "./history.ts";
import { applied, credits, rejected } from "./results.ts";

export interface Subject {
  /** A store on data that no other test uses, prepared; closed by the test's end. */
  fresh(): Promise<Store>;
  /** Another store on the data of one that `fresh` made, as after a restart. */
  again(store: Store): Promise<Store>;
}

const alice = { group: "g0", partner: "p1", currency: "CNY", account: "alice" };

async function balanceOf(store: Store, account: string): Promise<string | undefined> {
  return (await storeBalances(store)).get(`p1/CNY/${account}`);
}

async function allEntries(store: Store, query = alice, limit = 7): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.entries({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) });
    entries.push(...page!.entries);
    expect(page!.entries.length).toBeLessThanOrEqual(limit);
    cursor = page!.cursor;
    if (cursor === undefined) return entries;
  }
}

/** Entries of an account as a plain reading of the results gives them, newest first. */
function expectedEntries(results: readonly Result[], key: string): unknown[] {
  return results
    .filter(({ duplicate }) => duplicate !== true)
    .flatMap((result) =>
      result.changes
        .filter(({ account, currency }) => `${result.partner}/${currency}/${account}` === key)
        .map((change) => ({ sequence: result.sequence, id: result.id, type: result.type, amount: change.delta })),
    )
    .filter(({ amount }) => /[1-9]/.test(amount))
    .reverse();
}

export function conformance({ fresh, again }: Subject): void {
  test("a new store knows nothing of a group", async () => {
    const store = await fresh();
    expect(await store.watermark("g0")).toEqual(NOTHING);
    expect(await storeBalances(store)).toEqual(new Map());
    expect(await store.entries({ ...alice, limit: 10 })).toBeUndefined();
  });

  test("a batch sets balances, entries and the watermark", async () => {
    const store = await fresh();
    const watermark = await store.apply(batchOf(credits(1, 3)));
    expect(watermark).toEqual({ sequence: 3, epoch: 1, journal: JOURNAL });
    expect(await store.watermark("g0")).toEqual(watermark);
    expect(await balanceOf(store, "alice")).toBe("3.00 0.00 active v3");
    const [newest] = await allEntries(store);
    expect(newest).toEqual({
      sequence: 3,
      id: "c-3",
      type: "credit",
      amount: "1.00",
      balance: "3.00",
      counterparty: "@world",
      memo: null,
      at: new Date(1_760_000_000_003).toISOString(),
    });
  });

  test("results at or below the watermark are passed over", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 5)));
    await store.apply(batchOf(credits(1, 5)));
    await store.apply(batchOf(credits(3, 5)));
    expect(await balanceOf(store, "alice")).toBe("7.00 0.00 active v7");
    expect((await allEntries(store)).map(({ sequence }) => sequence)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  test("a gap is refused, and nothing changes", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 2)));
    await expect(store.apply(batchOf(credits(4, 2)))).rejects.toMatchObject({
      code: "GAP",
      watermark: { sequence: 2 },
    });
    expect((await store.watermark("g0")).sequence).toBe(2);
    expect(await balanceOf(store, "alice")).toBe("2.00 0.00 active v2");
  });

  test("an earlier epoch and another journal are refused", async () => {
    const store = await fresh();
    await store.apply({ ...batchOf(credits(1, 2)), epoch: 2 });
    await expect(store.apply(batchOf(credits(3, 1)))).rejects.toMatchObject({ code: "STALE_EPOCH" });
    const foreign = { ...batchOf(credits(1, 2)), epoch: 2, journal: "ee".repeat(16) };
    await expect(store.apply(foreign)).rejects.toMatchObject({ code: "FOREIGN" });
    expect((await store.watermark("g0")).sequence).toBe(2);
  });

  test("a batch that breaks off inside leaves nothing behind", async () => {
    const store = await fresh();
    const broken = [...credits(1, 3), { ...credits(5, 1)[0]!, sequence: 4 }];
    await expect(store.apply(batchOf(broken))).rejects.toMatchObject({ code: "VERSION" });
    expect(await store.watermark("g0")).toEqual(NOTHING);
    expect(await storeBalances(store)).toEqual(new Map());
    await store.apply(batchOf(credits(1, 4)));
    expect(await balanceOf(store, "alice")).toBe("4.00 0.00 active v4");
  });

  test("repeats, refusals and moves inside an account make no entry", async () => {
    const store = await fresh();
    const credit = credits(1, 1)[0]!;
    const hold = { account: "alice", delta: "0.00", available: "0.40", held: "0.60", version: 2 };
    const repeat = { ...credit, sequence: 3, duplicate: true };
    await store.apply(batchOf([credit, applied(2, [hold], { type: "hold" }), repeat, rejected(4)]));
    expect((await store.watermark("g0")).sequence).toBe(4);
    expect(await balanceOf(store, "alice")).toBe("0.40 0.60 active v2");
    expect((await allEntries(store)).map(({ sequence }) => sequence)).toEqual([1]);
  });

  test("both sides of a transfer have an entry that names the other, with balance and memo", async () => {
    const store = await fresh();
    const from = { account: "alice", delta: "-0.25", available: "0.15", held: "0.60", version: 2 };
    const to = { account: "bob", delta: "0.25", available: "0.25", version: 1 };
    const transfer = applied(2, [from, to], { type: "transfer", memo: 'für "Bob" \u{1f600}' });
    await store.apply(batchOf([credits(1, 1)[0]!, transfer]));
    const [sent] = await allEntries(store);
    expect(sent).toMatchObject({ amount: "-0.25", balance: "0.75", counterparty: "bob", memo: 'für "Bob" \u{1f600}' });
    const [taken] = await allEntries(store, { ...alice, account: "bob" });
    expect(taken).toMatchObject({ amount: "0.25", balance: "0.25", counterparty: "alice" });
  });

  test("27 digits and 18 places come back as they were", async () => {
    const store = await fresh();
    const large = `${"9".repeat(27)}`;
    const small = `-${"9".repeat(9)}.${"9".repeat(18)}`;
    const one = { account: "alice", delta: large, available: large, held: "0", version: 1 };
    const other = { account: "bob", delta: small, available: small, held: `0.${"0".repeat(18)}`, version: 1 };
    await store.apply(batchOf([applied(1, [one]), applied(2, [other])]));
    expect(await balanceOf(store, "alice")).toBe(`${large} 0 active v1`);
    expect(await balanceOf(store, "bob")).toBe(`${small} 0.${"0".repeat(18)} active v1`);
    const [entry] = await allEntries(store, { ...alice, account: "bob" });
    expect(entry).toMatchObject({ amount: small, balance: small });
  });

  test("names that differ in case only are different accounts", async () => {
    const store = await fresh();
    await store.apply(batchOf([...credits(1, 1, "Alice"), { ...credits(1, 1, "alice")[0]!, sequence: 2 }]));
    expect([...(await storeBalances(store)).keys()].sort()).toEqual(["p1/CNY/Alice", "p1/CNY/alice"]);
    expect((await allEntries(store)).map(({ sequence }) => sequence)).toEqual([2]);
  });

  test("pages go through the whole history, though it grows meanwhile", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 25)));
    const page = await store.entries({ ...alice, limit: 10 });
    await store.apply(batchOf(credits(26, 3)));
    const rest = await store.entries({ ...alice, limit: 100, cursor: page!.cursor! });
    const sequences = [...page!.entries, ...rest!.entries].map(({ sequence }) => sequence);
    expect(sequences).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
    expect(rest!.cursor).toBeUndefined();
  });

  test("a cursor that the store did not give is refused", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 5)));
    for (const cursor of ["", "x", "!!", Buffer.from("1.2.3.4").toString("base64url")]) {
      await expect(store.entries({ ...alice, limit: 1, cursor })).rejects.toMatchObject({ name: "CursorError" });
    }
  });

  test("groups do not see each other", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 4)));
    await store.apply(batchOf(credits(1, 2), "g1"));
    await store.reset("g0");
    expect(await store.watermark("g0")).toEqual(NOTHING);
    expect((await storeBalances(store)).size).toBe(0);
    expect(await store.entries({ ...alice, limit: 1 })).toBeUndefined();
    expect((await store.watermark("g1")).sequence).toBe(2);
    expect(await allEntries(store, { ...alice, group: "g1" })).toHaveLength(2);
  });

  test("a seeded store goes on from the snapshot's balances", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 4, "carol")));
    const held: Balance = {
      ...{ partner: "p1", currency: "CNY", account: "alice", available: "9.00", held: "0.50", status: "active" },
      ...{ version: 9, updatedAtMs: 0 },
    };
    await store.seed("g0", { sequence: 9, epoch: 1, journal: JOURNAL }, [held]);
    expect([...(await storeBalances(store))]).toEqual([["p1/CNY/alice", balanceText(held)]]);
    expect(await allEntries(store)).toEqual([]);
    await store.apply(batchOf(credits(10, 2)));
    expect(await balanceOf(store, "alice")).toBe("11.00 0.00 active v11");
    expect((await allEntries(store)).map(({ sequence }) => sequence)).toEqual([11, 10]);
  });

  test("what was applied is there after a restart", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 20)));
    await store.close();
    const next = await again(store);
    expect((await next.watermark("g0")).sequence).toBe(20);
    await next.apply(batchOf(credits(15, 10)));
    expect(await balanceOf(next, "alice")).toBe("24.00 0.00 active v24");
    expect(await allEntries(next)).toHaveLength(24);
  });

  test.each([1, 2, 3])("after a random history it equals the engine (seed %i)", async (seed) => {
    const store = await fresh();
    const { results, balances } = history(seed, 3000);
    const batches: Batch[] = [];
    let at = 0;
    for (let size = 1; at < results.length; size = ((size * 7) % 400) + 1) {
      // Every batch begins with some of the one before, as after a crash before the source's commit.
      batches.push(batchOf(results.slice(Math.max(0, at - (size % 5)), at + size)));
      at += size;
    }
    for (const [index, batch] of batches.entries()) {
      const applying = store.apply(batch);
      // Ahead, as an applier does it, but for some.
      if (index % 5 !== 0 && index + 1 < batches.length) store.stage?.(batches[index + 1]!);
      await applying;
    }
    expect((await store.watermark("g0")).sequence).toBe(results.length);
    expect(await storeBalances(store)).toEqual(balances);
    expect(await store.balance({ group: "g0", partner: "p0", currency: "CNY", account: "never-seen" })).toBeUndefined();
    for (const key of [...balances.keys()].slice(0, 40)) {
      const [partner, currency, account] = key.split("/") as [string, string, string];
      const query = { group: "g0", partner, currency, account };
      const { available, held, status, version } = (await store.balance(query))!;
      expect(`${available} ${held} ${status} v${version}`).toBe(balances.get(key));
      const found = await allEntries(store, query, 50);
      expect(found.map(({ sequence, id, type, amount }) => ({ sequence, id, type, amount }))).toEqual(
        expectedEntries(results, key).slice(0, found.length),
      );
      expect(found.length).toBe(Math.min(expectedEntries(results, key).length, 1000));
    }
  });
}
