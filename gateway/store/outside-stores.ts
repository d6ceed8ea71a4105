/** Stores that other processes write: the gateway only asks them how far they are, when it is asked itself. */
import { type Balance, RedisStore, SqlStore, type Store } from "../../stores/index.ts";
import type { Settings } from "../config.ts";
import type { StoreAccount, StoreBalance, StoreStatus, Stores } from "../stores.ts";

/** Milliseconds in which a store must tell its watermark: longer than a scrape would wait it is of no use. */
const ANSWER_MS = 1000;

/** Milliseconds after which a database that says nothing is let go of. */
const SILENT_MS = 5000;

/** Milliseconds for which an answer is given again: a scrape asks for every metric. */
const FRESH_MS = 500;

type OutsideSettings = Pick<Settings, "groups" | "redis" | "sql">;

export class OutsideStores {
  readonly #groups: readonly string[];
  readonly #stores: readonly Store[];
  readonly #durableOf: (group: string) => number;
  /** Stores that are connected, or about to be. */
  readonly #prepared = new Map<Store, Promise<void>>();
  #last: { readonly atMs: number; readonly answer: Promise<readonly StoreStatus[]> } | undefined;

  constructor({ groups, redis, sql }: OutsideSettings, durableOf: (group: string) => number) {
    this.#groups = groups;
    this.#stores = [
      ...(redis === undefined ? [] : [new RedisStore({ url: redis })]),
      ...(sql === undefined ? [] : [new SqlStore({ url: sql, silentMs: SILENT_MS })]),
    ];
    this.#durableOf = durableOf;
  }

  /** The embedded store with these after it. */
  beside(embedded: Stores): Stores {
    return {
      status: async () => [...(await embedded.status()), ...(await this.#status())],
      entries: (query) => embedded.entries(query),
      balances: async (account) => [
        ...(await embedded.balances(account)),
        ...(await Promise.all(this.#stores.map((store) => this.#balance(store, account)))),
      ],
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }

  #status(): Promise<readonly StoreStatus[]> {
    const nowMs = performance.now();
    if (this.#last === undefined || nowMs - this.#last.atMs > FRESH_MS) {
      const answers = this.#stores.flatMap((store) => this.#groups.map((group) => this.#ask(store, group)));
      this.#last = { atMs: nowMs, answer: Promise.all(answers) };
    }
    return this.#last.answer;
  }

  async #ask(store: Store, group: string): Promise<StoreStatus> {
    const { name } = store;
    try {
      const watermark = await within(ANSWER_MS, this.#watermark(store, group));
      const lag = Math.max(0, this.#durableOf(group) - watermark);
      return { name, group, watermark, lag, state: "following" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { name, group, watermark: 0, lag: this.#durableOf(group), state: "unreachable", reason };
    }
  }

  async #balance(store: Store, account: StoreAccount): Promise<StoreBalance> {
    const { name } = store;
    try {
      return { name, balance: await within(ANSWER_MS, this.#balanceIn(store, account)) };
    } catch (error) {
      return { name, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #balanceIn(store: Store, account: StoreAccount): Promise<Balance | undefined> {
    if (store instanceof RedisStore) await this.#prepare(store);
    return store.balance(account);
  }

  async #watermark(store: Store, group: string): Promise<number> {
    // Redis connects when it is prepared; a database is left as it is, for its own process makes the tables.
    if (store instanceof RedisStore) await this.#prepare(store);
    return (await store.watermark(group)).sequence;
  }

  async #prepare(store: Store): Promise<void> {
    const preparing = this.#prepared.get(store) ?? store.prepare();
    this.#prepared.set(store, preparing);
    try {
      await preparing;
    } catch (error) {
      this.#prepared.delete(store);
      throw error;
    }
  }
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
