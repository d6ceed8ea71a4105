/** Results, past balances and audits of a process's groups, read from their journals away from the threads that serve. */
import { assert } from "../engine/index.ts";
import { DurableSignal } from "./durable-signal.ts";
import { ResultsError } from "./errors.ts";
import { FairQueue } from "./fair-queue.ts";
import { ReaderClient } from "./reader-client.ts";
import type {
  AccountKey,
  BalanceAnswer,
  GroupFolder,
  PointInTime,
  ResultPage,
  VerifyQuery,
  VerifyReport,
} from "./types.ts";

/** Audits that may wait for the one under way: each replays a whole journal. */
const AUDITS_WAITING_MAX = 4;

/** Past balances of one partner that may wait: each may read far. */
const BALANCES_WAITING_MAX = 100;

export interface JournalQueriesOptions {
  readonly groups: readonly GroupFolder[];
  /** Told when a reading thread ended by a fault; the next request starts another. */
  readonly onFault?: (error: Error) => void;
}

/** The durable results of one group. */
export class JournalResultLog {
  readonly #name: string;
  readonly #client: ReaderClient;
  readonly #signal: DurableSignal;

  constructor(name: string, client: ReaderClient, signal: DurableSignal) {
    this.#name = name;
    this.#client = client;
    this.#signal = signal;
  }

  /** See ResultPage. Rejects with ResultsError. */
  async read(query: { partner: number; after: number; limit: number }): Promise<ResultPage> {
    const durable = durableOf(this.#signal);
    return (await this.#client.ask({ kind: "page", group: this.#name, query: { ...query, durable } })) as ResultPage;
  }

  /** See DurableSignal. */
  waitFor(sequence: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.waitFor(sequence, timeoutMs, signal);
  }
}

/** Throws RECOVERING before the first sequence was told: an empty page, or no account, would be a lie. */
function durableOf({ durable }: DurableSignal): number {
  if (durable === undefined) throw new ResultsError("RECOVERING", "How far the group is durable is not known yet.");
  return durable;
}

interface GroupSide {
  readonly signal: DurableSignal;
  readonly log: JournalResultLog;
}

export class JournalQueries {
  readonly #options: JournalQueriesOptions;
  readonly #client: ReaderClient;
  readonly #groups: ReadonlyMap<string, GroupSide>;
  readonly #balances = new FairQueue(BALANCES_WAITING_MAX);
  /** Threads of audits under way. */
  readonly #audits = new Set<ReaderClient>();
  #auditsWaiting = 0;
  #lastAudit: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: JournalQueriesOptions) {
    this.#options = options;
    this.#client = this.#newClient();
    this.#groups = new Map(
      options.groups.map(({ name }) => {
        const signal = new DurableSignal();
        return [name, { signal, log: new JournalResultLog(name, this.#client, signal) }];
      }),
    );
  }

  /** Tells how far a group is durable: after its recovery, and after each frame. Nothing behind it is ever shown. */
  advance(group: string, sequence: number): void {
    this.#group(group).signal.advance(sequence);
  }

  byGroup(name: string): JournalResultLog | undefined {
    return this.#groups.get(name)?.log;
  }

  /** See BalanceAnswer. One question at a time, partners in turn, so that pages come between. Rejects with ResultsError. */
  async balanceAt(query: AccountKey & { readonly group: string; readonly at: PointInTime }): Promise<BalanceAnswer> {
    const { group, partner, currency, account, at } = query;
    const durable = durableOf(this.#group(group).signal);
    const question = { partner, currency, account, at, durable, nowMs: Date.now() };
    const ask = () => this.#client.ask({ kind: "balance", group, query: question });
    return (await this.#balances.run(partner, ask)) as BalanceAnswer;
  }

  /**
   * Replays the group's journal in a thread of its own, which gives its memory back afterwards; one audit at a time. Rejects with
   * ResultsError, OVERLOADED when several wait already.
   */
  async verify(group: string, query: VerifyQuery): Promise<VerifyReport> {
    if (this.#auditsWaiting >= AUDITS_WAITING_MAX) throw new ResultsError("OVERLOADED", "Other audits are under way.");
    this.#auditsWaiting++;
    const audit = this.#lastAudit.then(() => this.#audit(group, query));
    this.#lastAudit = audit.catch(() => {});
    try {
      return await audit;
    } finally {
      this.#auditsWaiting--;
    }
  }

  async #audit(group: string, query: VerifyQuery): Promise<VerifyReport> {
    if (this.#isClosed) throw new ResultsError("STOPPED", "The reader is closed.");
    const client = this.#newClient();
    this.#audits.add(client);
    try {
      return (await client.ask({ kind: "verify", group, query })) as VerifyReport;
    } finally {
      this.#audits.delete(client);
      await client.close();
    }
  }

  /** Rejects with STOPPED what would take long: audits, and past balances that wait. To be called when clients are to be let go. */
  async interrupt(): Promise<void> {
    this.#isClosed = true;
    this.#balances.close();
    await Promise.all([...this.#audits].map((client) => client.close()));
  }

  /** Ends all threads; what is under way is rejected with STOPPED. */
  async close(): Promise<void> {
    await this.interrupt();
    await this.#client.close();
  }

  #newClient(): ReaderClient {
    const { groups, onFault = () => {} } = this.#options;
    return new ReaderClient({ groups }, onFault);
  }

  #group(name: string): GroupSide {
    const group = this.#groups.get(name);
    assert(group !== undefined, `group ${name} is one of this process`);
    return group;
  }
}
