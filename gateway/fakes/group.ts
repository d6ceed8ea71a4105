/** In-memory stand-ins for the ports that routes are tested against; they hold what a test puts into them. */
import { ZERO } from "../../engine/money.ts";
import { ApiError, type ErrorCode } from "../errors.ts";
import type {
  AccountView,
  Group,
  GroupDirectory,
  GroupStats,
  History,
  PastAccountQuery,
  ResultLog,
  ResultLogs,
  ResultPage,
  VerifyReport,
} from "../group.ts";
import type { EntriesPage, EntriesQuery, StoreBalance, StoreStatus, Stores } from "../stores.ts";

const STATS = {
  state: "serving",
  sequence: 10,
  durable: 9,
  published: 7,
  ringBytes: 1000,
  ringUsedBytes: 250,
  accounts: 3,
  holds: 1,
  remembered: 8,
  idHorizonSeconds: 42.5,
  frames: 4,
  commands: 10,
  journalBytes: 4096,
  syncs: 4,
  syncMsTotal: 2,
  syncMsMax: 1.5,
  snapshotSequence: 5,
  freeBytes: 1e9,
  aheadBytes: 0,
  aheadMappedBytes: 0,
} as const;

const key = (partner: number, currency: number, name: string) => `${partner}/${currency}/${name}`;

export class FakeGroup implements Group {
  readonly name: string;
  readonly index: number;
  readonly accounts = new Map<string, AccountView>();
  readonly commands = new Map<string, string>();
  overrides: Partial<GroupStats> = {};
  /** When set, everything that is asked rejects with it. */
  failure: ErrorCode | undefined;
  verdict: VerifyReport = { ok: true, frames: 4, sequence: 10, trialBalance: { CNY: "0.00" }, stateHash: "ab" };

  constructor(name: string, index: number) {
    this.name = name;
    this.index = index;
  }

  stats(): GroupStats {
    return { ...STATS, name: this.name, index: this.index, ...this.overrides };
  }

  put(partner: number, view: Partial<AccountView> & { account: string; currency: number }): void {
    const base = { available: ZERO, held: ZERO, status: "active", minBalance: ZERO, version: 1, sequence: 9 } as const;
    this.accounts.set(key(partner, view.currency, view.account), { ...base, ...view });
  }

  async account(partner: number, currency: number, name: string): Promise<AccountView | undefined> {
    this.#check();
    return this.accounts.get(key(partner, currency, name));
  }

  async lookup(partner: number, currency: number, names: readonly string[]): Promise<(AccountView | undefined)[]> {
    this.#check();
    return names.map((name) => this.accounts.get(key(partner, currency, name)));
  }

  async command(partner: number, id: string): Promise<string | undefined> {
    this.#check();
    return this.commands.get(`${partner}/${id}`);
  }

  async snapshot(): Promise<{ sequence: number }> {
    this.#check();
    return { sequence: 9 };
  }

  async verify(): Promise<VerifyReport> {
    this.#check();
    return this.verdict;
  }

  async stateHash(): Promise<string> {
    this.#check();
    return "ab";
  }

  #check(): void {
    if (this.failure !== undefined) throw new ApiError(this.failure);
  }
}

export class FakeDirectory implements GroupDirectory {
  readonly #groups: readonly FakeGroup[];

  constructor(groups: readonly FakeGroup[]) {
    this.#groups = groups;
  }

  byName(name: string): FakeGroup | undefined {
    return this.#groups.find((group) => group.name === name);
  }

  all(): readonly FakeGroup[] {
    return this.#groups;
  }
}

/** Results of all partners of a group; scans `scanned` sequences a read, as a log in segments does. */
export class FakeResultLog implements ResultLog {
  readonly #partners: number[] = [];
  readonly #waiting = new Set<() => void>();
  oldest = 1;
  scanned = 1000;
  reads = 0;

  get durable(): number {
    return this.#partners.length;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  append(...partners: number[]): void {
    this.#partners.push(...partners);
    for (const wake of this.#waiting) wake();
  }

  async read({ partner, after, limit }: { partner: number; after: number; limit: number }): Promise<ResultPage> {
    this.reads++;
    const results: string[] = [];
    let next = after;
    while (next < Math.min(this.durable, after + this.scanned) && results.length < limit) {
      if (this.#partners[next] === partner) results.push(`{"sequence":${next + 1},"partner":${partner}}`);
      next++;
    }
    return { results, next, oldest: this.oldest };
  }

  waitFor(sequence: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.durable > sequence || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}

export class FakeResultLogs implements ResultLogs {
  readonly log = new FakeResultLog();

  byGroup(name: string): ResultLog | undefined {
    return name === "g0" ? this.log : undefined;
  }
}

export class FakeHistory implements History {
  readonly asked: PastAccountQuery[] = [];
  answer: Awaited<ReturnType<History["balanceAt"]>>;

  async balanceAt(query: PastAccountQuery) {
    this.asked.push(query);
    return this.answer;
  }
}

export class FakeStores implements Stores {
  readonly asked: EntriesQuery[] = [];
  readonly statuses: StoreStatus[] = [];
  /** By account. */
  readonly pages = new Map<string, EntriesPage>();
  /** When set, what is asked rejects with it. */
  failure: ApiError | undefined;
  /** What the stores say of every account. */
  found: readonly StoreBalance[] = [];

  async balances(): Promise<readonly StoreBalance[]> {
    return this.found;
  }

  async status(): Promise<readonly StoreStatus[]> {
    return this.statuses;
  }

  async entries(query: EntriesQuery): Promise<EntriesPage | undefined> {
    this.asked.push(query);
    if (this.failure !== undefined) throw this.failure;
    return this.pages.get(query.account);
  }
}
