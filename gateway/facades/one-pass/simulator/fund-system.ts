/** The third party's books: what each user's fund holds, what was paid out of it, and which batches were finished. */
import { centsText } from "./cents.ts";

/** Users that one initAccount may register; more are answered with ok, and none is registered. */
const USERS_PER_CALL_MAX = 500;

/** Cents of the most that a user's fund may hold: 1,000,000,000.00. */
export const FUND_CENTS_MAX = 100_000_000_000;

/** Cents of the most that one call pays: 10,000.00. */
export const PAY_CENTS_MAX = 1_000_000;

interface Fund {
  leftCents: number;
  paidCents: number;
  payments: number;
  calls: number;
  /** The first draw below PAY_CENTS_MAX was seen. */
  isHalved: boolean;
}

interface Batch {
  readonly uids: readonly string[];
  begins: number;
  accepted: number;
  repeated: number;
  leftCents: number;
}

export interface Payment {
  readonly transactionId: string;
  readonly uid: string;
  readonly cents: number;
}

export type PayOutcome = "paid" | "insufficient" | "unknown" | "other";

/** What was done, as the truth route and the end of the program tell it. Money is decimal strings. */
export interface Truth {
  readonly paid: string;
  readonly left: string;
  readonly calls: number;
  readonly uids: Readonly<Record<string, { paid: string; left: string; payments: number; calls: number }>>;
  /** By batchPayId. `left`: what the batch's funds still held when its finish was accepted. */
  readonly batches: Readonly<Record<string, { begins: number; accepted: number; repeated: number; left: string }>>;
}

export class FundSystem {
  readonly #funds = new Map<string, Fund>();
  readonly #payments = new Map<string, Payment>();
  readonly #batches = new Map<string, Batch>();

  /** Sets funds; more than 500 at once are passed over without a word, as theirs does. */
  init(users: readonly { readonly uid: string; readonly cents: number }[]): void {
    if (users.length > USERS_PER_CALL_MAX) return;
    for (const { uid, cents } of users) {
      this.#funds.set(uid, { leftCents: cents, paidCents: 0, payments: 0, calls: 0, isHalved: false });
    }
  }

  /** Pays once per transactionId: a repeat is told the same and moves nothing. `other`: the id was used for another payment. */
  pay(payment: Payment): PayOutcome {
    const fund = this.#funds.get(payment.uid);
    if (fund === undefined) return "unknown";
    fund.calls++;
    const before = this.#payments.get(payment.transactionId);
    if (before !== undefined) return before.uid === payment.uid && before.cents === payment.cents ? "paid" : "other";
    if (payment.cents > fund.leftCents) return "insufficient";
    this.#payments.set(payment.transactionId, payment);
    fund.leftCents -= payment.cents;
    fund.paidCents += payment.cents;
    fund.payments++;
    return "paid";
  }

  /** True once for each fund: at its first draw of less than a full amount. */
  isFirstHalf({ uid, cents }: Payment): boolean {
    const fund = this.#funds.get(uid);
    if (fund === undefined || fund.isHalved || cents === PAY_CENTS_MAX) return false;
    fund.isHalved = true;
    fund.calls++;
    return true;
  }

  begin(batchPayId: string, uids: readonly string[]): void {
    const batch = this.#batch(batchPayId, uids);
    batch.begins++;
  }

  /** Accepts a batch's end once; later calls are repeats. */
  finish(batchPayId: string): void {
    const batch = this.#batch(batchPayId, [...this.#funds.keys()]);
    if (batch.accepted > 0) {
      batch.repeated++;
      return;
    }
    batch.accepted++;
    batch.leftCents = batch.uids.reduce((sum, uid) => sum + (this.#funds.get(uid)?.leftCents ?? 0), 0);
  }

  #batch(batchPayId: string, uids: readonly string[]): Batch {
    let batch = this.#batches.get(batchPayId);
    if (batch === undefined) {
      batch = { uids, begins: 0, accepted: 0, repeated: 0, leftCents: 0 };
      this.#batches.set(batchPayId, batch);
    }
    return batch;
  }

  truth(): Truth {
    const funds = [...this.#funds];
    const sum = (of: (fund: Fund) => number) => funds.reduce((total, [, fund]) => total + of(fund), 0);
    const uids = funds.map(([uid, { paidCents, leftCents, payments, calls }]) => [
      uid,
      { paid: centsText(paidCents), left: centsText(leftCents), payments, calls },
    ]);
    const batches = [...this.#batches].map(([id, { begins, accepted, repeated, leftCents }]) => [
      id,
      { begins, accepted, repeated, left: centsText(leftCents) },
    ]);
    return {
      paid: centsText(sum((fund) => fund.paidCents)),
      left: centsText(sum((fund) => fund.leftCents)),
      calls: sum((fund) => fund.calls),
      uids: Object.fromEntries(uids),
      batches: Object.fromEntries(batches),
    };
  }
}
