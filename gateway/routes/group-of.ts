import type { GatewayDeps } from "../app-type.ts";
import type { Currency } from "../currencies.ts";
import { ApiError } from "../errors.ts";
import type { Group } from "../group.ts";
import type { Partner } from "../registry/index.ts";

/** The group that keeps the partner's accounts. Throws GROUP_DOWN if this process has not got it. */
export function groupOf(deps: GatewayDeps, partner: Partner): Group {
  const group = deps.groups.byName(partner.group.name);
  if (group === undefined) throw new ApiError("GROUP_DOWN", `Group ${partner.group.name} is not served here.`);
  return group;
}

/** The currency asked for, or the partner's own. Throws what `refuse` makes of an unknown code. */
export function currencyOf(
  deps: GatewayDeps,
  { partner, code }: { partner: Partner; code: string | undefined },
  refuse: (detail: string) => ApiError,
): Currency {
  if (code === undefined) return partner.currency;
  const currency = deps.registry.currencies.byCode(code);
  if (currency === undefined) throw refuse(`Currency ${code} is not known.`);
  return currency;
}
