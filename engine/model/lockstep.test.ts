import { describe, expect, it } from "vitest";
import { CODE_NAMES } from "../codes.ts";
import { type Counts, countsTable, lockstep } from "./lockstep.ts";

/** Commands over all histories: some seconds' worth, or as many as the environment says. */
const COMMANDS = Number(process.env.RINGFENCE_MODEL_COMMANDS ?? 200_000);
/** First seed; a failure names the seed to start from. */
const SEED = Number(process.env.RINGFENCE_MODEL_SEED ?? 1);
const COMMANDS_PER_HISTORY = 5000;

describe("machine and model in lock-step", () => {
  it(
    `agree on ${COMMANDS} commands from seed ${SEED} on, and every result code occurs`,
    () => {
      const counts: Counts = new Map();
      let done = 0;
      for (let seed = SEED; done < COMMANDS; seed++) {
        done += lockstep({ seed, commands: Math.min(COMMANDS_PER_HISTORY, COMMANDS) }, counts);
      }
      console.log(`${done} commands\n${countsTable(counts, CODE_NAMES)}`);
      const seen = new Set([...counts.values()].flatMap((codes) => [...codes.keys()]));
      expect(CODE_NAMES.filter((code) => !seen.has(code))).toEqual([]);
      expect(done).toBeGreaterThanOrEqual(COMMANDS);
    },
    Math.max(60_000, COMMANDS),
  );
});
