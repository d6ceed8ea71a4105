/** The port that facades send commands through: a bucket in, its durable results out. */
import type { Result } from "../results/index.ts";
import type { Partner } from "./registry/index.ts";

/** A command as `POST /v1/commands` takes it; money as decimal strings. Which fields a type takes is the scanner's to judge. */
export interface CommandInput {
  readonly id: string;
  readonly type: string;
  readonly account?: string;
  readonly to?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly hold?: string;
  readonly command?: string;
  readonly memo?: string;
  /** RFC 3339 in UTC; a repeat must carry the same. */
  readonly issued?: string;
  readonly open?: boolean;
  readonly expiresIn?: number;
  readonly minBalance?: string | null;
  readonly maxBalance?: string | null;
}

export interface SubmitOptions {
  readonly atomic?: boolean;
  /** Milliseconds after which the outcome counts as unknown; 10,000 unless given. */
  readonly waitMs?: number;
}

export interface Commands {
  /**
   * Sends one bucket of a partner (1 to 10,000 commands) to its group; resolves with one result a command, in order, once they are
   * durable. Rejects with an ApiError: INVALID_BODY, OVERLOADED, GROUP_DOWN, GROUP_FULL and DISK_FULL took nothing; after OUTCOME_UNKNOWN send
   * the same ids again. Whether the partner is suspended is the caller's to check, as with `writingPartner`.
   */
  submit(partner: Partner, commands: readonly CommandInput[], options?: SubmitOptions): Promise<readonly Result[]>;
}
