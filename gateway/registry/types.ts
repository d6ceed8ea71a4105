/** What the registry knows, as others see it: frozen objects, replaced and never changed. */
import type { Money } from "../../engine/index.ts";
import type { Currency } from "../currencies.ts";

/** A partner group as registered; `index` is given once, from 0, and is the partition of its results. */
export interface GroupEntry {
  readonly name: string;
  readonly index: number;
}

export type PartnerStatus = "active" | "suspended";

/** A bound for the amounts of a partner's commands in its default currency: as written, and as money in its scale. */
export interface AmountBound {
  readonly text: string;
  readonly money: Money;
}

export interface Partner {
  /** Given once, from 1; what records carry. */
  readonly index: number;
  /** 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`. */
  readonly id: string;
  readonly group: GroupEntry;
  /** Taken by commands that name none. */
  readonly currency: Currency;
  /** Accounts open only by `open`. */
  readonly strict: boolean;
  /** Least and largest amount of a command in the default currency; others are not bounded. */
  readonly minAmount: AmountBound | undefined;
  readonly maxAmount: AmountBound | undefined;
  readonly status: PartnerStatus;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** Settings of a partner as an admin gives them; undefined keeps or defaults, null takes a bound away. */
export interface PartnerChange {
  readonly group?: string;
  readonly currency?: string;
  readonly strict?: boolean;
  readonly minAmount?: string | null;
  readonly maxAmount?: string | null;
  readonly status?: PartnerStatus;
}

/** A live key as it may be shown: never the key, never its digest. */
export interface KeyEntry {
  readonly keyId: string;
  readonly createdMs: number;
}

/** A key just made: the only moment at which it is known. */
export interface NewKey {
  readonly keyId: string;
  readonly key: string;
}

export interface ServiceVersion {
  readonly id: string;
  /** From 1, never used again. */
  readonly version: number;
  readonly createdMs: number;
}

/** An internal service, by the version of its secret that was sent. */
export interface ServicePrincipal {
  readonly kind: "service";
  readonly id: string;
  readonly version: number;
  /** Newest live version; above `version` when a newer secret is to be taken. */
  readonly current: number;
}

/** Whom a key stands for. */
export type Principal =
  | { readonly kind: "partner"; readonly partner: Partner; readonly keyId: string }
  | { readonly kind: "admin"; readonly keyId: string }
  | ServicePrincipal;
