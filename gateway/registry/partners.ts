/** Groups and partners: who they are and what rules their settings obey. */
import { assert, PARTNERS_MAX, parseMoney, toBigInt } from "../../engine/index.ts";
import type { Currency } from "../currencies.ts";
import { ApiError, invalidBody } from "../errors.ts";
import type { RegistryContext } from "./context.ts";
import type { AmountBound, GroupEntry, Partner, PartnerChange, PartnerSigned, PartnerStatus } from "./types.ts";

/** Default currency of a partner that names none. */
export const CURRENCY_DEFAULT = "CNY";

/** What the id of a partner or a service may be. */
export const PARTNER_ID = /^[A-Za-z0-9._:-]{1,64}$/;

interface PartnerRow {
  idx: number;
  id: string;
  grp: number;
  currency: number;
  strict: number;
  min_amount: string | null;
  max_amount: string | null;
  status: PartnerStatus;
  created: number;
  signed: PartnerSigned;
}

export class Partners {
  readonly #context: RegistryContext;
  /** Names that this process serves, in the order configured. */
  readonly #served: readonly string[];
  readonly #groups = new Map<string, GroupEntry>();
  /** By group: the id of its journal. */
  readonly #journals = new Map<string, string>();
  readonly #byId = new Map<string, Partner>();
  /** Position is the index less one, for indexes have no gaps. */
  readonly #byIndex: Partner[] = [];

  constructor(context: RegistryContext, served: readonly string[]) {
    this.#context = context;
    this.#served = served;
  }

  load(): void {
    const byIndex = new Map<number, GroupEntry>();
    for (const { name, idx, journal } of this.#context.rows<{ name: string; idx: number; journal: string | null }>(
      "SELECT name, idx, journal FROM partner_groups",
    )) {
      if (journal !== null) this.#journals.set(name, journal);
      const group = Object.freeze({ name, index: idx });
      this.#groups.set(name, group);
      byIndex.set(idx, group);
    }
    for (const row of this.#context.rows<PartnerRow>("SELECT * FROM partners ORDER BY idx")) {
      const group = byIndex.get(row.grp);
      assert(group !== undefined, `partner ${row.id} stands in group ${row.grp}, which is not there`);
      this.#put(this.#fromRow(row, group));
    }
  }

  group(name: string): GroupEntry | undefined {
    return this.#groups.get(name);
  }

  journalOf(group: string): string | undefined {
    return this.#journals.get(group);
  }

  /** Within a change: the group's journal is this one. */
  writeJournal(group: string, journal: string): () => void {
    this.#context.run("UPDATE partner_groups SET journal = ? WHERE name = ?", journal, group);
    return () => void this.#journals.set(group, journal);
  }

  groups(): readonly GroupEntry[] {
    return [...this.#groups.values()];
  }

  /** Number of partners, and so the index of the newest. */
  get count(): number {
    return this.#byIndex.length;
  }

  byId(id: string): Partner | undefined {
    return this.#byId.get(id);
  }

  byIndex(index: number): Partner | undefined {
    return this.#byIndex[index - 1];
  }

  /** At most `limit` partners after the one with index `after` (0: from the first), in order of index. */
  page({ after, limit }: { after: number; limit: number }): readonly Partner[] {
    return this.#byIndex.slice(after, after + limit);
  }

  /** As `byId`, but throws NOT_FOUND. */
  require(id: string): Partner {
    const partner = this.#byId.get(id);
    if (partner === undefined) throw new ApiError("NOT_FOUND", `There is no partner ${id}.`);
    return partner;
  }

  /** Within a change: gives each name of `names` that is new the next group index. */
  writeGroups(names: readonly string[]): () => void {
    const fresh = names.filter((name) => !this.#groups.has(name));
    const first = this.#groups.size;
    const entries = fresh.map((name, position) => Object.freeze({ name, index: first + position }));
    for (const { name, index } of entries) {
      this.#context.run(
        "INSERT INTO partner_groups (idx, name, created) VALUES (?, ?, ?)",
        index,
        name,
        this.#context.now(),
      );
    }
    return () => {
      for (const entry of entries) this.#groups.set(entry.name, entry);
    };
  }

  /** Within a change: a new partner. Throws CONFLICT if the id is taken, INVALID_BODY for settings that break a rule. */
  writeNew(id: string, change: PartnerChange): () => Partner {
    assert(PARTNER_ID.test(id), `partner id ${id} outside its grammar`);
    if (this.#byId.has(id)) throw new ApiError("CONFLICT", `There is a partner ${id} already.`);
    if (this.#byIndex.length >= PARTNERS_MAX)
      throw new ApiError("CONFLICT", `There are ${PARTNERS_MAX} partners already.`);
    const currency = this.#currency(change.currency ?? CURRENCY_DEFAULT);
    const partner = this.#checked({
      index: this.#byIndex.length + 1,
      id,
      group: this.#groupFor(change.group),
      currency,
      strict: change.strict ?? false,
      minAmount: this.#bound("minAmount", change.minAmount ?? undefined, currency),
      maxAmount: this.#bound("maxAmount", change.maxAmount ?? undefined, currency),
      status: change.status ?? "active",
      signed: change.signed ?? "optional",
      createdMs: this.#context.now(),
    });
    this.#write(partner);
    return () => this.#put(partner);
  }

  /** Within a change: a partner's new settings. Throws CONFLICT for another group, INVALID_BODY as `writeNew`. */
  writeChange(before: Partner, change: PartnerChange): () => Partner {
    if (change.group !== undefined && change.group !== before.group.name) {
      throw new ApiError(
        "CONFLICT",
        `Partner ${before.id} has its accounts in group ${before.group.name}; it cannot move.`,
      );
    }
    const currency = change.currency === undefined ? before.currency : this.#currency(change.currency);
    // Bounds that stay are parsed again: they must be exact in the currency that they are now in.
    const kept = (given: string | null | undefined, had: AmountBound | undefined) =>
      given === undefined ? had?.text : (given ?? undefined);
    const partner = this.#checked({
      ...before,
      currency,
      strict: change.strict ?? before.strict,
      minAmount: this.#bound("minAmount", kept(change.minAmount, before.minAmount), currency),
      maxAmount: this.#bound("maxAmount", kept(change.maxAmount, before.maxAmount), currency),
      status: change.status ?? before.status,
      signed: change.signed ?? before.signed,
    });
    this.#write(partner);
    return () => this.#put(partner);
  }

  #groupFor(name: string | undefined): GroupEntry {
    const wanted = name ?? this.#served[0];
    const group = wanted !== undefined && this.#served.includes(wanted) ? this.#groups.get(wanted) : undefined;
    if (group === undefined) {
      throw invalidBody(
        "/group",
        "UNKNOWN_GROUP",
        `Group ${wanted} is not served here; there are ${this.#served.join(", ")}.`,
      );
    }
    return group;
  }

  #currency(code: string): Currency {
    const currency = this.#context.currencies.byCode(code);
    if (currency === undefined) throw invalidBody("/currency", "UNKNOWN_CURRENCY", `Currency ${code} is not known.`);
    return currency;
  }

  #bound(name: string, text: string | undefined, currency: Currency): AmountBound | undefined {
    if (text === undefined) return undefined;
    const money = parseMoney(text, currency.scale);
    if (money === undefined || toBigInt(money) === 0n) {
      const rule = `must be a decimal above zero with at most ${currency.scale} places, as ${currency.code} has`;
      throw invalidBody(`/${name}`, "INVALID_AMOUNT", `${name} ${rule}.`);
    }
    return Object.freeze({ text, money });
  }

  #checked(partner: Partner): Partner {
    const { minAmount, maxAmount } = partner;
    if (minAmount !== undefined && maxAmount !== undefined && toBigInt(minAmount.money) > toBigInt(maxAmount.money)) {
      throw invalidBody("/minAmount", "INVALID_AMOUNT", "minAmount is above maxAmount.");
    }
    return Object.freeze(partner);
  }

  #write(partner: Partner): void {
    this.#context.run(
      `INSERT INTO partners VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (idx) DO UPDATE SET currency = excluded.currency, strict = excluded.strict,
         min_amount = excluded.min_amount, max_amount = excluded.max_amount, status = excluded.status,
         signed = excluded.signed`,
      partner.index,
      partner.id,
      partner.group.index,
      partner.currency.index,
      partner.strict ? 1 : 0,
      partner.minAmount?.text ?? null,
      partner.maxAmount?.text ?? null,
      partner.status,
      partner.createdMs,
      partner.signed,
    );
  }

  #fromRow(row: PartnerRow, group: GroupEntry): Partner {
    const currency = this.#context.currencies.require(row.currency);
    return this.#checked({
      index: row.idx,
      id: row.id,
      group,
      currency,
      strict: row.strict === 1,
      minAmount: this.#bound("minAmount", row.min_amount ?? undefined, currency),
      maxAmount: this.#bound("maxAmount", row.max_amount ?? undefined, currency),
      status: row.status,
      signed: row.signed,
      createdMs: row.created,
    });
  }

  #put(partner: Partner): Partner {
    assert(
      partner.index >= 1 && partner.index <= this.#byIndex.length + 1,
      `partner index ${partner.index} leaves a gap`,
    );
    this.#byIndex[partner.index - 1] = partner;
    this.#byId.set(partner.id, partner);
    return partner;
  }
}
