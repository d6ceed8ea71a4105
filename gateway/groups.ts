/** All groups of this process, and their ports as the cold routes see them. */
import { formatMoney, fromBigInt } from "../engine/index.ts";
import { renderResult } from "../results/index.ts";
import type { Settings } from "./config.ts";
import type { AccountView, Group, GroupDirectory, GroupStats, VerifyReport } from "./group.ts";
import { GroupLink, type Publishing } from "./link/group-link.ts";
import type { LinkLog } from "./link/link-log.ts";
import { readAccounts, readCommand } from "./link/reads.ts";
import { groupDirectory } from "./paths.ts";
import type { Registry } from "./registry/index.ts";

/** Milliseconds between looks for late requests, and between looks at the disk. */
const LATE_LOOK_MS = 100;
const DISK_LOOK_MS = 1000;

export interface GroupsOptions {
  readonly settings: Settings;
  readonly registry: Registry;
  readonly log: LinkLog;
  readonly onDurable: (group: string, sequence: number) => void;
  /** Where a group's results are published; undefined: nowhere but in the journal. */
  readonly publishing: (group: string) => Publishing | undefined;
  /** Replays a group's journal through a sequence, at which the group's time was `timeMs`, and tells what it finds. */
  readonly verify: (group: string, state: { through: number; timeMs: number }) => Promise<VerifyReport>;
}

export class Groups implements GroupDirectory {
  readonly #links = new Map<string, GroupLink>();
  readonly #ports = new Map<string, Group>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: GroupsOptions) {
    const { settings, registry, log, onDurable, publishing } = options;
    for (const name of settings.groups) {
      const link = new GroupLink({
        ...settings,
        name,
        index: registry.group(name)!.index,
        directory: groupDirectory(settings.data, name),
        registry,
        log,
        onDurable: (sequence) => onDurable(name, sequence),
        publishing: publishing(name),
      });
      this.#links.set(name, link);
      this.#ports.set(name, new GroupPort(link, options));
    }
  }

  link(name: string): GroupLink | undefined {
    return this.#links.get(name);
  }

  byName(name: string): Group | undefined {
    return this.#ports.get(name);
  }

  all(): readonly Group[] {
    return [...this.#ports.values()];
  }

  /** Starts all groups; resolves when each serves or has failed. */
  async start(): Promise<void> {
    const links = [...this.#links.values()];
    const each = (work: (link: GroupLink) => void) => () => links.forEach(work);
    // Before the groups have settled: one may replay for long while the others serve and their requests grow late.
    this.#timers.push(
      setInterval(
        each((link) => link.expireRequests()),
        LATE_LOOK_MS,
      ).unref(),
      setInterval(
        each((link) => link.checkDisk()),
        DISK_LOOK_MS,
      ).unref(),
    );
    await Promise.all(links.map((link) => link.start()));
  }

  /** Works off what was taken, writes snapshots, ends the threads. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
  }
}

/** A group as the cold routes see it. */
class GroupPort implements Group {
  readonly #link: GroupLink;
  readonly #options: GroupsOptions;

  constructor(link: GroupLink, options: GroupsOptions) {
    this.#link = link;
    this.#options = options;
  }

  get name(): string {
    return this.#link.name;
  }

  get index(): number {
    return this.#link.index;
  }

  stats(): GroupStats {
    return this.#link.stats();
  }

  async account(partner: number, currency: number, name: string): Promise<AccountView | undefined> {
    return (await readAccounts(this.#link, partner, currency, [name]))[0];
  }

  lookup(partner: number, currency: number, names: readonly string[]): Promise<(AccountView | undefined)[]> {
    return readAccounts(this.#link, partner, currency, names);
  }

  command(partner: number, id: string): Promise<string | undefined> {
    const names = namesOf(this.#options.registry);
    return readCommand(this.#link, partner, id, (reply) =>
      renderResult(reply.memory, reply.start, reply.sequence, reply.timeMs, names),
    );
  }

  snapshot(): Promise<{ sequence: number }> {
    return this.#link.snapshot();
  }

  async stateHash(): Promise<string> {
    return (await this.#link.inspect()).stateHash;
  }

  async verify(): Promise<VerifyReport> {
    const live = await this.#link.inspect();
    const replayed = await this.#options.verify(this.name, { through: live.sequence, timeMs: live.timeMs });
    const currencies = this.#options.registry.currencies;
    const sums = live.trialBalance.map(([index, sum]) => {
      const { code, scale } = currencies.require(index);
      const { hi, lo } = fromBigInt(BigInt(sum));
      return [code, formatMoney(hi, lo, scale)] as const;
    });
    const isBalanced = live.trialBalance.every(([, sum]) => sum === "0");
    const isSame = replayed.stateHash === live.stateHash;
    const report =
      replayed.report ??
      (isSame
        ? undefined
        : `The journal replays to state ${replayed.stateHash}, but memory holds ${live.stateHash}.`) ??
      (isBalanced ? undefined : "The trial balance is not zero.");
    return {
      ok: replayed.ok && isSame && isBalanced,
      frames: replayed.frames,
      sequence: live.sequence,
      trialBalance: Object.fromEntries(sums),
      stateHash: live.stateHash,
      ...(report === undefined ? {} : { report }),
    };
  }
}

/** Names for rendering: the registry knows every index that a record of this process can hold. */
export function namesOf(registry: Registry) {
  return {
    partner: (index: number): string => registry.partnerByIndex(index)!.id,
    currency: (index: number) => registry.currencies.require(index),
  };
}
