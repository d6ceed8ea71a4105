import { eachAccount, formatMoney, type Machine, type Money, type NamedAccount } from "../../engine/index.ts";
import {
  InsideBucketError,
  type NameTable,
  namesOf,
  type PointInTime,
  replay,
  trialBalanceOf,
} from "../../results/index.ts";
import { ApiError } from "../errors.ts";
import { parsePointInTime } from "../point-in-time.ts";
import { damageLines, verifyReadable } from "./readable.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

export interface ReplayCommand {
  readonly group: string;
  readonly directory: string;
  /** A sequence or a time, as text; undefined: the end. */
  readonly at: string | undefined;
  /** `partner/account/currency`; undefined: all. */
  readonly account: string | undefined;
}

/** Rebuilds the state and prints it. */
export async function replayAndPrint(command: ReplayCommand, terminal: Terminal): Promise<number> {
  const { group, directory } = command;
  const at = command.at === undefined ? undefined : pointOf(command.at);
  const wanted = command.account === undefined ? undefined : keyOf(command.account);
  const fail = (...lines: string[]) => {
    for (const line of lines) terminal.err(`${group}: ${line}`);
    return EXIT.damaged;
  };
  const { result, through } = await verifyReadable(directory, { group, snapshots: false });
  if (!result.ok) return fail(...damageLines(result));
  if (at !== undefined && "sequence" in at && at.sequence > through) {
    throw new UsageError(`--at ${at.sequence} lies beyond the journal's end, sequence ${through}.`);
  }
  const { machine, fault, trimmed } = replayed({ directory, through, ...(at === undefined ? {} : { at }) });
  if (trimmed !== undefined) return fail(`The files reach back to the state after sequence ${trimmed} only.`);
  if (fault !== undefined) return fail(fault);
  const names = namesOf(machine);
  const accounts = [...eachAccount(machine.state)].map((account) => ({ account, path: pathOf(account, names) }));
  const shown = wanted === undefined ? accounts : accounts.filter(({ path }) => path === wanted);
  if (wanted !== undefined && shown.length === 0) return fail(`${wanted} was not open then.`);
  await terminal.out(`after sequence ${machine.sequence}, ${timeText(machine)}`);
  for (const { account, path } of shown.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    await terminal.out(accountLine(path, account, names.currency(account.currency).scale));
  }
  const sums = Object.entries(trialBalanceOf(machine)).map(([code, sum]) => `${code} ${sum}`);
  await terminal.out(`trial balance ${sums.length === 0 ? "empty" : sums.join(", ")}`);
  await terminal.out(`state hash ${machine.stateHash()}`);
  return EXIT.done;
}

function pointOf(text: string): PointInTime {
  try {
    return parsePointInTime(text);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new UsageError("--at must be a sequence or an RFC 3339 time in UTC, as 2026-11-20T08:00:00Z.");
  }
}

function keyOf(text: string): string {
  if (/^[^/]+\/[^/]+\/[^/]+$/.test(text)) return text;
  throw new UsageError(`--account must be <partner>/<account>/<currency>, not ${JSON.stringify(text)}.`);
}

function replayed(options: Parameters<typeof replay>[0]): ReturnType<typeof replay> {
  try {
    return replay(options);
  } catch (error) {
    if (error instanceof InsideBucketError) throw new UsageError(error.message);
    throw error;
  }
}

function pathOf({ partner, currency, name }: NamedAccount, names: NameTable): string {
  return `${names.partner(partner)}/${name}/${names.currency(currency).code}`;
}

function timeText({ state }: Machine): string {
  return state.timeMs === 0 ? "before the first frame" : `at ${new Date(state.timeMs).toISOString()}`;
}

function accountLine(
  path: string,
  { available, held, status, version, min, max }: NamedAccount,
  scale: number,
): string {
  const money = (amount: Money) => formatMoney(amount.hi, amount.lo, scale);
  const limits = path.includes("/@world/") ? "" : ` min ${money(min)}${max === undefined ? "" : ` max ${money(max)}`}`;
  return `${path} available ${money(available)} held ${money(held)} ${status} version ${version}${limits}`;
}
