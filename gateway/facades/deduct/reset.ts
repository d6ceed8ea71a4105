/** Sets an account to an amount, by the commands that partners have: there is none that overwrites a balance. */
import { formatMoney, fromBigInt, parseMoney, toBigInt } from "../../../engine/index.ts";
import type { Result } from "../../../results/index.ts";
import type { RouteDeps } from "../../app-type.ts";
import type { CommandInput } from "../../commands.ts";
import { ApiError } from "../../errors.ts";
import type { Partner } from "../../registry/index.ts";
import { groupOf } from "../../routes/group-of.ts";
import { callIdOf } from "../command-id.ts";
import { CALL_MS_MAX, readInTime } from "../one-command.ts";

/** How often the difference is worked out anew because what it was worked out from did not hold any more. */
const TRIES_MAX = 10;

/** Whether a fresh reading may give another end: the account was opened or emptied meanwhile. */
const isOvertaken = ({ code }: Result) => code === "ACCOUNT_EXISTS" || code === "INSUFFICIENT_BALANCE";

export interface ResetOptions {
  readonly partner: Partner;
  readonly account: string;
  /** Decimal in major units, zero or above: what shall be available. */
  readonly balance: string;
  /** Of the ids of the commands. */
  readonly prefix: string;
}

/**
 * Reads what is available, then credits or debits the difference; an account that is not there is opened. What others take between
 * the reading and the command comes off the new balance, as if the reset had stood before it. Resolves with the last result, or
 * with the balance where nothing was to be done.
 */
export async function resetAccount(
  deps: RouteDeps,
  options: ResetOptions,
): Promise<Result | { readonly available: string }> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const available = await readAvailable(deps, options);
    const commands = commandsFor(options, available);
    if (commands.length === 0) return { available: inScale(options, available!) };
    const results = await deps.commands.submit(options.partner, commands, { atomic: true, waitMs: CALL_MS_MAX });
    const failed = results.find(({ code }) => code !== "OK" && code !== "ATOMIC_ABORTED");
    if (failed === undefined) return results.at(-1)!;
    if (!isOvertaken(failed)) return failed;
  }
  throw new ApiError("CONFLICT", "Others change this balance too fast; nothing was changed by this reset.");
}

/** Minor units; undefined for an account that is not there. */
async function readAvailable(deps: RouteDeps, { partner, account }: ResetOptions): Promise<bigint | undefined> {
  const view = await readInTime(groupOf(deps, partner).account(partner.index, partner.currency.index, account));
  return view === undefined ? undefined : toBigInt(view.available);
}

function commandsFor(options: ResetOptions, available: bigint | undefined): CommandInput[] {
  const { account, prefix, partner, balance } = options;
  const difference = toBigInt(parseMoney(balance, partner.currency.scale)!) - (available ?? 0n);
  const id = () => callIdOf(prefix, undefined).id;
  const commands: CommandInput[] = available === undefined ? [{ id: id(), type: "open", account }] : [];
  if (difference === 0n) return commands;
  const type = difference > 0n ? "credit" : "debit";
  const amount = inScale(options, difference > 0n ? difference : -difference);
  return [...commands, { id: id(), type, account, amount }];
}

function inScale({ partner }: ResetOptions, minor: bigint): string {
  const { hi, lo } = fromBigInt(minor);
  return formatMoney(hi, lo, partner.currency.scale);
}
