/**
 * Histories to try on machine and model: few partners, accounts and ids, so that everything meets everything; amounts and
 * times aimed at the limits that the model knows. A history is plain data and follows from its seed alone.
 */
import type { CommandType } from "../record.ts";
import type { Command } from "../record-codec.ts";
import { type Account, accountKey, type Hold } from "./book.ts";
import type { Model } from "./model.ts";
import { LARGEST, limbs, minor } from "./numbers.ts";
import { Random } from "./random.ts";
import { burst, CURRENCIES, clamp, closed, deep, PARTNERS, refilled, STRICT_PARTNER } from "./scenarios.ts";

export { CURRENCIES, PARTNERS } from "./scenarios.ts";

export interface Bucket {
  readonly commands: readonly Command[];
  readonly atomic: boolean;
}
/** One frame: what happens at one time, in order. A number sets the horizon. */
export interface HistoryFrame {
  readonly timeMs: number;
  readonly items: readonly (Bucket | number)[];
}

type Generated = Exclude<CommandType, "expire">;
const WEIGHTS: Readonly<Record<Generated, number>> = {
  credit: 200,
  debit: 120,
  transfer: 140,
  hold: 130,
  capture: 150,
  release: 50,
  reverse: 100,
  open: 30,
  freeze: 12,
  unfreeze: 30,
  close: 30,
  limits: 40,
};

const MOVEMENTS: ReadonlySet<CommandType> = new Set(["credit", "debit", "transfer", "capture"]);

/** Commands kept to repeat, reverse or alter. */
const RECENT = 400;
/** Open holds beyond which the generator rather closes some. */
const OPEN_HOLDS = 120;
const LONG_NAME = "an-account-name.of:64_bytes_that-has-a-tail";
const HORIZONS = [50, 500, 5000] as const;
const WIDE_HORIZONS = [5000, 20_000] as const;

type Draft = { -readonly [key in keyof Command]: Command[key] };

export class Generator {
  readonly #random: Random;
  readonly #model: Model;
  /** Thousands of accounts instead of a handful: less contention, larger tables. */
  readonly #isWide: boolean;
  readonly #recent: Command[] = [];
  /** The two long ones differ only behind what fits into an account's row. */
  readonly #names = ["a", "b", "dora", LONG_NAME.padEnd(64, "x"), LONG_NAME.padEnd(64, "y")];
  #open: readonly Hold[] = [];
  #counter = 0;
  #timeMs = 1_790_000_000_000;

  /** `model` is looked at, never changed: amounts and times are aimed at its limits. */
  constructor(seed: number, model: Model, isWide = false) {
    this.#isWide = isWide;
    this.#random = new Random(seed);
    this.#model = model;
  }

  #horizon(): number {
    return this.#random.pick(this.#isWide ? WIDE_HORIZONS : HORIZONS);
  }

  /** Time of the next frame: the same, later, or exactly at, just before or after the next expiry or a far one. */
  nextTime(): number {
    const random = this.#random;
    const due = this.#model
      .openHolds()
      .map((hold) => hold.due)
      .filter((time) => time !== undefined && time > this.#timeMs) as number[];
    if (due.length > 0 && random.chance(0.3)) {
      const aim = (random.chance(0.8) ? Math.min(...due) : Math.max(...due)) + random.between(-1, 1);
      this.#timeMs = Math.max(this.#timeMs, aim);
    } else this.#timeMs += random.pick([0, 0, 1, 1, 7, 250, 1000]);
    return this.#timeMs;
  }

  /** Buckets and settings of the next frame; some frames only expire. */
  itemsInFrame(): number {
    return this.#random.pick([0, 1, 1, 2, 5]);
  }

  /** What happens next in the frame: a bucket, or now and then a new horizon. */
  nextItem(): Bucket | number {
    const random = this.#random;
    this.#open = this.#model.openHolds();
    // Accounts are closed now and then for good: without new names a long history would end in ACCOUNT_CLOSED alone.
    if (random.chance(0.02)) this.#names[random.below(this.#names.length)] = `n${this.#counter}`;
    if (random.chance(0.003)) return this.#horizon();
    if (random.chance(0.03)) return this.#scenario();
    if (random.chance(0.25)) return this.#atomicBucket();
    const count = random.pick([1, 1, 1, 2, 5, 20, 70]);
    return { commands: this.#commands(count), atomic: false };
  }

  #commands(count: number): Command[] {
    return Array.from({ length: count }, () => this.#kept(this.#command()));
  }

  #kept(command: Command): Command {
    if (this.#recent.length < RECENT) this.#recent.push(command);
    else this.#recent[this.#random.below(RECENT)] = command;
    return command;
  }

  #scenario(): Bucket {
    const scene = { random: this.#random, model: this.#model, newId: () => this.#newId() };
    const kind = this.#random.weighted({ refilled: 20, deep: 8, closed: 4, burst: 2 });
    if (kind === "burst") return { commands: burst(scene, this.#random.pick(this.#names)), atomic: false };
    const commands = { deep, closed, refilled }[kind](scene);
    return { commands: commands.map((command) => this.#kept(command)), atomic: false };
  }

  #atomicBucket(): Bucket {
    const random = this.#random;
    const repeated = this.#repeatedBucket();
    const count = random.pick([1, 2, 3, 4, 8, 20]);
    let commands = repeated !== undefined && random.chance(0.15) ? repeated : this.#mostlyFine(count);
    const spoil = random.below(10);
    if (spoil === 0) commands = [this.#failing(), ...commands];
    if (spoil === 1) commands = [...commands, this.#failing()];
    if (spoil === 2) commands.splice(random.below(commands.length + 1), 0, this.#failing());
    if (spoil === 3) commands.splice(random.below(commands.length + 1), 0, random.pick(commands));
    if (spoil === 4) commands.push(this.#command());
    const { atomic: _, bucketEnd: __, ...last } = commands.pop()!;
    const marked = [
      ...commands.map(({ bucketEnd: ___, ...rest }) => ({ ...rest, atomic: true })),
      { ...last, atomic: true, bucketEnd: true },
    ];
    this.#lastAtomic = marked;
    for (const command of marked) this.#kept(command);
    return { commands: marked, atomic: true };
  }

  #lastAtomic: readonly Command[] | undefined;

  #repeatedBucket(): Command[] | undefined {
    return this.#lastAtomic === undefined ? undefined : [...this.#lastAtomic];
  }

  /** Commands of an atomic bucket that would mostly be applied, so that much is there to be taken back. */
  #mostlyFine(count: number): Command[] {
    const partner = this.#random.pick(PARTNERS);
    const { currency } = this.#random.pick(CURRENCIES);
    const commands: Command[] = [];
    for (let index = 0; index < count; index++) {
      const made = commands.filter((command) => command.type !== "reverse");
      if (made.length > 0 && this.#random.chance(0.3)) commands.push(this.#after(this.#random.pick(made)));
      else if (this.#random.chance(0.9)) commands.push(this.#small(partner, currency));
      else commands.push(this.#command());
    }
    return commands;
  }

  #small(partner: number, currency: number): Command {
    const account = this.#random.pick(this.#names);
    const isThere = this.#model.book.accounts.has(accountKey(partner, currency, account));
    const type = isThere ? this.#random.pick(["credit", "debit", "transfer", "hold"] as const) : "credit";
    const to = type === "transfer" ? { to: this.#random.pick(this.#names) } : {};
    return {
      type,
      partner,
      currency,
      id: this.#newId(),
      account,
      ...to,
      amount: limbs(BigInt(this.#random.between(1, 9))),
    };
  }

  /** A command that goes on from one in the same bucket. */
  #after({ type, partner, id }: Command): Command {
    const head = { partner, currency: 0, id: this.#newId() };
    if (type !== "hold") return { ...head, type: "reverse", command: id };
    return this.#random.chance(0.5) ? { ...head, type: "capture", hold: id } : { ...head, type: "release", hold: id };
  }

  #failing(): Command {
    const partner = this.#random.pick(PARTNERS);
    const head = { partner, id: this.#newId() };
    const account = this.#random.pick(this.#names);
    const hold = this.#random.pick([...this.#open, undefined]);
    return this.#random.pick<Command>([
      { ...head, currency: 1, type: "transfer", account, to: account, amount: limbs(1n) },
      { ...head, currency: 2, type: "debit", account, amount: limbs(LARGEST) },
      { ...head, currency: 1, type: "debit", account: "nobody", amount: limbs(1n) },
      { ...head, currency: 0, type: "release", hold: "no-hold" },
      { ...head, currency: 0, type: "reverse", command: this.#someId() },
      this.#heldAgain() ?? { ...head, currency: 0, type: "release", hold: "no-hold" },
      ...(hold === undefined
        ? []
        : [
            {
              ...head,
              partner: hold.partner,
              currency: hold.currency,
              type: "capture" as const,
              hold: hold.id,
              amount: limbs(clamp(hold.rest + 1n)),
            },
          ]),
    ]);
  }

  /** A new hold under the id of one that is open, whose command may be forgotten. */
  #heldAgain(): Command | undefined {
    if (this.#open.length === 0) return undefined;
    const { partner, currency, id, account } = this.#random.pick(this.#open);
    return { type: "hold", partner, currency, id, account, amount: limbs(1n) };
  }

  #command(): Command {
    const random = this.#random;
    if (random.chance(0.01)) return this.#heldAgain() ?? this.#failing();
    if (this.#recent.length > 0 && random.chance(0.12)) return this.#again(random.pick(this.#recent));
    const type = random.weighted(this.#open.length > OPEN_HOLDS ? { ...WEIGHTS, hold: 20, release: 200 } : WEIGHTS);
    const partner = random.pick(PARTNERS);
    const { currency } = random.pick(CURRENCIES);
    const draft: Draft = { type, partner, currency, id: this.#newId() };
    this.#fill(draft);
    if (partner === STRICT_PARTNER) draft.strict = true;
    if (random.chance(0.05)) draft.memo = random.pick(["m", "\uFEFF转账", "x".repeat(128)]);
    if (random.chance(0.06)) draft.issued = this.#issued();
    const receives = type === "credit" || type === "transfer" || type === "capture";
    if (receives && random.chance(0.05)) draft.open = false;
    return draft;
  }

  #fill(draft: Draft): void {
    switch (draft.type) {
      case "capture":
      case "release":
        this.#fillFromHold(draft);
        break;
      case "reverse":
        draft.command = this.#toReverse(draft);
        draft.currency = this.#random.chance(0.8) ? 0 : draft.currency;
        break;
      case "open":
      case "limits":
        draft.account = this.#name();
        this.#fillLimits(draft);
        break;
      case "freeze":
      case "unfreeze":
      case "close":
        draft.account = this.#name();
        break;
      default:
        this.#fillMovement(draft);
    }
  }

  #fillMovement(draft: Draft): void {
    draft.account = this.#name();
    if (draft.type === "transfer") draft.to = this.#name();
    draft.amount = limbs(this.#amount(draft, draft.account));
    if (draft.type === "hold" && this.#random.chance(0.7)) draft.expiresIn = this.#random.pick([1, 1, 2, 3, 60]);
  }

  #fillFromHold(draft: Draft): void {
    const random = this.#random;
    const open = this.#open;
    const hold = open.length > 0 && random.chance(0.75) ? random.pick(open) : undefined;
    const other =
      hold ?? (random.chance(0.8) ? random.pick([...this.#model.book.holds.values(), undefined]) : undefined);
    draft.hold = other?.id ?? this.#someId();
    if (other !== undefined && random.chance(0.97)) draft.partner = other.partner;
    const isCapture = draft.type === "capture";
    const isPart = isCapture && random.chance(0.6);
    if (isPart) {
      const rest = other?.rest ?? 3n;
      const part = random.pick([1n, rest, rest + 1n, rest / 2n, rest - 1n, rest / 3n]);
      draft.amount = limbs(clamp(part));
    }
    if (isPart || random.chance(0.3)) draft.currency = random.chance(0.9) ? (other?.currency ?? 1) : draft.currency;
    else draft.currency = 0;
    if (isCapture && random.chance(0.5)) draft.to = random.chance(0.1) ? (other?.account ?? "a") : this.#name();
  }

  /** Id of something to reverse; now and then of what cannot be. */
  #toReverse(draft: Draft): string {
    if (this.#recent.length === 0 || this.#random.chance(0.05))
      return this.#random.chance(0.3) ? draft.id : "no-command";
    const chosen = this.#random.chance(0.7) ? this.#recentMovement() : this.#random.pick(this.#recent);
    if (this.#random.chance(0.97)) draft.partner = chosen.partner;
    return chosen.id;
  }

  #recentMovement(): Command {
    let chosen = this.#random.pick(this.#recent);
    for (let tries = 0; tries < 20 && !MOVEMENTS.has(chosen.type); tries++) chosen = this.#random.pick(this.#recent);
    return chosen;
  }

  #fillLimits(draft: Draft): void {
    const random = this.#random;
    const account = this.#account(draft, draft.account!);
    const available = account?.available ?? 0n;
    const total = available + (account?.held ?? 0n);
    const isDeep = draft.currency === 3 && random.chance(0.3);
    const floor = isDeep ? -LARGEST : random.pick([0n, -1n, -5n, -1000n, -LARGEST, available, available + 1n]);
    const ceiling = random.pick([0n, 5n, 1000n, LARGEST, total, total - 1n]);
    if (random.chance(0.6)) draft.minBalance = random.chance(0.3) ? null : limbs(floor > 0n ? 0n : floor);
    if (random.chance(0.4)) draft.maxBalance = random.chance(0.6) ? null : limbs(ceiling < 0n ? 0n : ceiling);
  }

  /** Small mostly; else exactly at a floor or ceiling, one beyond, or at a bound of the representation. */
  #amount(draft: Draft, name: string): bigint {
    const random = this.#random;
    if (random.chance(0.6)) return BigInt(random.between(1, 200));
    const account = this.#account(draft, draft.type === "transfer" && random.chance(0.5) ? draft.to! : name);
    if (account !== undefined && random.chance(0.6)) {
      const room = account.max === null ? LARGEST : account.max;
      const aims = [account.available - account.min, room - account.available - account.held, account.available];
      if (draft.type === "hold") aims.push(LARGEST - account.held);
      return clamp(random.pick(aims) + BigInt(random.between(-1, 1)));
    }
    if (draft.currency === 1 && random.chance(0.9)) return random.digits(random.between(1, 6));
    const bounds = [LARGEST, LARGEST - 1n, 10n ** 15n, 10n ** 15n - 1n, 10n ** 15n + 1n, LARGEST / 2n, 2n ** 53n + 1n];
    return random.chance(0.4) ? random.pick(bounds) : random.digits(random.between(1, 27));
  }

  /** A command sent before: the same, or its id with another body. */
  #again(command: Command): Command {
    const random = this.#random;
    const { atomic: _, bucketEnd: __, ...plain } = command;
    if (random.chance(0.6)) return plain;
    if (random.chance(0.3)) return { ...plain, partner: random.pick(PARTNERS) };
    if (random.chance(0.3)) return { ...plain, memo: `other ${random.below(9)}` };
    if (plain.amount === undefined) return { ...plain, issued: this.#timeMs };
    return { ...plain, amount: limbs(clamp(minor(plain.amount) + 1n)) };
  }

  /** A time at, just before or after the horizon's, or any recent one. */
  #issued(): number {
    const horizon = this.#model.horizonTimeMs ?? this.#timeMs - 1000;
    return this.#random.chance(0.5) ? horizon + this.#random.between(-1, 1) : this.#timeMs - this.#random.below(2000);
  }

  #newId(): string {
    this.#counter += 1;
    const random = this.#random;
    // Ids of every length modulo 4, for they are padded in records.
    return random.chance(0.05)
      ? `${this.#counter}`.padStart(64, "long-")
      : `${random.pick(["", "i", "id", "id-"])}${this.#counter}`;
  }

  #someId(): string {
    return this.#recent.length === 0 ? "nothing" : this.#random.pick(this.#recent).id;
  }

  #name(): string {
    const random = this.#random;
    if (this.#isWide && random.chance(0.7)) return `wide-${random.below(2000)}`;
    if (random.chance(0.9)) return random.pick(this.#names);
    return `t${Math.floor(this.#counter / 100) % 50}-${random.below(3)}`;
  }

  #account(draft: Draft, name: string): Account | undefined {
    return this.#model.book.accounts.get(accountKey(draft.partner, draft.currency, name));
  }
}
