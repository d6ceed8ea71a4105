import { describe, expect, it } from "vitest";
import { CODE_NAMES, type ResultCode } from "../codes.ts";
import type { CommandType } from "../record.ts";
import { ATOMIC_OUTCOMES, type Counts, countsTable, lockstep } from "./lockstep.ts";

/** Commands over all histories: some seconds' worth, or as many as the environment says. */
const COMMANDS = Number(process.env.RINGFENCE_MODEL_COMMANDS ?? 200_000);
/** First seed; a failure names the seed to start from. */
const SEED = Number(process.env.RINGFENCE_MODEL_SEED ?? 1);
/** Most histories are short, for early states are the richest; some are long and wide enough to fill tables. */
function optionsOf(seed: number) {
  const isWide = seed % 16 === 0;
  return { seed, isWide, commands: Math.min(isWide ? 40_000 : 4000, COMMANDS) };
}
/** With so many, the rarest pair of command and code still comes up a few times; with fewer it may not. */
const COMMANDS_FOR_ALL_CODES = 200_000;

const ALWAYS = ["OK", "ID_REUSED", "TOO_OLD", "ATOMIC_ABORTED", "(repeat)"] as const;
const USABLE = ["ACCOUNT_NOT_FOUND", "ACCOUNT_CLOSED", "ACCOUNT_FROZEN", "AMOUNT_OUT_OF_RANGE"] as const;
const HOLD = ["HOLD_NOT_FOUND", "CURRENCY_MISMATCH", "HOLD_CLOSED", "HOLD_EXPIRED"] as const;
const UNDONE = ["COMMAND_NOT_FOUND", "NOT_REVERSIBLE", "ALREADY_REVERSED", "CURRENCY_MISMATCH"] as const;

/** What each command can come to, and nothing else. */
const POSSIBLE: Readonly<Record<CommandType, readonly (ResultCode | "(repeat)")[]>> = {
  open: [...ALWAYS, "ACCOUNT_EXISTS"],
  credit: [...ALWAYS, ...USABLE, "BALANCE_LIMIT"],
  debit: [...ALWAYS, ...USABLE, "INSUFFICIENT_BALANCE"],
  transfer: [...ALWAYS, ...USABLE, "SAME_ACCOUNT", "INSUFFICIENT_BALANCE", "BALANCE_LIMIT"],
  hold: [...ALWAYS, ...USABLE, "INSUFFICIENT_BALANCE"],
  capture: [...ALWAYS, ...HOLD, ...USABLE, "SAME_ACCOUNT", "HOLD_EXCEEDED", "BALANCE_LIMIT"],
  release: [...ALWAYS, ...HOLD],
  // An account never goes away, so those of a command undone are always found.
  reverse: [...ALWAYS, ...UNDONE, ...USABLE.slice(1), "INSUFFICIENT_BALANCE", "BALANCE_LIMIT"],
  freeze: [...ALWAYS, "ACCOUNT_NOT_FOUND", "ACCOUNT_CLOSED"],
  unfreeze: [...ALWAYS, "ACCOUNT_NOT_FOUND", "ACCOUNT_CLOSED"],
  close: [...ALWAYS, "ACCOUNT_NOT_FOUND", "ACCOUNT_CLOSED", "ACCOUNT_NOT_EMPTY"],
  limits: [...ALWAYS, "ACCOUNT_NOT_FOUND", "ACCOUNT_CLOSED", "BALANCE_LIMIT"],
  expire: ["OK"],
};

const pairsOf = (codes: Iterable<[string, Iterable<string>]>) =>
  [...codes].flatMap(([type, names]) => [...names].map((name) => `${type} ${name}`)).sort();

describe("machine and model in lock-step", () => {
  const counts: Counts = new Map();

  it(
    `agree on ${COMMANDS} commands from seed ${SEED} on, and after a replay`,
    () => {
      let done = 0;
      for (let seed = SEED; done < COMMANDS; seed++) {
        done += lockstep(optionsOf(seed), counts);
      }
      console.log(`${done} commands\n${countsTable(counts, CODE_NAMES)}`);
      expect(done).toBeGreaterThanOrEqual(COMMANDS);
    },
    Math.max(60_000, COMMANDS),
  );

  it("meet every result that a command can have, and no other", () => {
    const { "(atomic)": _, ...types } = Object.fromEntries(counts);
    const seen = pairsOf(Object.entries(types).map(([type, codes]) => [type, codes.keys()]));
    const possible = pairsOf(Object.entries(POSSIBLE));
    if (COMMANDS >= COMMANDS_FOR_ALL_CODES) expect(seen).toEqual(possible);
    else expect(possible).toEqual(expect.arrayContaining(seen));
  });

  it("meet atomic buckets that end in every way", () => {
    expect([...counts.get("(atomic)")!.keys()].sort()).toEqual([...ATOMIC_OUTCOMES].sort());
  });
});
