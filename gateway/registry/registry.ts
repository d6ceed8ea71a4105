/** The partner registry: durable in `<data>/registry.db`, answered from memory. */
import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { assert, SCALE_MAX } from "../../engine/index.ts";
import { ConfigError } from "../config.ts";
import { Currencies, type Currency } from "../currencies.ts";
import { ApiError } from "../errors.ts";
import { REGISTERED_CURRENCY_FIRST, REGISTERED_CURRENCY_LAST } from "../limits.ts";
import { RegistryContext } from "./context.ts";
import { type Credentials, checkFolder, writeCredentials } from "./first-start.ts";
import { KeyRing } from "./keyring.ts";
import { Partners } from "./partners.ts";
import { createTables, openRegistryFile } from "./schema.ts";
import { Signing } from "./signing.ts";
import type {
  GroupEntry,
  KeyEntry,
  NewKey,
  NewSigningSecret,
  Partner,
  PartnerChange,
  Principal,
  ServiceVersion,
  SigningSecret,
} from "./types.ts";

export const REGISTRY_FILE = "registry.db";

export interface RegistryOptions {
  /** The data folder; its lock is held by this process. */
  readonly data: string;
  /** Groups served by this process, at least one. */
  readonly groups: readonly string[];
  /** Digests of admin keys from the environment; empty: those of the registry count. */
  readonly adminKeyDigests: readonly string[];
  /** Keys under which signing secrets are kept: the first seals, all open. Without any, partners cannot have such secrets. */
  readonly masterKeys?: readonly KeyObject[];
  /** Where the service will be reached; goes into the credentials of a first start. */
  readonly url: string;
  /** Milliseconds since 1970; the wall clock unless given. */
  readonly now?: () => number;
}

export interface OpenRegistry {
  readonly registry: Registry;
  /** What a first start made; undefined when the registry was there. */
  readonly credentials: Credentials | undefined;
}

export class Registry {
  readonly currencies: Currencies;
  readonly #context: RegistryContext;
  readonly #partners: Partners;
  readonly #keys: KeyRing;
  readonly #signing: Signing;
  readonly #registered: Currency[] = [];

  private constructor(context: RegistryContext, options: RegistryOptions) {
    this.#context = context;
    this.currencies = context.currencies;
    this.#partners = new Partners(context, options.groups);
    this.#keys = new KeyRing(context, options.adminKeyDigests);
    this.#signing = new Signing(context, options.masterKeys ?? []);
  }

  /**
   * Opens the registry of a data folder, and makes it on the first start. Throws ConfigError if the folder has data but no
   * registry, if the file cannot be read, or if a partner's group is not served.
   */
  static open(options: RegistryOptions): OpenRegistry {
    const file = join(options.data, REGISTRY_FILE);
    // Before a file is made, too: what is refused leaves no trace.
    if (!existsSync(file)) checkFolder(options.data, REGISTRY_FILE);
    const { database, fresh } = openRegistryFile(file);
    try {
      if (fresh) checkFolder(options.data, REGISTRY_FILE);
      const context = new RegistryContext(database, new Currencies(), options.now ?? Date.now);
      const registry = new Registry(context, options);
      const credentials = fresh ? registry.#firstStart(options) : registry.#load(options);
      return { registry, credentials };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Goes up with every change. */
  get version(): number {
    return this.#context.version;
  }

  groups(): readonly GroupEntry[] {
    return this.#partners.groups();
  }

  group(name: string): GroupEntry | undefined {
    return this.#partners.group(name);
  }

  /** Id of the group's journal, 32 hexadecimal digits; undefined as long as it has none. */
  journalOf(group: string): string | undefined {
    return this.#partners.journalOf(group);
  }

  /** Notes that this is the group's journal: with another one, or none, the group is refused from now on. */
  noteJournal(group: string, journal: string): void {
    if (this.journalOf(group) === journal) return;
    this.#context.change(() => this.#partners.writeJournal(group, journal));
  }

  partner(id: string): Partner | undefined {
    return this.#partners.byId(id);
  }

  partnerByIndex(index: number): Partner | undefined {
    return this.#partners.byIndex(index);
  }

  /** At most `limit` partners after the one with index `after` (0: from the first). */
  partners(page: { after: number; limit: number }): readonly Partner[] {
    return this.#partners.page(page);
  }

  /** Whom a key stands for, by the key's digest (see `digestOf`); undefined if it is unknown or revoked. */
  principalOf(digest: string): Principal | undefined {
    const owner = this.#keys.owner(digest);
    if (owner === undefined || owner.kind === "admin") return owner;
    if (owner.kind === "service") {
      const { kind, id, version } = owner;
      return { kind, id, version, current: this.#keys.currentVersion(id) };
    }
    const partner = this.#partners.byIndex(owner.partner);
    assert(partner !== undefined, `key ${owner.keyId} of partner ${owner.partner}, which is not there`);
    return { kind: "partner", partner, keyId: owner.keyId };
  }

  /** A new partner with its first key. Throws CONFLICT or INVALID_BODY; see `Partners.writeNew`. */
  addPartner(id: string, change: PartnerChange): { partner: Partner; key: NewKey } {
    return this.#context.change(() => {
      const applyPartner = this.#partners.writeNew(id, change);
      const applyKey = this.#keys.writePartnerKey(this.#partners.count + 1);
      return () => ({ partner: applyPartner(), key: applyKey() });
    });
  }

  changePartner(id: string, change: PartnerChange): Partner {
    const before = this.#partners.require(id);
    if (change.signed === "required" && this.#signing.secrets(before.index).length === 0) {
      throw new ApiError("CONFLICT", `Partner ${id} has no signing secret yet; make one first.`);
    }
    return this.#context.change(() => this.#partners.writeChange(before, change));
  }

  /** Live signing secrets, oldest first. */
  signingSecrets({ index }: Partner): readonly SigningSecret[] {
    return this.#signing.secrets(index);
  }

  addSigningSecret(id: string): NewSigningSecret {
    const { index } = this.#partners.require(id);
    return this.#context.change(() => this.#signing.writeSecret(index));
  }

  /** Throws CONFLICT for the last one while requests must be signed: the partner could send nothing. */
  revokeSigningSecret(id: string, secretId: string): void {
    const { index, signed } = this.#partners.require(id);
    if (signed === "required" && this.#signing.secrets(index).length === 1) {
      throw new ApiError(
        "CONFLICT",
        "This is the only signing secret, and requests must be signed; make the next one first.",
      );
    }
    this.#context.change(() => this.#signing.writeRevocation(index, secretId));
  }

  partnerKeys(id: string): readonly KeyEntry[] {
    return this.#keys.partnerKeys(this.#partners.require(id).index);
  }

  addPartnerKey(id: string): NewKey {
    const { index } = this.#partners.require(id);
    return this.#context.change(() => this.#keys.writePartnerKey(index));
  }

  revokePartnerKey(id: string, keyId: string): void {
    const { index } = this.#partners.require(id);
    this.#context.change(() => this.#keys.writePartnerRevocation(index, keyId));
  }

  adminKeys(): readonly KeyEntry[] {
    return this.#keys.adminKeys();
  }

  addAdminKey(): NewKey {
    return this.#context.change(() => this.#keys.writeAdminKey());
  }

  revokeAdminKey(keyId: string): void {
    this.#context.change(() => this.#keys.writeAdminRevocation(keyId));
  }

  services(): readonly ServiceVersion[] {
    return this.#keys.services();
  }

  addService(id: string): { id: string; version: number; secret: string } {
    return { id, ...this.#context.change(() => this.#keys.writeService(id)) };
  }

  revokeService(id: string, version: number): void {
    this.#context.change(() => this.#keys.writeServiceRevocation(id, version));
  }

  registeredCurrencies(): readonly Currency[] {
    return this.#registered;
  }

  /** Registers a currency for good: its scale never changes. Throws CONFLICT if the code is known. */
  addCurrency({ code, scale }: { code: string; scale: number }): Currency {
    assert(scale >= 0 && scale <= SCALE_MAX, `scale ${scale} outside 0..${SCALE_MAX}`);
    if (this.currencies.byCode(code) !== undefined)
      throw new ApiError("CONFLICT", `Currency ${code} is known already.`);
    const currency = Object.freeze({ code, scale, index: REGISTERED_CURRENCY_FIRST + this.#registered.length });
    if (currency.index > REGISTERED_CURRENCY_LAST) throw new ApiError("CONFLICT", "No room for further currencies.");
    return this.#context.change(() => {
      this.#context.run("INSERT INTO currencies VALUES (?, ?, ?, ?)", currency.index, code, scale, this.#context.now());
      return () => this.#putCurrency(currency);
    });
  }

  close(): void {
    this.#context.database.close();
  }

  #putCurrency(currency: Currency): Currency {
    this.currencies.add(currency);
    this.#registered.push(currency);
    return currency;
  }

  #firstStart(options: RegistryOptions): Credentials {
    return this.#context.change(() => {
      createTables(this.#context.database);
      this.#partners.writeGroups(options.groups)();
      const partner = this.#partners.writeNew("demo", {})();
      const key = this.#keys.writePartnerKey(partner.index)();
      const admin = options.adminKeyDigests.length === 0 ? this.#keys.writeAdminKey()() : undefined;
      const credentials: Credentials = {
        url: options.url,
        partner: { id: partner.id, key: key.key },
        ...(admin === undefined ? {} : { admin: { key: admin.key } }),
      };
      // Before the commit: a crash between the two leaves a registry that counts as none, and the next start makes both
      // anew; the other way round it would leave a registry whose keys nobody knows.
      writeCredentials(options.data, credentials);
      return () => credentials;
    });
  }

  #load(options: RegistryOptions): undefined {
    for (const row of this.#context.rows<{ code: string; idx: number; scale: number }>(
      "SELECT code, idx, scale FROM currencies ORDER BY idx",
    )) {
      this.#putCurrency(Object.freeze({ code: row.code, index: row.idx, scale: row.scale }));
    }
    this.#partners.load();
    this.#keys.load();
    this.#signing.load();
    this.#context.change(() => this.#partners.writeGroups(options.groups));
    this.#checkServed(options.groups);
  }

  #checkServed(served: readonly string[]): void {
    for (const partner of this.#partners.page({ after: 0, limit: this.#partners.count })) {
      if (served.includes(partner.group.name)) continue;
      throw new ConfigError(
        `Partner ${partner.id} has its accounts in group ${partner.group.name}, which RINGFENCE_GROUPS=${served.join(",")} does not name; add it there.`,
      );
    }
  }
}
