/** Live keys by digest: of partners, admins and services. Revoked ones stay in the file only. */
import { assert } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";
import { LIVE_KEYS_MAX } from "../limits.ts";
import type { RegistryContext } from "./context.ts";
import { digestOf, makeKeyId, makeSecret } from "./keys.ts";
import type { KeyEntry, NewKey, ServiceVersion } from "./types.ts";

/** What a live digest stands for; the partner is named by its index, for its settings change. */
export type KeyOwner =
  | { readonly kind: "partner"; readonly partner: number; readonly keyId: string; readonly createdMs: number }
  | { readonly kind: "admin"; readonly keyId: string; readonly createdMs: number }
  | { readonly kind: "service"; readonly id: string; readonly version: number; readonly createdMs: number };

/** Key id of admin keys whose digests come from the environment. */
const CONFIGURED_KEY_ID = "configured";

type Live = { readonly digest: string; readonly owner: KeyOwner };

export class KeyRing {
  readonly #context: RegistryContext;
  readonly #live = new Map<string, KeyOwner>();
  /** Digests in the order made, by whose they are: `partner:<index>`, `admin`, `service:<id>`. */
  readonly #byHolder = new Map<string, Live[]>();
  /** Highest version ever given to a service, revoked ones too. */
  readonly #lastVersion = new Map<string, number>();
  readonly #configured: boolean;

  /** When `configured` has digests, they alone admit an admin, so that a forgotten credentials file opens nothing. */
  constructor(context: RegistryContext, configured: readonly string[]) {
    this.#context = context;
    this.#configured = configured.length > 0;
    for (const digest of configured) {
      this.#put({ digest, owner: { kind: "admin", keyId: CONFIGURED_KEY_ID, createdMs: 0 } });
    }
  }

  load(): void {
    type Row = { digest: string; created: number };
    const live = "WHERE revoked IS NULL ORDER BY created, rowid";
    for (const row of this.#context.rows<Row & { key_id: string; partner: number }>(
      `SELECT * FROM partner_keys ${live}`,
    )) {
      const owner = { kind: "partner", partner: row.partner, keyId: row.key_id, createdMs: row.created } as const;
      this.#put({ digest: row.digest, owner });
    }
    for (const row of this.#context.rows<Row & { id: string; version: number }>(
      // By version: which is the newest must not depend on a clock.
      "SELECT * FROM services WHERE revoked IS NULL ORDER BY version",
    )) {
      const owner = { kind: "service", id: row.id, version: row.version, createdMs: row.created } as const;
      this.#put({ digest: row.digest, owner });
    }
    for (const row of this.#context.rows<{ id: string; last: number }>(
      "SELECT id, max(version) AS last FROM services GROUP BY id",
    )) {
      this.#lastVersion.set(row.id, row.last);
    }
    if (this.#configured) return;
    for (const row of this.#context.rows<Row & { key_id: string }>(`SELECT * FROM admin_keys ${live}`)) {
      this.#put({ digest: row.digest, owner: { kind: "admin", keyId: row.key_id, createdMs: row.created } });
    }
  }

  owner(digest: string): KeyOwner | undefined {
    return this.#live.get(digest);
  }

  partnerKeys(partner: number): readonly KeyEntry[] {
    return this.#entries(`partner:${partner}`);
  }

  adminKeys(): readonly KeyEntry[] {
    return this.#entries("admin");
  }

  services(): readonly ServiceVersion[] {
    const owners = [...this.#live.values()].filter((owner) => owner.kind === "service");
    return owners.map(({ id, version, createdMs }) => ({ id, version, createdMs }));
  }

  /** Newest live version of a service; 0 if none is live. */
  currentVersion(id: string): number {
    const newest = this.#holder(`service:${id}`).at(-1)?.owner;
    return newest?.kind === "service" ? newest.version : 0;
  }

  /** Within a change: a further key of a partner. Throws CONFLICT when it has two live ones. */
  writePartnerKey(partner: number): () => NewKey {
    this.#checkRoom(`partner:${partner}`, "The partner has two live keys; revoke one first.");
    const made = { keyId: makeKeyId(), key: makeSecret("partner") };
    const digest = digestOf(made.key);
    const createdMs = this.#context.now();
    this.#context.run("INSERT INTO partner_keys VALUES (?, ?, ?, ?, NULL)", made.keyId, partner, digest, createdMs);
    return () => {
      this.#put({ digest, owner: { kind: "partner", partner, keyId: made.keyId, createdMs } });
      return made;
    };
  }

  /** Within a change: revokes a partner's key. Throws NOT_FOUND if the partner has no such live key. */
  writePartnerRevocation(partner: number, keyId: string): () => void {
    const live = this.#find(`partner:${partner}`, keyId);
    this.#context.run("UPDATE partner_keys SET revoked = ? WHERE key_id = ?", this.#context.now(), keyId);
    return () => this.#drop(live);
  }

  /** Within a change: a further admin key. Throws CONFLICT when there are two, or when keys come from the environment. */
  writeAdminKey(): () => NewKey {
    this.#checkNotConfigured();
    this.#checkRoom("admin", "There are two live admin keys; revoke one first.");
    const made = { keyId: makeKeyId(), key: makeSecret("admin") };
    const digest = digestOf(made.key);
    const createdMs = this.#context.now();
    this.#context.run("INSERT INTO admin_keys VALUES (?, ?, ?, NULL)", made.keyId, digest, createdMs);
    return () => {
      this.#put({ digest, owner: { kind: "admin", keyId: made.keyId, createdMs } });
      return made;
    };
  }

  /** Within a change: revokes an admin key. Throws CONFLICT for the last one, for nobody could make the next. */
  writeAdminRevocation(keyId: string): () => void {
    this.#checkNotConfigured();
    const live = this.#find("admin", keyId);
    if (this.#holder("admin").length === 1) {
      throw new ApiError("CONFLICT", "This is the only admin key; make the next one first.");
    }
    this.#context.run("UPDATE admin_keys SET revoked = ? WHERE key_id = ?", this.#context.now(), keyId);
    return () => this.#drop(live);
  }

  /** Within a change: a service's next version. Throws CONFLICT when two are live. */
  writeService(id: string): () => { version: number; secret: string } {
    this.#checkRoom(`service:${id}`, `Service ${id} has two live versions; revoke one first.`);
    const version = (this.#lastVersion.get(id) ?? 0) + 1;
    const secret = makeSecret("service");
    const digest = digestOf(secret);
    const createdMs = this.#context.now();
    this.#context.run("INSERT INTO services VALUES (?, ?, ?, ?, NULL)", id, version, digest, createdMs);
    return () => {
      this.#put({ digest, owner: { kind: "service", id, version, createdMs } });
      this.#lastVersion.set(id, version);
      return { version, secret };
    };
  }

  /** Within a change: revokes a version of a service. Throws NOT_FOUND if it is not live. */
  writeServiceRevocation(id: string, version: number): () => void {
    const live = this.#holder(`service:${id}`).find(
      ({ owner }) => owner.kind === "service" && owner.version === version,
    );
    if (live === undefined) throw new ApiError("NOT_FOUND", `Service ${id} has no live version ${version}.`);
    const sql = "UPDATE services SET revoked = ? WHERE id = ? AND version = ?";
    this.#context.run(sql, this.#context.now(), id, version);
    return () => this.#drop(live);
  }

  #checkNotConfigured(): void {
    if (!this.#configured) return;
    throw new ApiError("CONFLICT", "Admin keys come from RINGFENCE_ADMIN_KEY_SHA256 here; change them there.");
  }

  #checkRoom(holder: string, detail: string): void {
    if (this.#holder(holder).length >= LIVE_KEYS_MAX) throw new ApiError("CONFLICT", detail);
  }

  #find(holder: string, keyId: string): Live {
    const live = this.#holder(holder).find(({ owner }) => owner.kind !== "service" && owner.keyId === keyId);
    if (live === undefined) throw new ApiError("NOT_FOUND", `There is no live key ${keyId}.`);
    return live;
  }

  #entries(holder: string): readonly KeyEntry[] {
    const entries: KeyEntry[] = [];
    for (const { owner } of this.#holder(holder)) {
      if (owner.kind !== "service") entries.push({ keyId: owner.keyId, createdMs: owner.createdMs });
    }
    return entries;
  }

  #holder(holder: string): readonly Live[] {
    return this.#byHolder.get(holder) ?? [];
  }

  #put(live: Live): void {
    assert(!this.#live.has(live.digest), "two keys with one digest");
    const holder = holderOf(live.owner);
    this.#live.set(live.digest, live.owner);
    this.#byHolder.set(holder, [...this.#holder(holder), live]);
  }

  #drop(live: Live): void {
    const holder = holderOf(live.owner);
    this.#live.delete(live.digest);
    this.#byHolder.set(
      holder,
      this.#holder(holder).filter((other) => other !== live),
    );
  }
}

function holderOf(owner: KeyOwner): string {
  if (owner.kind === "admin") return "admin";
  return owner.kind === "partner" ? `partner:${owner.partner}` : `service:${owner.id}`;
}
