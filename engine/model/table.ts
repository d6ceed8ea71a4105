/**
 * The language of `engine/rules.table.txt`: business cases as text, run against anything that is a Subject.
 *
 * ```
 * # title                                   starts a case on an empty engine, at time 0
 * -- reason                                 comment
 * credit alice 100.00 -> OK alice=100.00/0  one bucket of one command; after the arrow what must come of it
 * { ... }                                   the lines between are one atomic bucket, [ ... ] a plain one
 * at 900 -> expire h1 OK alice=5.00/0       starts a frame at 900 s; its expire results follow, `;` between them
 * at 900 -> 256 expired                     the same, counted only
 * 300 x hold alice 0.01 -> OK               repeats a line with new ids; only the code is compared
 * horizon 3                                 sets the id horizon
 * ```
 *
 * A step is `type names amount option=value...`. `id=` names the command (else c1, c2, ... counted by line), `currency=`
 * is CNY (2 places) unless JPY (0) or TKN (18) is said, `partner=` is 1. Flags: `strict`, `no-open`. `max` for an amount
 * is the largest one. An outcome is the code, then what changed as `name=available/held`, or in brackets the account
 * shown when nothing changed, `(alice=-)` if it does not exist; then whatever of `amount: delta: v: status: of: currency:
 * undone: at:` the case is about. A half of `available/held` that is left out after `/` is zero.
 */
import type { CommandType } from "../record.ts";
import type { Command } from "../record-codec.ts";
import type { Subject } from "./model.ts";
import { LARGEST, limbs } from "./numbers.ts";
import type { ModelResult } from "./result.ts";

/** Currencies of the table: index and places. */
export const TABLE_CURRENCIES = {
  CNY: { index: 1, scale: 2 },
  JPY: { index: 2, scale: 0 },
  TKN: { index: 3, scale: 18 },
};

/** One case: its title and its lines, with their numbers in the file. */
export interface Case {
  readonly title: string;
  readonly lines: readonly { readonly number: number; readonly text: string }[];
}

/** Splits the table into its cases. */
export function parseTable(text: string): Case[] {
  const cases: { title: string; lines: { number: number; text: string }[] }[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("--")) continue;
    if (line.startsWith("# ")) cases.push({ title: line.slice(2), lines: [] });
    else cases.at(-1)!.lines.push({ number: index + 1, text: line });
  }
  return cases;
}

const currencyOf = (name: string) => {
  const found = Object.entries(TABLE_CURRENCIES).find(([key]) => key === name);
  if (found === undefined) throw new Error(`no currency ${name}`);
  return found[1];
};
const currencyName = (index: number) =>
  Object.entries(TABLE_CURRENCIES).find(([, value]) => value.index === index)?.[0] ?? "?";
const scaleOf = (index: number) => Object.values(TABLE_CURRENCIES).find((value) => value.index === index)?.scale ?? 0;

function parseAmount(text: string, scale: number): bigint {
  const sign = text.startsWith("-") ? -1n : 1n;
  const digits = text.replace("-", "");
  if (digits === "max") return sign * LARGEST;
  const [whole = "", fraction = ""] = digits.split(".");
  if (!/^\d+$/.test(whole) || fraction.length > scale) throw new Error(`no amount of ${scale} places: ${text}`);
  return sign * BigInt(whole + fraction.padEnd(scale, "0"));
}

function amountText(value: bigint, scale: number): string {
  if (value === LARGEST || value === -LARGEST) return value < 0n ? "-max" : "max";
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const point = scale === 2 && fraction !== "" ? `.${fraction.padEnd(2, "0")}` : fraction === "" ? "" : `.${fraction}`;
  return `${value < 0n ? "-" : ""}${whole}${point}`;
}

/** `100.00/0` and `100/0.00` are the same: both sides are brought to this form before they are compared. */
function normalizedBalance(text: string, scale: number): string {
  if (text === "-") return "-";
  const [available = "", held = "0"] = text.split("/");
  return `${amountText(parseAmount(available, scale), scale)}/${amountText(parseAmount(held, scale), scale)}`;
}

const NAMES: Readonly<Record<CommandType, readonly string[]>> = {
  open: ["account"],
  credit: ["account"],
  debit: ["account"],
  transfer: ["account", "to"],
  hold: ["account"],
  capture: ["hold"],
  release: ["hold"],
  reverse: ["command"],
  freeze: ["account"],
  unfreeze: ["account"],
  close: ["account"],
  limits: ["account"],
  expire: [],
};

const takesOverCurrency = (type: CommandType) => type === "capture" || type === "release" || type === "reverse";

/** One step of a case → the command it says. */
export function parseStep(text: string, defaultId: string): Command {
  const words = text.split(/\s+/);
  const type = words.shift() as CommandType;
  if (!(type in NAMES)) throw new Error(`no command type ${type}`);
  const options = new Map(
    words.filter((word) => word.includes("=")).map((word) => word.split("=", 2) as [string, string]),
  );
  const plain = words.filter((word) => !word.includes("="));
  const flags = new Set<string>(plain.filter((word) => word === "strict" || word === "no-open"));
  const values = plain.filter((word) => !flags.has(word));
  const named = Object.fromEntries(NAMES[type].map((key) => [key, values.shift()]));
  const inherits = takesOverCurrency(type) && !options.has("currency") && values.length === 0;
  const currency = currencyOf(options.get("currency") ?? "CNY");
  const amount = values.shift();
  const limit = (value: string) => (value === "null" ? null : limbs(parseAmount(value, currency.scale)));
  const option = <T>(key: string, name: string, read: (value: string) => T) =>
    options.has(key) ? { [name]: read(options.get(key)!) } : {};
  return {
    type,
    partner: Number(options.get("partner") ?? 1),
    currency: inherits ? 0 : currency.index,
    id: options.get("id") ?? defaultId,
    ...named,
    ...(amount === undefined ? {} : { amount: limbs(parseAmount(amount, currency.scale)) }),
    ...option("to", "to", String),
    ...option("memo", "memo", String),
    ...option("issued", "issued", (value) => Number(value) * 1000),
    ...option("expires", "expiresIn", Number),
    ...option("min", "minBalance", limit),
    ...option("max", "maxBalance", limit),
    ...(flags.has("no-open") ? { open: false as const } : {}),
    ...(flags.has("strict") ? { strict: true } : {}),
  };
}

const balanceText = (available: bigint | undefined, held: bigint | undefined, scale: number) =>
  available === undefined || held === undefined ? "-" : `${amountText(available, scale)}/${amountText(held, scale)}`;

/** What an outcome may add after the balances. */
function details(result: ModelResult, idOf: (sequence: number) => string): Map<string, string> {
  const scale = scaleOf(result.currency);
  const { amount, of, undone } = result;
  return new Map([
    ["amount", amount === undefined ? "-" : amountText(amount, scale)],
    ["delta", result.changes.map((change) => amountText(change.delta, scale)).join(",")],
    ["v", result.changes.map((change) => change.version).join(",")],
    ["status", result.changes.map((change) => change.status).join(",")],
    ["of", of === undefined ? "-" : idOf(of)],
    ["currency", result.currency === 0 ? "-" : currencyName(result.currency)],
    ["undone", undone ?? "-"],
    ["at", String(result.timeMs / 1000)],
  ]);
}

function outcomeText(result: ModelResult): string {
  const scale = scaleOf(result.currency);
  const { code, account, available, held, changes } = result;
  const changed = changes.map((change) => `${change.account}=${balanceText(change.available, change.held, scale)}`);
  const shown = account === undefined ? [] : [`(${account}=${balanceText(available, held, scale)})`];
  return [code, ...(changed.length > 0 ? changed : shown)].join(" ");
}

/** Runs one case; throws with the line that came out otherwise. */
export class CaseRun {
  readonly #subject: Subject;
  readonly #ids = new Map<number, string>();
  #counter = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  run(one: Case): void {
    this.#subject.frame(0);
    let group: { atomic: boolean; lines: { number: number; text: string }[] } | undefined;
    for (const line of one.lines) {
      if (line.text === "{" || line.text === "[") group = { atomic: line.text === "{", lines: [] };
      else if (line.text === "}" || line.text === "]") {
        this.#bucket(group!.lines, group!.atomic);
        group = undefined;
      } else if (group !== undefined) group.lines.push(line);
      else this.#line(line);
    }
    if (group !== undefined) throw new Error(`${one.title}: a bucket is not closed`);
  }

  #line(line: { number: number; text: string }): void {
    const [action = "", expected] = line.text.split("->").map((part) => part.trim());
    const times = /^(\d+) x (.*)$/.exec(action);
    if (times !== null) this.#many(line.number, Number(times[1]), times[2]!, expected!);
    else if (action.startsWith("at ")) this.#frame(line.number, Number(action.slice(3)), expected);
    else if (action.startsWith("horizon ")) this.#subject.setHorizon(Number(action.slice(8)));
    else this.#bucket([line], false);
  }

  #frame(number: number, seconds: number, expected: string | undefined): void {
    const results = this.#subject.frame(seconds * 1000);
    if (expected !== undefined && /^\d+ expired$/.test(expected)) {
      this.#same(number, `${results.length} expired`, expected);
      return;
    }
    const steps = (expected ?? "").split(";").filter((step) => step !== "");
    this.#same(number, `${results.length} expiries`, `${steps.length} expiries`);
    for (const [index, step] of steps.entries()) {
      const [, id, outcome] = /^expire (\S+) (.*)$/.exec(step.trim()) ?? [];
      this.#same(number, `expire ${results[index]!.command.id}`, `expire ${id}`);
      this.#check(number, results[index]!, outcome!);
    }
  }

  #many(number: number, times: number, step: string, code: string): void {
    for (let index = 0; index < times; index++) {
      this.#counter += 1;
      const [result] = this.#subject.bucket([parseStep(step, `c${this.#counter}`)], false);
      this.#same(number, result!.code, code);
    }
  }

  #bucket(lines: readonly { number: number; text: string }[], atomic: boolean): void {
    const commands = lines.map((line, index): Command => {
      this.#counter += 1;
      const command = parseStep(line.text.split("->")[0]!.trim(), `c${this.#counter}`);
      if (!atomic) return command;
      return { ...command, atomic: true, ...(index === lines.length - 1 ? { bucketEnd: true } : {}) };
    });
    for (const [index, result] of this.#subject.bucket(commands, atomic).entries()) {
      this.#ids.set(result.sequence, result.command.id);
      const { number, text } = lines[index]!;
      this.#check(number, result, text.split("->")[1]!.trim());
    }
  }

  #check(number: number, result: ModelResult, expected: string): void {
    const scale = scaleOf(result.currency);
    const tokens = expected.split(/\s+/);
    const isDetail = (token: string) => /^[a-z]+:/.test(token);
    const balances = tokens
      .filter((token) => !isDetail(token))
      .map((token) => token.replace(/=([^()]+)/, (_, value: string) => `=${normalizedBalance(value, scale)}`));
    this.#same(number, outcomeText(result), balances.join(" "));
    const found = details(result, (sequence) => this.#ids.get(sequence) ?? String(sequence));
    for (const token of tokens.filter(isDetail)) {
      const [key = "", value = ""] = token.split(/:(.*)/);
      if (!found.has(key)) throw new Error(`line ${number}: no detail ${key}`);
      const isMoney = (key === "amount" || key === "delta") && value !== "-";
      const amounts = (list: string) => list.split(",").map((part) => amountText(parseAmount(part, scale), scale));
      this.#same(number, `${key}:${found.get(key)}`, `${key}:${isMoney ? amounts(value).join(",") : value}`);
    }
  }

  #same(number: number, actual: string, expected: string): void {
    if (actual !== expected) throw new Error(`line ${number}: ${actual}\n  where the table says: ${expected}`);
  }
}
