/**
 * The journal of batches: which were asked for, every draw before its call, and what became of it. SQLite in WAL mode with
 * `synchronous = FULL`: a commit is one write and one sync. What a turn of the event loop brings is one commit, so the busier it is
 * the more a sync carries.
 */
import { randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../../../../engine/index.ts";
import { DRAW, FORMAT, SCHEMA } from "./schema.ts";
import type { BatchPay, JobState } from "./types.ts";

export interface JobRow {
  readonly job: number;
  readonly partner: string;
  readonly batchPayId: string;
  /** Makes transactionIds unlike those of any other journal: 16 characters. */
  readonly nonce: string;
  readonly state: JobState;
}

export interface DrawRow {
  readonly user: number;
  readonly n: number;
  readonly cents: number;
  readonly state: number;
  readonly paidMs: number | null;
  readonly try: number;
}

/** Money is in cents. */
export interface Totals {
  readonly uids: number;
  readonly draws: number;
  readonly drawnCents: number;
  /** Users that the third party did not know. */
  readonly unknown: readonly string[];
}

/** Where a draw stands in the journal. */
export interface DrawKey {
  readonly job: number;
  readonly user: number;
  readonly n: number;
}

const JOB = "SELECT job, partner, batch_pay_id AS batchPayId, nonce, state FROM job";

export class JobJournal {
  readonly #database: DatabaseSync;
  readonly #open: StatementSync;
  readonly #settle: StatementSync;
  readonly #retry: StatementSync;
  /** Changes of the next commit, in order. */
  #changes: (() => void)[] = [];

  /** Opens or makes the journal at `path`. Throws where it is of another format. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    const { user_version: format } = this.#database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (format === 0) this.#database.exec(`BEGIN; ${SCHEMA} COMMIT;`);
    else if (format !== FORMAT) throw new Error(`${path} is of format ${format}; this version reads ${FORMAT}`);
    this.#open = this.#database.prepare("INSERT INTO draw (job, user, n, cents) VALUES (?, ?, ?, ?)");
    this.#settle = this.#database.prepare(
      "UPDATE draw SET state = ?, paid_ms = COALESCE(?, paid_ms) WHERE job = ? AND user = ? AND n = ?",
    );
    this.#retry = this.#database.prepare("UPDATE draw SET try = ?, paid_ms = ? WHERE job = ? AND user = ? AND n = ?");
  }

  /** Adds a batch, durable when this returns; undefined if the partner's batchPayId was there, whatever its uids. */
  add({ partner, batchPayId, uids }: BatchPay, nowMs: number): JobRow | undefined {
    assert(this.#changes.length === 0, "a batch is added between two commits");
    const nonce = randomBytes(12).toString("base64url");
    const state: JobState = "beginning";
    return this.#transaction(() => {
      const { changes, lastInsertRowid } = this.#database
        .prepare(
          "INSERT INTO job (partner, batch_pay_id, nonce, state, created_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .run(partner, batchPayId, nonce, state, nowMs);
      if (changes === 0) return undefined;
      const job = Number(lastInsertRowid);
      const insert = this.#database.prepare("INSERT INTO user (job, user, uid) VALUES (?, ?, ?)");
      uids.forEach((uid, user) => {
        insert.run(job, user, uid);
      });
      return { job, partner, batchPayId, nonce, state };
    });
  }

  find(partner: string, batchPayId: string): JobRow | undefined {
    const row = this.#database.prepare(`${JOB} WHERE partner = ? AND batch_pay_id = ?`).get(partner, batchPayId);
    return row as unknown as JobRow | undefined;
  }

  /** Batches that are not done, oldest first. */
  unfinished(): JobRow[] {
    return this.#database.prepare(`${JOB} WHERE state <> 'done' ORDER BY job`).all() as unknown as JobRow[];
  }

  /** Users of a batch: the position is the `user` of draws. */
  uids(job: number): string[] {
    const rows = this.#database.prepare("SELECT uid FROM user WHERE job = ? ORDER BY user").all(job);
    return rows.map((row) => row.uid as string);
  }

  /** All draws of a batch, user by user in the order in which they were planned. */
  draws(job: number): DrawRow[] {
    const sql = "SELECT user, n, cents, state, paid_ms AS paidMs, try FROM draw WHERE job = ? ORDER BY user, n";
    return this.#database.prepare(sql).all(job) as unknown as DrawRow[];
  }

  /** What a batch has come to, for those that are done. */
  totals(job: number): Totals {
    const sql = `SELECT count(*) AS draws, COALESCE(sum(cents) FILTER (WHERE state IN (${DRAW.paid}, ${DRAW.credited})), 0) AS drawnCents
      FROM draw WHERE job = ?`;
    const sums = this.#database.prepare(sql).get(job) as { draws: number; drawnCents: number };
    const unknown = this.#database
      .prepare(
        "SELECT uid FROM user WHERE job = ?1 AND EXISTS (SELECT 1 FROM draw WHERE job = ?1 AND user = user.user AND state = ?2)",
      )
      .all(job, DRAW.unknown);
    const { uids } = this.#database.prepare("SELECT count(*) AS uids FROM user WHERE job = ?").get(job) as {
      uids: number;
    };
    return { ...sums, uids, unknown: unknown.map((row) => row.uid as string) };
  }

  // Changes, durable by the next commit

  open({ job, user, n }: DrawKey, cents: number): void {
    this.#changes.push(() => this.#open.run(job, user, n, cents));
  }

  refused(key: DrawKey): void {
    this.#settled(key, DRAW.refused);
  }

  paid(key: DrawKey, nowMs: number): void {
    this.#settled(key, DRAW.paid, nowMs);
  }

  credited(key: DrawKey): void {
    this.#settled(key, DRAW.credited);
  }

  unknownUid(key: DrawKey): void {
    this.#settled(key, DRAW.unknown);
  }

  #settled({ job, user, n }: DrawKey, state: number, paidMs: number | null = null): void {
    this.#changes.push(() => {
      const { changes } = this.#settle.run(state, paidMs, job, user, n);
      assert(changes === 1, "a draw was settled that the journal does not have");
    });
  }

  /** The engine refused the credit for good: the next one has another id. */
  creditAgain({ job, user, n }: DrawKey, next: { readonly try: number; readonly issuedMs: number }): void {
    this.#changes.push(() => this.#retry.run(next.try, next.issuedMs, job, user, n));
  }

  state(job: number, state: JobState, nowMs: number): void {
    const doneMs = state === "done" ? nowMs : null;
    const statement = this.#database.prepare("UPDATE job SET state = ?, done_ms = ? WHERE job = ?");
    this.#changes.push(() => statement.run(state, doneMs, job));
  }

  /** True if there is something to commit. */
  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  /** Writes and syncs the changes. A throw means that none of them can be relied on: the thread must end. */
  commit(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#transaction(() => {
      for (const change of changes) change();
    });
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const done = work();
      this.#database.exec("COMMIT");
      return done;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}
