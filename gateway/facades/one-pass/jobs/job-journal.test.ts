import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing.ts";
import { JobJournal } from "./job-journal.ts";

const BATCH = { partner: "demo", batchPayId: "b1", uids: ["7", "8"] };

function journal(path = join(temporaryFolder(), "jobs.db")): { path: string; opened: JobJournal } {
  const opened = new JobJournal(path);
  onTestFinished(() => opened.close());
  return { path, opened };
}

test("draws are there for a reader once they are committed, and not before", () => {
  const { path, opened } = journal();
  const { job, nonce } = opened.add(BATCH, 1000)!;
  const reader = new DatabaseSync(path, { readOnly: true });
  onTestFinished(() => reader.close());
  const calls = () => reader.prepare("SELECT transaction_id, uid, cents, state FROM call").all();
  opened.open({ job, user: 1, n: 1 }, 1_000_000);
  expect([opened.hasChanges, calls()]).toEqual([true, []]);
  opened.commit();
  expect(opened.hasChanges).toBe(false);
  expect(calls()).toEqual([{ transaction_id: `${nonce}-8-1`, uid: "8", cents: 1_000_000, state: "open" }]);
});

test("a batch is found again by another journal on the same file, with every draw and its state", () => {
  const { path, opened } = journal();
  const { job } = opened.add(BATCH, 1000)!;
  const key = (n: number) => ({ job, user: 0, n });
  for (let n = 1; n <= 5; n++) opened.open(key(n), n);
  opened.refused(key(2));
  opened.paid(key(3), 7000);
  opened.paid(key(4), 8000);
  opened.credited(key(4));
  opened.unknownUid(key(5));
  opened.state(job, "drawing", 9000);
  opened.commit();
  const { opened: other } = journal(path);
  expect(other.unfinished()).toMatchObject([{ job, partner: "demo", batchPayId: "b1", state: "drawing" }]);
  expect(other.uids(job)).toEqual(["7", "8"]);
  expect(other.draws(job).map(({ n, cents, state, paidMs }) => [n, cents, state, paidMs])).toEqual([
    [1, 1, 0, null],
    [2, 2, 1, null],
    [3, 3, 2, 7000],
    [4, 4, 3, 8000],
    [5, 5, 4, null],
  ]);
  expect(other.totals(job)).toEqual({ uids: 2, draws: 5, drawnCents: 7, unknown: ["7"] });
});

test("a partner's batchPayId is taken once, and another partner's is another", () => {
  const { opened } = journal();
  expect(opened.add(BATCH, 1000)).toBeDefined();
  expect(opened.add({ ...BATCH, uids: ["9"] }, 2000)).toBeUndefined();
  expect(opened.add({ ...BATCH, partner: "other" }, 3000)).toBeDefined();
  expect(opened.uids(opened.find("demo", "b1")!.job)).toEqual(["7", "8"]);
});

test("a commit in which one change fails leaves none of them", () => {
  const { opened } = journal();
  const { job } = opened.add(BATCH, 1000)!;
  opened.open({ job, user: 0, n: 1 }, 5);
  opened.refused({ job, user: 0, n: 2 });
  expect(() => opened.commit()).toThrow("a draw was settled that the journal does not have");
  expect(opened.draws(job)).toEqual([]);
});

test("a journal of another format is refused, not changed", () => {
  const path = join(temporaryFolder(), "jobs.db");
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  expect(() => new JobJournal(path)).toThrow("is of format 99; this version reads 1");
});
