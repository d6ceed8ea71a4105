/** The runner over a third party and an engine in memory that fail and die at every point; its journal is a real one. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Random } from "../../../../engine/model/random.ts";
import { temporaryFolder } from "../../../testing.ts";
import { OPEN_UIDS_MAX, OPEN_UIDS_OF_PARTNER_MAX } from "../limits.ts";
import type { FundReply } from "./fund-client.ts";
import { JobJournal } from "./job-journal.ts";
import { Runner } from "./runner.ts";
import type { Credit, CreditReply, Note } from "./types.ts";

interface Faults {
  readonly lost: number;
  readonly paidLost: number;
  readonly crossed: number;
  readonly isHalfFalse: boolean;
}
const NONE: Faults = { lost: 0, paidLost: 0, crossed: 0, isHalfFalse: false };
const ALL: Faults = { lost: 0.15, paidLost: 0.15, crossed: 0.1, isHalfFalse: true };

/** Everything that outlives a crash of the service: the third party's books and the engine's. */
class World {
  readonly funds: Map<string, number>;
  readonly paid = new Map<string, number>();
  readonly finishes: string[] = [];
  readonly balances = new Map<string, number>();
  readonly #payments = new Set<string>();
  readonly #credits = new Map<string, string>();
  readonly #halves = new Set<string>();
  readonly #random: Random;
  readonly #faults: Faults;
  /** Told of each call of pay when it arrives. */
  onPay: (transactionId: string, cents: number) => void = () => {};
  /** Uids that the third party denies to know, from now on, though it has paid them. */
  readonly denied = new Set<string>();
  /** Result codes that the engine gives next instead of applying. */
  readonly refusals: string[] = [];

  constructor(funds: Record<string, number>, faults: Faults, seed = 1) {
    this.funds = new Map(Object.entries(funds));
    this.#faults = faults;
    this.#random = new Random(seed);
  }

  post(call: string, body: string): FundReply {
    const { lost, paidLost, crossed } = this.#faults;
    if (this.#random.chance(lost)) return { why: "HTTP 504" };
    const reply = call === "pay" ? this.#pay(JSON.parse(body)) : this.#other(call, JSON.parse(body));
    if (this.#random.chance(paidLost)) return { why: "HTTP 504" };
    return this.#random.chance(crossed) ? { why: "another request's" } : { code: reply, msg: "" };
  }

  #pay({ transactionId, uid, amount }: { transactionId: string; uid: number; amount: number }): number {
    const cents = Math.round(amount * 100);
    const key = String(uid);
    this.onPay(transactionId, cents);
    const left = this.funds.get(key);
    if (left === undefined || this.denied.has(key)) return 404;
    if (this.#payments.has(transactionId)) return 200;
    if (this.#faults.isHalfFalse && cents < 1_000_000 && !this.#halves.has(key)) {
      this.#halves.add(key);
      return 200;
    }
    if (cents > left) return 501;
    this.#payments.add(transactionId);
    this.funds.set(key, left - cents);
    this.paid.set(key, (this.paid.get(key) ?? 0) + cents);
    return 200;
  }

  #other(call: string, { batchPayId }: { batchPayId: string }): number {
    if (call === "batchPayFinish") this.finishes.push(`${batchPayId} with ${[...this.funds.values()].join(" ")} left`);
    return 200;
  }

  credit(credits: readonly Credit[]): CreditReply {
    const results = credits.map((credit) => {
      const before = this.#credits.get(credit.id);
      const body = JSON.stringify(credit);
      if (before !== undefined) return { code: before === body ? "OK" : "ID_REUSED" };
      const refusal = this.refusals.shift();
      if (refusal !== undefined) return { code: refusal };
      this.#credits.set(credit.id, body);
      this.balances.set(credit.account, (this.balances.get(credit.account) ?? 0) + credit.cents);
      return { code: "OK" };
    });
    return { results };
  }
}

/** A life of the service: it ends at its `dieAt`-th event, and nothing that it does then has any effect. */
class Life {
  readonly notes: Note[] = [];
  readonly runner: Runner;
  readonly journal: JobJournal;
  events = 0;
  isDead = false;
  readonly #dieAt: number;

  constructor(world: World, path: string, dieAt = Number.POSITIVE_INFINITY) {
    this.#dieAt = dieAt;
    const life = this;
    class MortalJournal extends JobJournal {
      override commit(): void {
        if (life.happens()) super.commit();
      }
    }
    this.journal = new MortalJournal(path);
    const answer = <T>(work: () => T): Promise<T> =>
      new Promise((resolve) => {
        if (!this.happens()) return;
        const reply = work();
        setImmediate(() => {
          if (this.happens()) resolve(reply);
        });
      });
    this.runner = new Runner({
      journal: this.journal,
      post: (call, body) => answer(() => world.post(call, body)),
      credit: (_partner, credits) => answer(() => world.credit(credits)),
      note: (note) => this.notes.push(note),
      tellsBegin: true,
    });
  }

  /** Counts an event; false from the death on. */
  happens(): boolean {
    this.events++;
    if (this.events >= this.#dieAt) this.isDead = true;
    return !this.isDead;
  }

  /** Resolves when the batch is done, or the life is over. */
  async ends(): Promise<void> {
    while (!this.isDead && this.runner.progress("demo", "b1")?.state !== "done") {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

const FUNDS = { 7: 1, 8: 500_000, 9: 1_000_000, 10: 2_345_678 };
const BATCH = { partner: "demo", batchPayId: "b1", uids: ["7", "8", "9", "10"] };

function expectRight(world: World): void {
  expect(Object.fromEntries(world.paid)).toEqual(FUNDS);
  expect(Object.fromEntries(world.balances)).toEqual(FUNDS);
  expect(new Set(world.finishes)).toEqual(new Set(["b1 with 0 0 0 0 left"]));
}

test("without faults every fund is drawn and credited, and the batch is finished once", async () => {
  const world = new World(FUNDS, NONE);
  const life = new Life(world, join(temporaryFolder(), "jobs.db"));
  expect(life.runner.start(BATCH)).toBe("new");
  await life.ends();
  expectRight(world);
  expect(world.finishes).toHaveLength(1);
  expect(life.runner.progress("demo", "b1")).toMatchObject({
    uids: 4,
    uidsDone: 4,
    drawnCents: 3_845_679,
    unknown: [],
  });
});

test("each call's transactionId and amount are in the journal before the call is made", async () => {
  const world = new World(FUNDS, ALL);
  const path = join(temporaryFolder(), "jobs.db");
  const life = new Life(world, path);
  const reader = new DatabaseSync(path, { readOnly: true });
  const find = reader.prepare("SELECT cents, state FROM call WHERE transaction_id = ?");
  const seen: unknown[] = [];
  world.onPay = (transactionId, cents) => {
    const row = find.get(transactionId);
    if (row?.cents !== cents) seen.push({ transactionId, cents, row });
  };
  life.runner.start(BATCH);
  await life.ends();
  reader.close();
  expect(seen).toEqual([]);
  expectRight(world);
});

test("a batchPayId runs once, whatever the uids of its repeat, also after a restart", async () => {
  const world = new World({ ...FUNDS, 11: 5 }, NONE);
  const path = join(temporaryFolder(), "jobs.db");
  const life = new Life(world, path);
  life.runner.start(BATCH);
  expect(life.runner.start({ ...BATCH, uids: ["11"] })).toBe("known");
  await life.ends();
  expect(life.runner.start({ ...BATCH, uids: ["11"] })).toBe("known");
  const next = new Life(world, path);
  next.runner.resume();
  expect(next.runner.start({ ...BATCH, uids: ["11"] })).toBe("known");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(world.balances.get("11")).toBeUndefined();
  expect(world.finishes).toHaveLength(1);
});

/** A life that dies at its `dieAt`-th event, one that dies soon, and one that ends the work. False if the first survived. */
async function threeLives(dieAt: number): Promise<boolean> {
  const world = new World(FUNDS, dieAt % 3 === 0 ? ALL : NONE, dieAt);
  const path = join(temporaryFolder(), "jobs.db");
  const first = new Life(world, path, dieAt);
  first.runner.start(BATCH);
  await first.ends();
  const second = new Life(world, path, 1 + (dieAt % 37));
  second.runner.resume();
  await second.ends();
  const last = new Life(world, path);
  last.runner.resume();
  await last.ends();
  expectRight(world);
  return first.isDead;
}

test("whenever the service dies, and dies again, what it resumes ends right", { timeout: 120_000 }, async () => {
  let deaths = 0;
  // Many at a time, for they mostly wait before they call again.
  for (let from = 2; ; from += 48) {
    const died = await Promise.all(Array.from({ length: 48 }, (_, index) => threeLives(from + index)));
    deaths += died.filter((isDead) => isDead).length;
    if (died.includes(false)) break;
  }
  expect(deaths).toBeGreaterThan(150);
});

test.each(["ACCOUNT_FROZEN", "BALANCE_LIMIT"])(
  "a credit refused with %s is made again under another id",
  async (code) => {
    const world = new World({ 7: 1 }, NONE);
    world.refusals.push(code);
    const life = new Life(world, join(temporaryFolder(), "jobs.db"));
    life.runner.start({ ...BATCH, uids: ["7"] });
    while (life.runner.progress("demo", "b1")?.blocked.length !== 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(life.runner.progress("demo", "b1")).toMatchObject({ blocked: [{ uid: "7", code }], state: "drawing" });
    expect(world.finishes).toEqual([]);
    await life.ends();
    expect(Object.fromEntries(world.balances)).toEqual({ 7: 1 });
  },
);

test("a credit whose first attempt cannot be told any more is left to the operator, not made again", async () => {
  const world = new World({ 7: 1 }, NONE);
  world.refusals.push("TOO_OLD");
  const life = new Life(world, join(temporaryFolder(), "jobs.db"));
  life.runner.start({ ...BATCH, uids: ["7"] });
  while (life.notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(life.notes[0]).toMatchObject({ level: "error", data: { uid: "7", amount: "0.01", code: "TOO_OLD" } });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(world.balances.size).toBe(0);
});

test("a uid that the third party does not know ends without a draw, and is named", async () => {
  const world = new World({ 7: 1 }, NONE);
  const life = new Life(world, join(temporaryFolder(), "jobs.db"));
  life.runner.start({ ...BATCH, uids: ["7", "404"] });
  await life.ends();
  expect(life.runner.progress("demo", "b1")).toMatchObject({ uidsDone: 2, unknown: ["404"], drawnCents: 1 });
});

test("a uid that was paid and is then said to be unknown is not given up: what was drawn is credited once the third party tells", async () => {
  const world = new World({ 7: 500_000 }, NONE);
  const path = join(temporaryFolder(), "jobs.db");
  const life = new Life(world, path);
  let calls = 0;
  // The half is paid, its answer is doubted, and its repeat is denied: money has moved of which nobody here knows.
  world.onPay = () => {
    if (++calls === 3) world.denied.add("7");
  };
  life.runner.start({ ...BATCH, uids: ["7"] });
  while (life.notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(life.notes[0]).toMatchObject({ level: "error", data: { uid: "7", amount: "5000.00" } });
  expect(life.runner.progress("demo", "b1")).toMatchObject({
    state: "drawing",
    unknown: [],
    blocked: [{ uid: "7", code: "UNKNOWN_UID" }],
  });
  await life.runner.stop();
  const next = new Life(world, path);
  next.runner.resume();
  while (next.notes.filter(({ level }) => level === "error").length === 0)
    await new Promise((resolve) => setTimeout(resolve, 1));
  world.denied.clear();
  await next.ends();
  expect(Object.fromEntries(world.balances)).toEqual({ 7: 500_000 });
  expect(next.runner.progress("demo", "b1")).toMatchObject({
    drawnCents: 500_000,
    creditedCents: 500_000,
    blocked: [],
  });
});

test("more users of batches that are not done than there is room for are refused; a batchPayId that was taken is still known", async () => {
  const life = new Life(new World({}, NONE), join(temporaryFolder(), "jobs.db"), 1);
  const uids = Array.from({ length: OPEN_UIDS_OF_PARTNER_MAX }, (_, i) => String(i));
  const start = (partner: string, batchPayId: string, count: number) =>
    life.runner.start({ partner, batchPayId, uids: uids.slice(0, count) });
  expect(start("demo", "b1", uids.length)).toBe("new");
  expect([start("demo", "b2", 1), start("demo", "b1", 1)]).toEqual(["full", "known"]);
  expect(start("other", "b1", uids.length)).toBe("new");
  const left = OPEN_UIDS_MAX - 2 * uids.length;
  expect([start("third", "b1", left + 1), start("third", "b1", left), start("fourth", "b1", 1)]).toEqual([
    "full",
    "new",
    "full",
  ]);
});
