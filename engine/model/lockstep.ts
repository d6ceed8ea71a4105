/**
 * Machine and model side by side over one generated history: every result compared field by field, the books at the end,
 * the invariants on the way, and the frames replayed through a second machine.
 */
import { Machine } from "../machine.ts";
import { type Bucket, Generator, type HistoryFrame } from "./generate.ts";
import { Model } from "./model.ts";
import { minor } from "./numbers.ts";
import { type ModelResult, resultText } from "./result.ts";
import { CURRENCIES, PARTNERS } from "./scenarios.ts";
import { MachineSubject, type RecordedFrame } from "./subject.ts";

/** How often each code came out for each type: `counts[type][code]`. */
export type Counts = Map<string, Map<string, number>>;

export interface HistoryOptions {
  readonly seed: number;
  readonly commands: number;
  /** Thousands of accounts and a long memory, so that tables and the log of remembered commands grow and shrink. */
  readonly isWide: boolean;
}

/** A difference between machine and model, with what is needed to see it again. */
export class Difference extends Error {
  override name = "Difference";
}

function count(counts: Counts, type: string, code: string): void {
  const codes = counts.get(type) ?? new Map<string, number>();
  codes.set(code, (codes.get(code) ?? 0) + 1);
  counts.set(type, codes);
}

/** How an atomic bucket can end. */
export const ATOMIC_OUTCOMES = [
  "applied",
  "failed first",
  "failed between",
  "failed last",
  "repeated",
  "mixed",
  "id twice",
] as const;

function atomicOutcome(results: readonly ModelResult[]): (typeof ATOMIC_OUTCOMES)[number] {
  const failed = results.findIndex(({ code }) => code !== "OK" && code !== "ATOMIC_ABORTED");
  if (results.every(({ of }) => of !== undefined)) return "repeated";
  if (failed === -1) return "applied";
  const { code, command } = results[failed]!;
  if (code === "ID_REUSED") {
    return results.findIndex((result) => result.command.id === command.id) < failed ? "id twice" : "mixed";
  }
  return failed === 0 ? "failed first" : failed === results.length - 1 ? "failed last" : "failed between";
}

/** Where results agree, they are counted by type and code. */
function compare(machine: readonly ModelResult[], model: readonly ModelResult[], counts: Counts): void {
  for (const [index, expected] of model.entries()) {
    const result = machine[index];
    const texts = [result === undefined ? "nothing" : resultText(result), resultText(expected)] as const;
    if (texts[0] !== texts[1]) throw new Difference(`machine: ${texts[0]}\n  model: ${texts[1]}`);
    count(counts, expected.command.type, expected.of === undefined ? expected.code : "(repeat)");
  }
  if (machine.length !== model.length)
    throw new Difference(`machine gave ${machine.length} results, not ${model.length}`);
}

/** A machine and a model that are always in the same place. */
export class Pair {
  readonly model: Model;
  readonly machine: Machine;
  readonly #subject: MachineSubject;
  readonly #frames: RecordedFrame[] = [];
  readonly #options: { readonly horizonCommands: number; readonly seed: number };
  readonly #counts: Counts;

  constructor(horizonCommands: number, seed: number, counts: Counts) {
    this.#options = { horizonCommands, seed };
    this.#counts = counts;
    this.model = new Model(horizonCommands);
    this.machine = new Machine(this.#options);
    this.#subject = new MachineSubject(this.machine, (frame) => this.#frames.push(frame));
  }

  /** Starts a frame on both; the first one also tells the machine about partners and currencies. */
  frame(timeMs: number): void {
    const isFirst = this.machine.sequence === 0 && this.#frames.length === 0;
    compare(this.#subject.frame(timeMs), this.model.frame(timeMs), this.#counts);
    if (!isFirst) return;
    for (const partner of PARTNERS) this.#subject.control({ type: "definePartner", partner, id: `p${partner}` });
    for (const currency of CURRENCIES) this.#subject.control({ type: "defineCurrency", ...currency });
  }

  item(item: Bucket | number): void {
    if (typeof item === "number") {
      this.model.setHorizon(item);
      this.#subject.setHorizon(item);
      return;
    }
    const { commands, atomic } = item;
    const results = this.model.bucket(commands, atomic);
    compare(this.#subject.bucket(commands, atomic), results, this.#counts);
    if (atomic) count(this.#counts, "(atomic)", atomicOutcome(results));
  }

  /** Throws unless both books are the same and hold every invariant. */
  checkBooks(): void {
    this.model.invariants();
    this.machine.checkInvariants();
    for (const [currency, sum] of this.machine.trialBalance()) {
      if (sum !== 0n) throw new Difference(`currency ${currency} sums to ${sum}`);
    }
    for (const { partner, currency, name, available, held, min, max, status, version } of this.model.balances()) {
      const row = this.machine.account(partner, currency, name);
      const limits = row === undefined ? "" : `${minor(row.min)}..${row.max === undefined ? null : minor(row.max)}`;
      const actual = row && `${minor(row.available)}/${minor(row.held)} ${limits} ${row.status} v${row.version}`;
      const expected = `${available}/${held} ${min}..${max} ${status} v${version}`;
      if (actual !== expected) throw new Difference(`${partner}/${currency}/${name}: ${actual}, not ${expected}`);
    }
  }

  /** Feeds the recorded frames to a fresh machine, whose index hashes differ and which takes no usual path; it checks each byte. */
  checkReplay(): void {
    this.#subject.endFrame();
    const replayed = new Machine({ ...this.#options, seed: this.#options.seed + 1, takesUsualPath: false });
    for (const { body, firstSequence, timeMs, records } of this.#frames) {
      replayed.replayFrame(body, firstSequence, timeMs, records);
    }
    if (replayed.stateHash() !== this.machine.stateHash())
      throw new Difference("a replay ends with another state hash");
  }
}

/** Does a history that was recorded before. For looking at a difference, and for shrinking it. */
export function runHistory(history: readonly HistoryFrame[], horizonCommands: number, seed: number): void {
  const pair = new Pair(horizonCommands, seed, new Map());
  for (const frame of history) {
    pair.frame(frame.timeMs);
    for (const item of frame.items) pair.item(item);
    pair.checkBooks();
  }
  pair.checkReplay();
}

/**
 * Generates and runs the history of a seed, of about so many commands. Throws a Difference that names the seed and shows the
 * shortest history found that still differs. Adds to `counts`; returns the number of commands.
 */
export function lockstep({ seed, commands, isWide }: HistoryOptions, counts: Counts): number {
  const horizonCommands = isWide ? 20_000 : [50, 500, 5000][seed % 3]!;
  const pair = new Pair(horizonCommands, seed, counts);
  const generator = new Generator(seed, pair.model, isWide);
  const history: HistoryFrame[] = [];
  try {
    while (pair.model.sequence < commands) {
      const timeMs = generator.nextTime();
      const items: (Bucket | number)[] = [];
      history.push({ timeMs, items });
      pair.frame(timeMs);
      for (let left = generator.itemsInFrame(); left > 0; left--) {
        const item = generator.nextItem();
        items.push(item);
        pair.item(item);
      }
      if (history.length % (isWide ? 512 : 16) === 0) pair.checkBooks();
    }
    pair.checkBooks();
    pair.checkReplay();
  } catch (error) {
    throw new Difference(`seed ${seed}: ${String(error)}\n${shortest(history, horizonCommands, seed)}`, {
      cause: error,
    });
  }
  return pair.model.sequence;
}

function differs(history: readonly HistoryFrame[], horizonCommands: number, seed: number): string | undefined {
  try {
    runHistory(history, horizonCommands, seed);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Commands tried in shrinking, so that a difference is reported in seconds. */
const SHRINK_COMMANDS = 300_000;

/** Leaves out ever smaller parts of the history as long as it still differs, and prints what remains. */
function shortest(history: readonly HistoryFrame[], horizonCommands: number, seed: number): string {
  let budget = SHRINK_COMMANDS;
  const attempt = (candidate: readonly HistoryFrame[]): boolean => {
    budget -= candidate.reduce((sum, frame) => sum + 1 + sizeOf(frame), 0);
    return budget > 0 && differs(candidate, horizonCommands, seed) !== undefined;
  };
  const frames = withoutParts(history, attempt);
  const found = frames.map((frame) => ({ ...frame }));
  for (const [index, frame] of found.entries()) {
    const replaced = (items: readonly (Bucket | number)[]) => found.with(index, { ...frame, items });
    frame.items = withoutParts(frame.items, (items) => attempt(replaced(items)));
    for (const [place, item] of frame.items.entries()) {
      if (typeof item === "number" || item.atomic) continue;
      const bucket = (commands: Bucket["commands"]) => frame.items.with(place, { ...item, commands });
      const commands = withoutParts(item.commands, (some) => some.length > 0 && attempt(replaced(bucket(some))));
      frame.items = bucket(commands);
    }
  }
  return `${differs(found, horizonCommands, seed)}\nhorizon ${horizonCommands}\n${found.map(frameText).join("\n")}`;
}

const sizeOf = (frame: HistoryFrame): number =>
  frame.items.reduce<number>((sum, item) => sum + (typeof item === "number" ? 1 : item.commands.length), 0);

/** Leaves out runs of elements, halves first, then ever shorter ones, where the rest still passes the test. */
function withoutParts<T>(list: readonly T[], isEnough: (rest: readonly T[]) => boolean): readonly T[] {
  let kept = list;
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length; ) {
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (isEnough(rest)) kept = rest;
      else start += size;
    }
  }
  return kept;
}

function frameText({ timeMs, items }: HistoryFrame): string {
  const lines = items.map((item) => {
    if (typeof item === "number") return `  horizon ${item}`;
    return `  ${item.atomic ? "atomic" : "plain"}\n${item.commands.map((one) => `    ${JSON.stringify(one)}`).join("\n")}`;
  });
  return [`at ${timeMs}`, ...lines].join("\n");
}

/** The counts as a table: a line a code, a column a type; below it how atomic buckets ended. */
export function countsTable(counts: Counts, codes: readonly string[]): string {
  const types = [...counts.keys()].filter((type) => type !== "(atomic)").sort();
  const line = (head: string, cells: readonly (string | number)[]) =>
    head.padEnd(21) + cells.map((cell) => String(cell).padStart(9)).join("");
  const atomic = ATOMIC_OUTCOMES.map((outcome) => `${outcome} ${counts.get("(atomic)")?.get(outcome) ?? 0}`);
  return [
    line("", types),
    ...[...codes, "(repeat)"].map((code) =>
      line(
        code,
        types.map((type) => counts.get(type)?.get(code) ?? 0),
      ),
    ),
    `atomic buckets: ${atomic.join(", ")}`,
  ].join("\n");
}
