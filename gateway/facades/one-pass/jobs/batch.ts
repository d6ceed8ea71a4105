/** A batch in memory while it is worked on: its users, their plans, and the sums that progress tells. */

import { FundPlan, type PlannedDraw } from "./fund-plan.ts";
import type { DrawKey, DrawRow, JobRow } from "./job-journal.ts";
import { DRAW } from "./schema.ts";
import { type Credit, type JobState, type Progress, SHOWN_MAX } from "./types.ts";

/** One draw from its plan to its credit. */
export interface Draw {
  readonly batch: Batch;
  readonly user: User;
  readonly key: DrawKey;
  readonly cents: number;
  readonly isDoubted: boolean;
  /** What the last definite reply said of a doubted draw. */
  wasPaid: boolean | undefined;
  /** Calls without a definite answer so far; times that the uid was said to be unknown. */
  failures: number;
  unknowns: number;
  /** When it was known to be paid, and how often the engine has refused its credit. */
  issuedMs: number;
  try: number;
}

/** One user of a batch. */
export interface User {
  readonly batch: Batch;
  readonly position: number;
  readonly uid: string;
  readonly plan: FundPlan;
  /** `n` of the next draw. */
  nextN: number;
  /** Draws that are paid and not credited yet. */
  uncredited: number;
  /** The third party has paid or refused a draw of this user, so it knows the uid, whatever it says later. */
  isKnown: boolean;
  isQueued: boolean;
  isDone: boolean;
}

export class Batch {
  readonly row: JobRow;
  readonly users: readonly User[];
  state: JobState;
  #usersDone = 0;
  #draws = 0;
  #drawnCents = 0;
  #creditedCents = 0;
  readonly #unknown: string[] = [];
  readonly #blocked = new Map<User, string>();

  constructor(row: JobRow, uids: readonly string[]) {
    this.row = row;
    this.state = row.state;
    this.users = uids.map((uid, position) => ({
      batch: this,
      position,
      uid,
      plan: new FundPlan(),
      nextN: 1,
      uncredited: 0,
      isKnown: false,
      isQueued: false,
      isDone: false,
    }));
  }

  /** Takes over what the journal has; returns draws to be called again, and draws to be credited. */
  restore(rows: readonly DrawRow[]): { readonly open: Draw[]; readonly paid: Draw[] } {
    const open: Draw[] = [];
    const paid: Draw[] = [];
    for (const row of rows) {
      const user = this.users[row.user]!;
      const draw = this.#makeDraw(user, row.n, user.plan.reopen(row.cents));
      user.nextN = row.n + 1;
      draw.issuedMs = row.paidMs ?? 0;
      draw.try = row.try;
      if (row.state === DRAW.open) open.push(draw);
      else if (row.state === DRAW.refused) this.refused(draw);
      else if (row.state === DRAW.unknown) this.unknown(draw);
      else {
        this.paid(draw);
        if (row.state === DRAW.credited) this.credited(draw);
        else paid.push(draw);
      }
    }
    for (const user of this.users) this.#countIfDone(user);
    return { open, paid };
  }

  /** The user's next draw, or undefined while it must wait. */
  nextDraw(user: User): Draw | undefined {
    const planned = user.plan.next();
    return planned && this.#makeDraw(user, user.nextN++, planned);
  }

  #makeDraw(user: User, n: number, { cents, isDoubted }: PlannedDraw): Draw {
    this.#draws++;
    const key = { job: this.row.job, user: user.position, n };
    return {
      batch: this,
      user,
      key,
      cents,
      isDoubted,
      wasPaid: undefined,
      failures: 0,
      unknowns: 0,
      issuedMs: 0,
      try: 0,
    };
  }

  paid({ user, cents }: Draw): void {
    user.isKnown = true;
    this.#blocked.delete(user);
    user.plan.settle(cents, true);
    user.uncredited++;
    this.#drawnCents += cents;
  }

  refused({ user, cents }: Draw): void {
    user.isKnown = true;
    this.#blocked.delete(user);
    user.plan.settle(cents, false);
  }

  unknown({ user }: Draw): void {
    user.plan.giveUp();
    if (!this.#unknown.includes(user.uid)) this.#unknown.push(user.uid);
  }

  credited({ user, cents }: Draw): void {
    user.uncredited--;
    this.#creditedCents += cents;
    this.#blocked.delete(user);
  }

  blocked({ user }: Draw, code: string): void {
    this.#blocked.set(user, code);
  }

  /** Looks whether that was a user's last; true when all users are done. */
  countIfDone(user: User): boolean {
    this.#countIfDone(user);
    return this.isEmptied;
  }

  #countIfDone(user: User): void {
    if (user.isDone || !user.plan.isDone || user.plan.open > 0 || user.uncredited > 0) return;
    user.isDone = true;
    this.#usersDone++;
  }

  /** Every fund is empty, and everything is credited. */
  get isEmptied(): boolean {
    return this.#usersDone === this.users.length;
  }

  get progress(): Progress {
    const blocked = [...this.#blocked].slice(0, SHOWN_MAX).map(([{ uid }, code]) => ({ uid, code }));
    return {
      state: this.state,
      uids: this.users.length,
      uidsDone: this.#usersDone,
      unknown: this.#unknown.slice(0, SHOWN_MAX),
      drawnCents: this.#drawnCents,
      creditedCents: this.#creditedCents,
      draws: this.#draws,
      blocked,
    };
  }
}

/** The id that the third party knows a draw by: the same with every attempt. */
export function transactionIdOf({ batch, user, key }: Draw): string {
  return `${batch.row.nonce}-${user.uid}-${key.n}`;
}

/** The credit of a paid draw: its id follows from the transactionId, so that it is applied once however often it is sent. */
export function creditOf(draw: Draw): Credit {
  const again = draw.try === 0 ? "" : `:${draw.try}`;
  const id = `op:${transactionIdOf(draw)}${again}`;
  return { id, account: draw.user.uid, cents: draw.cents, issuedMs: draw.issuedMs };
}
