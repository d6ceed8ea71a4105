/** Series of commands that lead to where random ones hardly come, and who takes part in histories. */
import type { Command } from "../record-codec.ts";
import { worldKey } from "./book.ts";
import type { Model } from "./model.ts";
import { LARGEST, limbs } from "./numbers.ts";
import type { Random } from "./random.ts";

/** Currencies of histories: index and places. */
export const CURRENCIES = [
  { currency: 1, id: "CNY", scale: 2 },
  { currency: 2, id: "JPY", scale: 0 },
  { currency: 3, id: "TKN", scale: 18 },
] as const;
/** Partners of histories; the last is strict. */
export const PARTNERS = [1, 2, 70_000] as const;
export const STRICT_PARTNER = 70_000;

/** What a series is made with. */
export interface Scene {
  readonly random: Random;
  readonly model: Model;
  readonly newId: () => string;
}

/** Into the range of amounts. */
export const clamp = (amount: bigint): bigint => (amount < 1n ? 1n : amount > LARGEST ? LARGEST : amount);

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function worldOf({ model }: Scene, partner: number, currency: number): bigint {
  return model.book.world.get(worldKey(partner, currency)) ?? 0n;
}

/** More holds due at one time than one frame may expire. */
export function burst({ random, newId }: Scene, account: string): Command[] {
  const head = { partner: random.pick([1, 2]), currency: random.pick(CURRENCIES).currency, account };
  const commands: Command[] = [{ ...head, type: "credit", id: newId(), amount: limbs(1000n) }];
  for (let index = 0; index < 300; index++) {
    commands.push({ ...head, type: "hold", id: newId(), amount: limbs(1n), expiresIn: 1 });
  }
  return commands;
}

/** An account is emptied, filled again to the brim, and the emptying reversed: no room is left for it. */
export function refilled(scene: Scene): Command[] {
  const { random, model, newId } = scene;
  const accounts = model.balances().filter(({ available, status }) => available > 0n && status === "active");
  if (accounts.length === 0) return deep(scene);
  const { partner, currency, name: account, available, held, max } = random.pick(accounts);
  const room = least((max ?? LARGEST) - held, worldOf(scene, partner, currency) + available + LARGEST);
  const head = { partner, currency, account };
  const emptying = newId();
  return [
    { ...head, type: "debit", id: emptying, amount: limbs(available) },
    { ...head, type: "credit", id: newId(), amount: limbs(clamp(room)) },
    { type: "reverse", partner, currency: 0, id: newId(), command: emptying },
    { ...head, type: "debit", id: newId(), amount: limbs(clamp(room)) },
  ];
}

/** An account is emptied and closed, and what emptied it is reversed. */
export function closed({ random, newId }: Scene): Command[] {
  const account = `closed-${newId()}`.slice(0, 64);
  const head = { partner: random.pick([1, 2]), currency: random.pick(CURRENCIES).currency, account };
  const [credit, debit] = [newId(), newId()];
  const amount = limbs(BigInt(random.between(1, 9)));
  const { partner } = head;
  return [
    { ...head, type: "credit", id: credit, amount },
    { ...head, type: "debit", id: debit, amount },
    { ...head, type: "close", id: newId() },
    { type: "reverse", partner, currency: 0, id: newId(), command: random.pick([credit, debit]) },
  ];
}

/** `@world` and what one account holds are driven to the bound of the range and beyond, and back. */
export function deep(scene: Scene): Command[] {
  const { random, newId } = scene;
  const head = { partner: random.pick([1, 2]), currency: 3 };
  const room = LARGEST - worldOf(scene, head.partner, head.currency);
  const first = clamp(room);
  const [one, two] = [`deep-${newId()}`.slice(0, 64), `deeper-${newId()}`.slice(0, 64)];
  const [hold, small] = [newId(), newId()];
  const open = (account: string): Command => {
    return { ...head, type: "open", id: newId(), account, minBalance: limbs(-LARGEST) };
  };
  const move = (type: "credit" | "debit" | "hold", account: string, amount: bigint): Command => {
    return { ...head, type, id: newId(), account, amount: limbs(amount) };
  };
  return [
    open(one),
    move("debit", one, first),
    open(two),
    move("debit", two, clamp(room - first + 1n)),
    { ...move("hold", two, LARGEST), id: hold },
    move("credit", two, LARGEST),
    move("hold", two, 1n),
    { ...move("hold", one, 1n), id: small },
    { ...head, currency: 0, type: "capture", id: newId(), hold: small, to: two },
    { ...head, type: "release", id: newId(), hold },
    move("debit", two, LARGEST),
    move("credit", one, first),
  ];
}
