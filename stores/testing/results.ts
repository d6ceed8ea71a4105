/** Results written by hand, for cases that a generated history does not single out. */
import type { Change, Result } from "../message.ts";

export interface Side {
  readonly account: string;
  readonly delta: string;
  readonly available: string;
  readonly held?: string;
  readonly version: number;
}

/** An applied result of partner `p1` in CNY that changes these accounts. */
export function applied(sequence: number, sides: readonly Side[], more: Partial<Result> = {}): Result {
  const changes = sides.map(
    ({ account, delta, available, held = "0.00", version }): Change => ({
      ...{ account, currency: "CNY", delta, available, held, status: "active", version },
    }),
  );
  const at = new Date(1_760_000_000_000 + sequence).toISOString();
  return { sequence, id: `c-${sequence}`, type: "credit", status: "applied", at, partner: "p1", changes, ...more };
}

export function rejected(sequence: number): Result {
  return { ...applied(sequence, []), status: "rejected" };
}

/** `count` credits of 1.00 to one account, with sequences and versions from `first` on. */
export function credits(first: number, count: number, account = "alice"): Result[] {
  return Array.from({ length: count }, (_, i) => {
    const version = first + i;
    return applied(version, [{ account, delta: "1.00", available: `${version}.00`, version }]);
  });
}
