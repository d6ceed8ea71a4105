/** Live signing secrets by partner: sealed in the file, open in memory. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { ConfigError } from "../config.ts";
import { ApiError } from "../errors.ts";
import { LIVE_KEYS_MAX } from "../limits.ts";
import type { RegistryContext } from "./context.ts";
import { makeKeyId, makeSecret } from "./keys.ts";
import { seal, unseal } from "./seal.ts";
import type { NewSigningSecret, SigningSecret } from "./types.ts";

interface Row {
  secret_id: string;
  partner: number;
  sealed: string;
  created: number;
}

const placeOf = (partner: number, secretId: string) => `signing secret ${secretId} of partner ${partner}`;
const keyOf = (secret: string) => createSecretKey(Buffer.from(secret));

export class Signing {
  readonly #context: RegistryContext;
  /** The first seals, all open. */
  readonly #masterKeys: readonly KeyObject[];
  /** Index of a partner → its live secrets, oldest first. */
  readonly #byPartner = new Map<number, readonly SigningSecret[]>();

  constructor(context: RegistryContext, masterKeys: readonly KeyObject[]) {
    this.#context = context;
    this.#masterKeys = masterKeys;
  }

  /**
   * Opens every live secret; those that an older master key sealed are sealed anew with the first, so that the older one is not
   * needed again. Throws ConfigError when one does not open: requests signed with it would be refused without a reason.
   */
  load(): void {
    const rows = this.#context.rows<Row>(
      "SELECT secret_id, partner, sealed, created FROM signing_secrets WHERE revoked IS NULL ORDER BY created, rowid",
    );
    const old: { row: Row; secret: string }[] = [];
    for (const row of rows) {
      const { secret, isOld } = this.#open(row);
      if (isOld) old.push({ row, secret });
      this.#put(row.partner, { secretId: row.secret_id, createdMs: row.created, key: keyOf(secret) });
    }
    if (old.length === 0) return;
    this.#context.change(() => {
      for (const { row, secret } of old) {
        const sealed = seal(this.#masterKeys[0]!, secret, placeOf(row.partner, row.secret_id));
        this.#context.run("UPDATE signing_secrets SET sealed = ? WHERE secret_id = ?", sealed, row.secret_id);
      }
      return () => {};
    });
  }

  /** Live secrets of the partner with this index, oldest first. */
  secrets(partner: number): readonly SigningSecret[] {
    return this.#byPartner.get(partner) ?? [];
  }

  /** Within a change: a partner's next secret. Throws CONFLICT when it has two, or when there is no master key. */
  writeSecret(partner: number): () => NewSigningSecret {
    const [masterKey] = this.#masterKeys;
    if (masterKey === undefined) {
      throw new ApiError("CONFLICT", "RINGFENCE_MASTER_KEY is not set, and signing secrets are kept under it only.");
    }
    if (this.secrets(partner).length >= LIVE_KEYS_MAX) {
      throw new ApiError("CONFLICT", "The partner has two live signing secrets; revoke one first.");
    }
    const made = { secretId: makeKeyId(), secret: makeSecret("signing") };
    const createdMs = this.#context.now();
    const sealed = seal(masterKey, made.secret, placeOf(partner, made.secretId));
    this.#context.run(
      "INSERT INTO signing_secrets VALUES (?, ?, ?, ?, NULL)",
      made.secretId,
      partner,
      sealed,
      createdMs,
    );
    return () => {
      this.#put(partner, { secretId: made.secretId, createdMs, key: keyOf(made.secret) });
      return made;
    };
  }

  /** Within a change: revokes a secret, and forgets it in the file. Throws NOT_FOUND if the partner has no such live secret. */
  writeRevocation(partner: number, secretId: string): () => void {
    const rest = this.secrets(partner).filter((one) => one.secretId !== secretId);
    if (rest.length === this.secrets(partner).length) {
      throw new ApiError("NOT_FOUND", `There is no live signing secret ${secretId}.`);
    }
    const sql = "UPDATE signing_secrets SET revoked = ?, sealed = '' WHERE secret_id = ?";
    this.#context.run(sql, this.#context.now(), secretId);
    return () => void this.#byPartner.set(partner, rest);
  }

  #open({ partner, secret_id, sealed }: Row): { secret: string; isOld: boolean } {
    for (const [position, key] of this.#masterKeys.entries()) {
      const secret = unseal(key, sealed, placeOf(partner, secret_id));
      if (secret !== undefined) return { secret, isOld: position > 0 };
    }
    const why = this.#masterKeys.length === 0 ? "is missing" : "does not open them";
    throw new ConfigError(
      `RINGFENCE_MASTER_KEY ${why}: the registry has signing secrets; set the key that they were sealed with.`,
    );
  }

  #put(partner: number, secret: SigningSecret): void {
    this.#byPartner.set(partner, [...this.secrets(partner), Object.freeze(secret)]);
  }
}
