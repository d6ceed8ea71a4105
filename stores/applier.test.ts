import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { Applier } from "./applier.ts";
import type { SourceMessage } from "./source.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";
import type { Store } from "./store.ts";
import { history, JOURNAL, messageText, storeBalances } from "./testing/history.ts";
import { credits } from "./testing/results.ts";

interface Line {
  readonly level: string;
  readonly text: string;
}

function collect(): { lines: Line[]; log: ConstructorParameters<typeof Applier>[0]["log"] } {
  const lines: Line[] = [];
  const at = (level: string) => (_: object, text: string) => void lines.push({ level, text });
  return { lines, log: { info: at("info"), warn: at("warn"), error: at("error") } };
}

async function setUp(change: (store: Store) => void = () => {}) {
  const store = new SqliteStore({ path: ":memory:" });
  await store.prepare();
  onTestFinished(() => store.close());
  change(store);
  const { lines, log } = collect();
  return { store, lines, applier: new Applier({ store, log, attempts: 3 }) };
}

/** A message of credits with sequences `first` to `first + count - 1`. */
function message(first: number, count: number, more: Partial<SourceMessage> = {}): SourceMessage {
  const texts = credits(first, count).map((result) => JSON.stringify(result));
  const value = messageText({ group: "g0", first, at: "2026-11-20T08:00:00.000Z" }, texts);
  return { value, type: "ringfence.results.v1", journal: JOURNAL, place: `offset ${first}`, ...more };
}

const alarms = (lines: readonly Line[]) => lines.filter(({ level }) => level === "error").map(({ text }) => text);

test("messages of a history end in the engine's balances", async () => {
  const { store, applier } = await setUp();
  const { messages, balances } = history(5, 3000);
  const sent = messages.map((value, i) => message(1, 1, { value, place: `offset ${i}` }));
  for (let at = 0; at < sent.length; at += 7) {
    expect(await applier.take("g0", sent.slice(at, at + 7))).toEqual({ kind: "applied" });
  }
  expect(await storeBalances(store)).toEqual(balances);
});

test("messages that came before are passed over", async () => {
  const { store, applier, lines } = await setUp();
  await applier.take("g0", [message(1, 3), message(4, 3)]);
  expect(await applier.take("g0", [message(1, 3), message(4, 3), message(7, 2)])).toEqual({ kind: "applied" });
  expect((await store.watermark("g0")).sequence).toBe(8);
  expect(alarms(lines)).toEqual([]);
});

test("a gap sends the source back once; a gap that stays stops the group with an alarm, and nothing is skipped", async () => {
  const { store, applier, lines } = await setUp();
  await applier.take("g0", [message(1, 3)]);
  expect(await applier.take("g0", [message(5, 2)])).toEqual({ kind: "rewind", after: 3 });
  expect(await applier.take("g0", [message(1, 3), message(5, 2)])).toEqual({ kind: "stop" });
  expect(await applier.take("g0", [message(4, 1)])).toEqual({ kind: "stop" });
  expect((await store.watermark("g0")).sequence).toBe(3);
  expect(alarms(lines)).toEqual(["the store stops with group g0: group g0: results 4 to 4 are missing"]);
});

test("a group that stopped leaves the others running", async () => {
  const { store, applier } = await setUp();
  await applier.take("g0", [message(1, 1, { value: "{" })]);
  const value = message(1, 2).value.replace('"g0"', '"g1"');
  expect(await applier.take("g1", [message(1, 2, { value })])).toEqual({ kind: "applied" });
  expect((await store.watermark("g1")).sequence).toBe(2);
});

test.each([
  ["a poison message", { value: "{" }, "offset 4: the value is not JSON"],
  ["a newer version", { type: "ringfence.results.v2" }, "offset 4: the message is a ringfence.results.v2"],
  [
    "a message of another group",
    { value: message(4, 1).value.replace("g0", "g7") },
    "offset 4: the message is of group g7",
  ],
])("%s stops the group with an alarm, behind what came before it", async (_, broken, text) => {
  const { store, applier, lines } = await setUp();
  expect(await applier.take("g0", [message(1, 3), message(4, 1, broken), message(5, 1)])).toEqual({ kind: "stop" });
  expect((await store.watermark("g0")).sequence).toBe(3);
  expect(alarms(lines)).toEqual([expect.stringContaining(text)]);
});

test("another journal's results stop the group", async () => {
  const { applier, lines } = await setUp();
  await applier.take("g0", [message(1, 3)]);
  expect(await applier.take("g0", [message(1, 9, { journal: "ee" })])).toEqual({ kind: "stop" });
  expect(alarms(lines)).toEqual([expect.stringContaining("results of journal ee came")]);
});

test("a store that lost its data is filled again from the source's beginning", async () => {
  const { store, applier, lines } = await setUp();
  await applier.take("g0", [message(1, 3), message(4, 3)]);
  await store.reset("g0");
  expect(await applier.take("g0", [message(7, 2)])).toEqual({ kind: "rewind", after: 0 });
  expect(await applier.take("g0", [message(1, 3), message(4, 3), message(7, 2)])).toEqual({ kind: "applied" });
  expect((await storeBalances(store)).get("p1/CNY/alice")).toBe("8.00 0.00 active v8");
  expect(alarms(lines)).toEqual([]);
});

test("a look without messages finds out that the store lost its data", async () => {
  const { store, applier } = await setUp();
  await applier.take("g0", [message(1, 3)]);
  expect(await applier.take("g0", [])).toEqual({ kind: "applied" });
  await store.reset("g0");
  expect(await applier.take("g0", [])).toEqual({ kind: "rewind", after: 0 });
});

test("a store that fails for a moment is tried again; one that goes on failing gets the messages later", async () => {
  let failures = 2;
  const { store, applier, lines } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    opened.apply = async (batch) => {
      if (failures-- > 0) throw new Error("Deadlock found");
      return apply(batch);
    };
  });
  expect(await applier.take("g0", [message(1, 3)])).toEqual({ kind: "applied" });
  failures = 1000;
  expect(await applier.take("g0", [message(4, 3)])).toEqual({ kind: "retry" });
  expect(await applier.take("g0", [message(4, 3)])).toEqual({ kind: "retry" });
  expect(lines.map(({ text }) => text)).toContainEqual(expect.stringContaining("left alone for a while"));
  failures = 0;
  // The breaker leaves the store alone for a while; then the same messages are taken.
  await expect
    .poll(() => applier.take("g0", [message(4, 3)]), { timeout: 10_000, interval: 200 })
    .toEqual({ kind: "applied" });
  expect((await store.watermark("g0")).sequence).toBe(6);
  expect(alarms(lines)).toEqual([]);
});

test("the next batch is read while one is written", async () => {
  let read: () => void = () => {};
  const isRead = new Promise<void>((resolve) => {
    read = resolve;
  });
  const { store, applier } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    // The first batch is not done before the message behind it was looked at.
    opened.apply = async (batch) => {
      await isRead;
      return apply(batch);
    };
  });
  const second = message(4097, 1);
  const watched = {
    ...second,
    get value() {
      read();
      return second.value;
    },
  };
  expect(await applier.take("g0", [message(1, 4096), message(1, 4096), watched])).toEqual({ kind: "applied" });
  expect((await store.watermark("g0")).sequence).toBe(4097);
});

test("batches are written one at a time, in order, and none behind one that failed", async () => {
  const events: string[] = [];
  const { store, applier } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    opened.apply = async (batch) => {
      const first = batch.results[0]!.sequence;
      events.push(`begin ${first}`);
      await sleep(5);
      events.push(`end ${first}`);
      if (first === 4097) throw new Error("Deadlock found");
      return apply(batch);
    };
  });
  const messages = [message(1, 4096), message(4097, 4096), message(8193, 4096)];
  expect(await applier.take("g0", messages)).toEqual({ kind: "retry" });
  const tries = Array.from({ length: 4 }, () => ["begin 4097", "end 4097"]).flat();
  expect(events).toEqual(["begin 1", "end 1", ...tries]);
  expect((await store.watermark("g0")).sequence).toBe(4096);
});

test("messages handed over before the last ones are done are applied behind them", async () => {
  const events: string[] = [];
  const { store, applier } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    opened.apply = async (batch) => {
      const first = batch.results[0]!.sequence;
      events.push(`begin ${first}`);
      await sleep(20);
      events.push(`end ${first}`);
      return apply(batch);
    };
  });
  const taken = [applier.take("g0", [message(1, 3)]), applier.take("g0", [message(4, 3)]), applier.take("g0", [])];
  expect(await Promise.all(taken)).toEqual([{ kind: "applied" }, { kind: "applied" }, { kind: "applied" }]);
  expect(events).toEqual(["begin 1", "end 1", "begin 4", "end 4"]);
  expect((await store.watermark("g0")).sequence).toBe(6);
});

test("messages behind ones that were not applied are skipped, and may come again behind those", async () => {
  let isAway = true;
  const { store, applier, lines } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    opened.apply = async (batch) => {
      if (isAway && batch.results[0]!.sequence === 1) throw new Error("Deadlock found");
      return apply(batch);
    };
  });
  const messages = [message(1, 3), message(4, 3), message(7, 3)];
  const taken = await Promise.all(messages.map((one) => applier.take("g0", [one])));
  expect(taken).toEqual([{ kind: "retry" }, { kind: "skipped" }, { kind: "skipped" }]);
  expect((await store.watermark("g0")).sequence).toBe(0);
  isAway = false;
  for (const one of messages) {
    await expect.poll(() => applier.take("g0", [one]), { timeout: 10_000 }).toEqual({ kind: "applied" });
  }
  expect((await store.watermark("g0")).sequence).toBe(9);
  expect(alarms(lines)).toEqual([]);
});

test("behind a group that stops nothing is applied, whatever was handed over", async () => {
  const { store, applier, lines } = await setUp();
  const messages = [message(1, 3), message(4, 1, { value: "{" }), message(4, 3)];
  const taken = await Promise.all(messages.map((one) => applier.take("g0", [one])));
  expect(taken).toEqual([{ kind: "applied" }, { kind: "stop" }, { kind: "skipped" }]);
  expect((await store.watermark("g0")).sequence).toBe(3);
  expect(alarms(lines)).toHaveLength(1);
});

test("a batch that is staged ahead and let go of is applied all the same when its forerunner came to another end", async () => {
  const staged: number[] = [];
  let isFirst = true;
  const { store, applier } = await setUp((opened) => {
    const apply = opened.apply.bind(opened);
    opened.stage = (batch) => staged.push(batch.results[0]!.sequence) > 0;
    opened.apply = async (batch) => {
      // Another process writes the batch, and what is behind it too.
      if (isFirst) await apply({ group: "g0", epoch: 1, journal: JOURNAL, results: credits(1, 5000) });
      isFirst = false;
      return apply(batch);
    };
  });
  expect(await applier.take("g0", [message(1, 4096), message(4097, 2000)])).toEqual({ kind: "applied" });
  expect(staged).toEqual([1, 4097]);
  expect((await store.watermark("g0")).sequence).toBe(6096);
  expect((await storeBalances(store)).get("p1/CNY/alice")).toBe("6096.00 0.00 active v6096");
});
